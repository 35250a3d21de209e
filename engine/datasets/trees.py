"""Photographs that lie in files and folders, and how images are named. No torch; no image is opened here."""

from __future__ import annotations

import os
import random
import re
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DataUnavailable

PARTS = ("train", "test")
ENDINGS = frozenset((".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"))
TEST_NAMES = ("test", "val", "valid", "validation")
TEST_SHARE = 0.2
IN_DATASET = re.compile(r"(.+):(train|test)/(\d+)(?:-(\d+))?")
"""How images of a data set are named: ``mnist:test/17``, ``digits:test/0-15``."""
SAMPLE = "sample:"
SAMPLES = ("china", "flower")
"""The photographs that come with scikit-learn."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder of photographs.

    Attributes:
        folder: the root.
        classes: names, sorted.
        train: path and class index of each training photograph.
        test: the same for the test.
    """

    folder: Path
    classes: tuple[str, ...]
    train: tuple[tuple[Path, int], ...]
    test: tuple[tuple[Path, int], ...]


def path_of(text: str) -> Path:
    """Return the path that a user wrote; ``~`` is their home, and ``~nobody`` stays as it is."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - pathlib's raises where there is no such user


def photographs(folder: Path) -> list[Path]:
    """Return the image files of one folder by their endings, sorted; hidden ones are left out."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.name[0] != "." and Path(entry.path).is_file()]
    return [folder / name for name in sorted(names) if Path(name).suffix.lower() in ENDINGS]


def read(folder: Path, fewest: int = 2) -> Tree:
    """List a folder of photographs.

    ``{train,test}/<class>/*`` is taken as it is split (``val`` and ``validation`` serve as the test where there is no
    ``test``); from ``<class>/*`` a fifth of each class is drawn for the test, the same for every seed. Where one class
    is enough, images that lie in the folder itself are one, named after it.

    Raises:
        DataUnavailable: if there is no such folder, no image in it, or fewer classes than ``fewest``.
    """
    if not folder.is_dir():
        raise DataUnavailable(f"there is no folder {folder}")
    if (folder / "train").is_dir():
        found = next((name for name in TEST_NAMES if (folder / name).is_dir()), None)
        if found is None:
            raise DataUnavailable(f"{folder} has a folder train but no folder test")
        train, test = _classes(folder / "train"), _classes(folder / found)
        if strange := sorted(test.keys() - train.keys()):
            raise DataUnavailable(f"{folder / found} has classes without training images: {', '.join(strange[:5])}")
    else:
        train, test = {}, {}
        classes_ = _classes(folder) or ({folder.name: photographs(folder)} if fewest == 1 else {})
        for name, files in classes_.items():
            train[name], test[name] = _drawn(files)
    if not any(train.values()):
        raise DataUnavailable(f"{folder} holds no images: put them into one folder for each class, as in cats/1.jpg")
    if len(train) < fewest:
        raise DataUnavailable(f"{folder} has only one class, {next(iter(train))}: at least two are needed")
    if not any(test.values()) and (folder / "train").is_dir():
        raise DataUnavailable(f"{folder} holds no images for the test: put some into test/<class>")
    if not any(test.values()):
        raise DataUnavailable(
            f"{folder} has no class of {round(1 / TEST_SHARE)} images, of which one could be kept for the test: add "
            "images, or split them into train/<class> and test/<class>"
        )
    classes = tuple(sorted(train))
    return Tree(folder, classes, _pairs(train, classes), _pairs(test, classes))


def _classes(folder: Path) -> dict[str, list[Path]]:
    folders = sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")
    return {path.name: files for path in folders if (files := photographs(path))}


def _drawn(files: list[Path]) -> tuple[list[Path], list[Path]]:
    """Split the images of a class: the draw depends on nothing but their number."""
    chosen = set(random.Random(len(files)).sample(range(len(files)), int(len(files) * TEST_SHARE)))
    kept = [file for index, file in enumerate(files) if index not in chosen]
    return kept, [file for index, file in enumerate(files) if index in chosen]


def _pairs(files: dict[str, list[Path]], classes: tuple[str, ...]) -> tuple[tuple[Path, int], ...]:
    return tuple((path, index) for index, name in enumerate(classes) for path in files.get(name, ()))


def names_of(text: str) -> list[str]:
    """Return the single names in a text that may hold several; a file's own name may have a comma in it."""
    if text.strip() and path_of(text.strip()).exists():
        return [text.strip()]
    return [name.strip() for name in text.split(",") if name.strip()]


def images_below(folder: Path) -> list[Path]:
    """Return the image files in a folder, or else those in the folders inside it."""
    return photographs(folder) or [file for inner in sorted(folder.glob("*/")) for file in photographs(inner)]
