"""Folders of photographs as data sets: classes, training and test; how images are named. No torch; none is opened."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.datasets.listing import listing
from engine.errors import DataUnavailable
from engine.paths import apart, exists, path_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

PARTS = ("train", "test")
PART_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing"), "test"),
    **dict.fromkeys(("val", "valid", "validation"), "validation"),
}
"""What folders of parts are called, in small letters, and which part each is."""
DRAWN = 5
"""One image of so many of a class is drawn for the test, where a folder has no parts."""
IN_DATASET = re.compile(r"(.+):(train|test)/(\d+)(?:-(\d+))?")
"""How images of a data set are named: ``mnist:test/17``, ``digits:test/0-15``."""
SAMPLE = "sample:"
SAMPLES = ("china", "flower")
"""The photographs that come with scikit-learn."""
BY_CLASS = "put them into one folder for each class, as in cats/1.jpg"

Classes = dict[str, list["Path"]]


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder of photographs.

    Attributes:
        folder: in which the parts or the classes lie.
        classes: names, sorted.
        train: path and class index of each training photograph.
        test: the same for the test.
        notes: sentences on what is passed over, and on what is read otherwise than one may expect.
    """

    folder: Path
    classes: tuple[str, ...]
    train: tuple[tuple[Path, int], ...]
    test: tuple[tuple[Path, int], ...]
    notes: tuple[str, ...] = ()

    def name_of(self, path: Path) -> str:
        """Return the name of a photograph: its path from the folder of its part on, e.g. ``Coast/image_0007.jpg``."""
        inside = path.parts[len(self.folder.parts) :]
        part = len(inside) > 2 and inside[0].casefold() in PART_NAMES
        return text_of("/".join(inside[1:] if part else inside))


@dataclass(frozen=True, slots=True)
class Level:
    """Images by where they lie: in a folder itself, or by name in the folders inside it, at any depth."""

    folder: Path
    flat: list[Path]
    inner: Classes

    def inside(self, name: str) -> Level:
        """Return a folder inside this one."""
        return _level(self.folder / name, self.inner[name])

    def __str__(self) -> str:
        """Return the folder's path, for sentences."""
        return text_of(self.folder)


def read(folder: Path, fewest: int = 2) -> Tree:
    """Read a folder of photographs; every image in it is taken, named in a note, or the whole folder is refused.

    ``{train,test}/<class>/*`` is taken as it is split. Parts may be called ``Train``, ``training``, ``testing``,
    ``val``, ``valid`` or ``validation`` as well; validation images serve as the test where there is no ``test``, and
    belong to the training ones where there is. From ``<class>/*`` a fifth of each class is drawn for the test, the same
    for every seed. Images in folders inside a class's belong to it, as with torchvision's ImageFolder. A folder that
    holds nothing but one folder of folders is passed through. Where one class is enough, images that lie in the folder
    itself are one, named after it.

    Raises:
        DataUnavailable: if there is no such folder, no image in it, images beside folders, or fewer classes than
            ``fewest``.
    """
    if not (exists(folder) and folder.is_dir()):
        raise DataUnavailable(f"there is no folder {text_of(folder)}")
    found = listing(folder)
    notes = list(found.notes())
    if not found.images:
        raise DataUnavailable("; ".join([f"{text_of(folder)} holds no images: {BY_CLASS}", *notes]))
    top = _unwrapped(_level(folder, found.images))
    parts = _parts(top)
    if parts:
        train, test = _as_split(top, parts, fewest, notes)
    else:
        train, test = {}, {}
        for name, files in _classes(top, fewest, top.folder.name).items():
            train[name], test[name] = _drawn(files)
    names = sorted(train)
    if len(names) < fewest:
        only = f"{text_of(folder)} has only one class, {text_of(names[0])}: at least two are needed"
        raise DataUnavailable("; ".join([only, *notes]))
    if not any(test.values()):
        name, most = max(((name, len(files)) for name, files in train.items()), key=lambda entry: entry[1])
        raise DataUnavailable(
            f"{top} holds no images for the test: of {DRAWN} images of a class one is drawn for it, and the largest "
            f"class, {text_of(name)}, has {most}; add images, or make folders train and test"
        )
    return Tree(top.folder, tuple(apart(map(text_of, names))), _pairs(train, names), _pairs(test, names), tuple(notes))


def _level(folder: Path, images: Iterable[Path]) -> Level:
    depth = len(folder.parts)
    level = Level(folder, [], {})
    for path in images:
        here, *deeper = path.parts[depth:]
        (level.inner.setdefault(here, []) if deeper else level.flat).append(path)
    return level


def _unwrapped(level: Level) -> Level:
    """Go into a folder as long as all it holds is one folder, that holds folders and is no part."""
    while not level.flat and len(level.inner) == 1:
        name = next(iter(level.inner))
        deeper = level.inside(name)
        if deeper.flat or name.casefold() in PART_NAMES:
            break
        level = deeper
    return level


