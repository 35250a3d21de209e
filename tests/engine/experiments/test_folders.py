"""Every experiment that takes folders uses each image in them, or names the one that it leaves out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import catalogue
from engine.datasets import photographs
from engine.datasets.listing import endings
from engine.datasets.references import DatasetReference, ImagesReference
from engine.paths import text_of
from engine.references import references

QUICK = {
    "model": "cnn:random",
    **dict.fromkeys(("steps", "epochs", "rounds", "round_epochs", "iterations", "samples"), 1),
    **dict.fromkeys(("quality", "map_images"), 0),
    **dict.fromkeys(("ngf", "ndf", "nz", "hidden", "batch"), 4),
    "cuts": "flatten",
    "layers": "relu1",
    "layer": "",
    "methods": "gradient",
    "target": "",
    "previews": 10,
}
"""Values under which experiments end soon, for those of them that have such a hyperparameter."""
OWN = {
    "gradcam": {"methods": "gradcam", "layer": "relu3", "target": "predicted"},
    "saliency": {"target": "predicted"},
    "fool": {"target": "3"},
    "class-image": {"target": "3"},
    "activation-max": {"units": "1", "layer": "relu3"},
}


def takes(kind: type) -> dict[str, list[str]]:
    """Return the fields of each experiment that take folders as data sets, or as images."""
    found = {}
    for name, declared in catalogue.experiments().items():
        fields = references(declared.hyperparameters)
        own = [
            field
            for field, one in fields.items()
            if isinstance(one, kind) and (kind is ImagesReference or one.photographs)
        ]
        found |= {name: own} if own else {}
    return found


DATASETS, IMAGES = takes(DatasetReference), takes(ImagesReference)


def picture(path: Path, shade: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(shade).integers(0, 255, (20, 20, 3), np.uint8)).save(path)


@pytest.fixture
def classes(tmp_path):
    """A folder of two classes with all that lies about in folders of people."""
    folder = tmp_path / "own photographs"
    for number in range(10):
        picture(folder / "cats" / f"{number}.jfif", number)
        picture(folder / ("dogs" if number % 2 else "dogs/puppies") / f"{number}.PNG", 10 + number)
    picture(folder / "dogs/@eaDir/1.jpg", 30)
    picture(folder / "__MACOSX/cats/2.jpg", 31)
    picture(folder / "cats/.7.jpg", 32)
    for broken in ("cats/broken.jpe", "dogs/puppies/broken.webp"):
        (folder / broken).write_text("no image")
    (folder / "cats/notes.txt").write_text("no image")
    (folder / "dogs/gone.jpg").symlink_to(tmp_path / "nothing.jpg")
    return folder


@pytest.fixture
def opened(monkeypatch):
    """The files of which images were read."""
    real, read = photographs.open_image, set()

    def open_image(path: Path, **options):
        image = real(path, **options)
        read.add(path)
        return image

    monkeypatch.setattr(photographs, "open_image", open_image)
    return read


def values_of(name: str, fields: list[str], text: str, **more: str) -> dict:
    known = catalogue.experiment(name).hyperparameters.model_fields
    values = {field: value for field, value in QUICK.items() if field in known}
    return values | OWN.get(name, {}) | dict.fromkeys(fields, text) | more


def check(folder: Path, opened: set[Path], messages: list[str]) -> None:
    """Images used and images left out by name are the images that are there."""
    there = {path for path in folder.rglob("*") if path.suffix.lower() in endings()}
    told = "\n".join(messages)
    named = {path for path in there if text_of(path.relative_to(folder)) in told}
    used = {path for path in opened if folder in path.parents}
    assert len(used) + len(named) == len(there)
    assert used | named == there
    assert "cats/notes.txt" in told


@pytest.mark.parametrize("name", DATASETS)
def test_an_experiment_on_a_data_set_uses_every_image_of_a_folder_or_names_it(name, classes, play, opened):
    text, messages = f"folder:{classes}", []
    for part in ("train", "test") if name == "filter-statistics" else ("",):
        played = play(name, values_of(name, DATASETS[name], text, **({"part": part} if part else {})))
        messages += played.messages
    check(classes, opened, messages)


@pytest.mark.parametrize("name", IMAGES)
def test_an_experiment_on_images_uses_every_image_below_a_folder_or_names_it(name, classes, play, opened):
    picture(classes / "stray.jpg", 40)
    if IMAGES[name] == ["start"]:  # takes as many images as it makes, and refuses broken ones
        for path in (*classes.rglob("*.jfif"), *classes.rglob("*.PNG"), *classes.rglob("broken*")):
            path.unlink()
    check(classes, opened, play(name, values_of(name, IMAGES[name], str(classes))).messages)
