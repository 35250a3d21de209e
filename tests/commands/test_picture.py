"""``phosphene picture`` and what is refused at launch: one sentence, exit status 2, nothing written."""

from __future__ import annotations

import asyncio
import json
import re

import numpy as np
import pytest
from PIL import Image

from engine import Engine, PhospheneError


@pytest.fixture
def explained(phosphene, home):
    """Return the id of a run that has explained three digits."""
    ran = phosphene(
        "run",
        "saliency",
        "--images",
        "digits:test/0-2",
        "--methods",
        "gradient,guided",
        "--model",
        "cnn:random",
        "--json",
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)["id"]


def test_pictures_are_listed_and_written(phosphene, explained, home, tmp_path):
    listed = phosphene("picture", "last").stdout.splitlines()
    assert [line.split("  ")[0] for line in listed[1:]] == ["gradient", "guided", "side by side", "overview"]
    files = json.loads(phosphene("picture", explained, "--json").stdout)
    assert list(files["gradient"]) == ["1", "2", "3"]
    target = tmp_path / "one.png"
    assert phosphene("picture", "last", "gradient", "--step", "2", "-o", str(target)).stdout.strip() == str(target)
    assert np.array_equal(pixels(target), pixels(files["gradient"]["2"]))
    phosphene("picture", "last", "guided", "--step", "1", "--against", "gradient", "--times", "2", "-o", str(target))
    first, second = (pixels(files[name]["1"]) for name in ("gradient", "guided"))
    assert np.abs(pixels(target) - (127.5 + 2 * (second - first)).clip(0, 255)).max() <= 1
    phosphene("picture", explained, "gradient", "--grid", "-o", str(target))
    assert pixels(target).shape[1] > 2 * 28
    target = target.with_suffix(".gif")
    assert phosphene("picture", "last", "gradient", "--animation", "-o", str(target)).stdout.strip() == str(target)
    with Image.open(target) as animation:
        assert animation.n_frames == 3
    target = target.with_suffix(".png")
    phosphene("picture", "last", "guided", "--beside", explained, "--step", "2", "-o", str(target))
    assert pixels(target).shape[1] >= 2 * 112
    # What is not there is said in a sentence.
    for arguments, says in (
        (("gradeint",), "did you mean gradient?"),
        (("gradient", "--step", "9"), "the nearest is of step 3"),
        (("gradient", "--against", "nothing/gradient"), "no run"),
        (("gradient", "-o", "/nowhere/x.png"), "cannot be written"),
        (("gradient", "--animation", "-o", "/nowhere/x.gif"), "cannot be written"),
        (("gradient", "--animation", "--grid"), "cannot be used together with"),
        (("gradient", "--beside", "nothing"), "no run"),
        (("--animation",), "say which picture"),
    ):
        refused = phosphene("picture", "last", *arguments)
        assert refused.returncode == 2
        assert says in " ".join(refused.stderr.split())
        assert "Traceback" not in refused.stderr


def pixels(file) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image).astype(float)


def test_what_can_be_known_before_a_run_is_refused_before_it(phosphene, home):
    refused = phosphene("run", "class-image", "--model", "squeezenet1_1:random", "--target", "bee eatr")
    assert refused.returncode == 2
    assert "did you mean bee eater" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    for name, values, says in (
        ("class-image", {"model": "squeezenet1_1:random", "target": "all"}, "name at most 64"),
        ("class-image", {"target": "11"}, "no class '11'"),
        ("class-image", {"target": "predicted"}, "no class 'predicted'"),
        ("class-image", {"start": "/nowhere.png"}, "there is no image"),
        ("fool", {"target": "3,4"}, "name one"),
        ("gradcam", {"model": "squeezenet1_1:random,cnn", "target": "bee eater"}, "no class 'bee eater'"),
        ("saliency", {"methods": "gradeint"}, "did you mean gradient?"),
        ("saliency", {"model": "cnn,vgg17"}, "did you mean vgg19 or vgg16?"),
        ("saliency", {"model": " , "}, "names no network"),
        ("saliency", {"images": "nosuch:test/0-2"}, "there is no data set 'nosuch'"),
        ("saliency", {"images": "sample:dog"}, "there is no sample:dog"),
        ("attack", {"transfer": "squeezenet1_1:/nowhere.pth"}, "there is no weights file"),
        ("attack", {"curve": "2,x"}, "write numbers separated by commas"),
        ("feature-maps", {"channels": "x"}, "channels"),
    ):
        with pytest.raises(PhospheneError, match=re.escape(says)):
            asyncio.run(Engine(home).launch(name, values))
    assert not (home / "runs").exists() or not list((home / "runs").iterdir())
