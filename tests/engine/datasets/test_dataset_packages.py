"""Data sets that other packages bring: declared without torch, loaded like the built-in ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

DECLARATION = """
from engine.datasets.table import Source
STRIPES = Source(
    name="{name}",
    summary="stripes of two directions",
    size="60 grey images",
    origin="made by this package",
    obtain="made when it is loaded",
    loader="own_stripes_images:splits",
    native=28,
    classes=("across", "down"),
    images=(40, 20),
)
"""
LOADER = """
import torch
from engine.datasets.images import ImageSet, Splits
def splits(size):
    labels = torch.arange(60) % 2
    lines = (torch.arange(size) // 4 % 2 * 200).to(torch.uint8).expand(1, size, size)
    noise = torch.randint(0, 50, (60, 1, size, size), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    images = torch.stack([lines if label else lines.mT for label in labels]) + noise
    whole = ImageSet(images, labels, ("across", "down"))
    return Splits(whole[:30], whole[30:40], whole[40:])
"""


@pytest.fixture
def package(home, tmp_path, monkeypatch):
    """Install a package with an entry point for data sets, and return how to write its declaration."""

    def install(declaration, target="own_stripes:STRIPES"):
        folder = tmp_path / "installed"
        information = folder / "own_stripes-1.0.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text("Metadata-Version: 2.1\nName: own-stripes\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(f"[phosphene.datasets]\nown = {target}\n")
        (folder / "own_stripes.py").write_text(declaration)
        (folder / "own_stripes_images.py").write_text(LOADER)
        monkeypatch.setenv("PYTHONPATH", f"{folder}{os.pathsep}{os.environ['PYTHONPATH']}")

    return install


def test_a_data_set_of_another_package_is_listed_suggested_and_learnt_like_the_built_in_ones(package, phosphene):
    package(DECLARATION.format(name="stripes"))
    listed = {entry["name"]: entry for entry in json.loads(phosphene("data", "list", "--json").stdout)}
    assert listed["stripes"]["present"]
    done = phosphene("run", "cnn", "--dataset", "stripes", "--epochs", "60", "--json", timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"]["test/accuracy"] == 1
    refused = phosphene("run", "predict", "--images", "stripes:test/20")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "images: stripes has the test images 0 to 19, not 20" in refused.stderr
    script = (
        "import sys; from engine import catalogue, suggestions_for\n"
        "print('stripes' in suggestions_for(catalogue.experiment('cnn').hyperparameters, 'dataset', {}),"
        " 'cnn:stripes' in suggestions_for(catalogue.experiment('probe').hyperparameters, 'model', {}),"
        " 'torch' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "True", "False"]


@pytest.mark.parametrize(
    ("declaration", "words"),
    [
        ("raise RuntimeError('no such disk')", "no such disk"),
        ("import a_package_that_is_not_there", "a_package_that_is_not_there"),
        ("STRIPES = [1]", "expected a Source, found int"),
        ("", "STRIPES"),
        (DECLARATION.format(name="folder"), "'folder' cannot name a data set"),
        (DECLARATION.format(name="My Stripes"), "'My Stripes' cannot name a data set"),
        (DECLARATION.format(name="stripes").replace("own_stripes_images:splits", ""), "stripes has no loader, tree"),
    ],
)
def test_a_broken_package_is_left_out_with_a_warning_that_names_it(package, phosphene, declaration, words):
    package(declaration)
    done = phosphene("data", "list", "--json")
    assert done.returncode == 0
    assert "digits" in [entry["name"] for entry in json.loads(done.stdout)]
    assert "stripes" not in done.stdout
    assert "the data sets of own_stripes:STRIPES are left out" in done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_package_cannot_replace_a_built_in_data_set(package, phosphene):
    package(DECLARATION.format(name="digits"))
    listed = {entry["name"]: entry for entry in json.loads(phosphene("data", "list", "--json").stdout)}
    assert listed["digits"]["size"] == "1,797 grey images of 8x8"