def _parts(top: Level) -> dict[str, list[str]]:
    """Return the folders that are parts of a split data set, by part; none if all of them are classes.

    They are if one of them holds no images itself, but folders; or if there are some to learn from and some to test.
    """
    parts: dict[str, list[str]] = {}
    for name in top.inner:
        if part := PART_NAMES.get(name.casefold()):
            parts.setdefault(part, []).append(name)
    holds_classes = any(not top.inside(name).flat for names in parts.values() for name in names)
    return parts if holds_classes or ("train" in parts and len(parts) > 1) else {}


def _as_split(top: Level, parts: dict[str, list[str]], fewest: int, notes: list[str]) -> tuple[Classes, Classes]:
    """Return the images for training and for the test."""
    for part, names in parts.items():
        if len(names) > 1:
            raise DataUnavailable(f"{top} has two folders for {part}: {' and '.join(names)}; leave one of them")
    first = next(iter(parts.values()))[0]
    if "train" not in parts or len(parts) == 1:
        raise DataUnavailable(f"{top} has a folder {first} but no folder {'test' if 'train' in parts else 'train'}")
    own = [name for names in parts.values() for name in names]
    if beside := _beside(top, without=own):
        raise DataUnavailable(f"{top} holds {beside} beside {' and '.join(own)}: move them into these or away")
    levels = {part: _unwrapped(top.inside(names[0])) for part, names in parts.items()}
    train, test, validation = (
        _classes(levels[part], fewest, top.folder.name) if part in levels else {} for part in (*PARTS, "validation")
    )
    for place, classes in ((levels.get("test"), test), (levels.get("validation"), validation)):
        if strange := sorted(classes.keys() - train.keys()):
            shown = apart(map(text_of, [*strange, *sorted(train)]))
            raise DataUnavailable(
                f"{place} has classes without training images: {', '.join(shown[: len(strange)][:5])}; "
                f"{levels['train']} has {', '.join(shown[len(strange) :][:5])}"
            )
    if "test" not in parts:
        return train, validation
    for name, files in validation.items():
        train[name] = train[name] + files
    if validation:
        number = sum(map(len, validation.values()))
        notes.append(f"the {number:,} images in {parts['validation'][0]} are taken as training images")
    return train, test


def _classes(level: Level, fewest: int, name: str) -> Classes:
    """Return the images by class; where one class is enough, those that lie in the folder itself are one."""
    if level.flat and level.inner:
        raise DataUnavailable(
            f"{level} holds {_beside(level, without=level.inner)} beside {_beside(level, without=(), flat=False)}: "
            "put each image into the folder of its class, or name one of the folders"
        )
    if level.flat:
        if fewest > 1:
            raise DataUnavailable(f"{level} holds {len(level.flat):,} images but no folders with images: {BY_CLASS}")
        return {name: level.flat}
    inner = {name: level.inside(name) for name in level.inner}
    several = next((one for one in inner.values() if len(one.inner) > 1), None)
    if several and not any(one.flat for one in inner.values()):
        raise DataUnavailable(
            f"{level} holds folders of folders, as {text_of(several.folder.name)} with "
            f"{', '.join(map(text_of, sorted(several.inner)[:3]))}: name one of them, or call them train and test"
        )
    return dict(level.inner)


def _beside(level: Level, without: Iterable[str], *, flat: bool = True) -> str:
    """Say which images a folder holds beside some folders; nothing if there are none."""
    counted = {text_of(name): len(files) for name, files in level.inner.items() if name not in set(without)}
    parts = [f"{len(level.flat):,} image{'s' * (len(level.flat) != 1)}"] if flat and level.flat else []
    parts += [f"{count:,} in the folder {name}" for name, count in list(counted.items())[:3]]
    parts += [f"more in {len(counted) - 3:,} other folders"] if len(counted) > 3 else []
    return ", ".join(parts)


def _drawn(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Split the images of a class: the draw depends on nothing but their number."""
    chosen = set(random.Random(len(files)).sample(range(len(files)), len(files) // DRAWN))
    kept = [file for index, file in enumerate(files) if index not in chosen]
    return kept, [file for index, file in enumerate(files) if index in chosen]


def _pairs(files: Classes, names: Sequence[str]) -> tuple[tuple[Path, int], ...]:
    return tuple((path, index) for index, name in enumerate(names) for path in files.get(name, ()))


def names_of(text: str) -> list[str]:
    """Return the single names in a text that may hold several; a file's own name may have a comma in it."""
    if text.strip() and exists(path_of(text.strip())):
        return [text.strip()]
    return [name.strip() for name in text.split(",") if name.strip()]
