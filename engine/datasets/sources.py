"""How a data set is named, where its files are expected, and whether those are whole. No torch.

``mnist``; ``digits:5-9`` (only the classes from the fifth to the ninth, counted from 0); ``celeba:Smiling`` or
``celeba:31`` (without and with an attribute); ``folder:PATH`` (a tree of photographs, ``{train,test}/<class>/*`` or
``<class>/*``).
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import AfterValidator

from engine.datasets import trees
from engine.datasets.table import SOURCES as TABLE
from engine.datasets.table import Source, SourceFile
from engine.errors import DataUnavailable, first_line


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What became of one expected file; ``wrong`` means its size or checksum differs."""

    path: Path
    state: Literal["whole", "missing", "wrong"]


@dataclass(frozen=True, slots=True)
class DatasetName:
    """A data set as named.

    Attributes:
        source: its entry in the table; None for a folder.
        folder: of a user's own photographs; None for an entry of the table.
        classes: the first and the last class that are taken, counted from 0; None for all.
        attribute: that makes the two classes; empty where images have none.
    """

    source: Source | None
    folder: Path | None = None
    classes: tuple[int, int] | None = None
    attribute: str = ""


SOURCES: dict[str, Source] = {entry.name: entry for entry in TABLE}


def source(name: str) -> Source:
    """Return the data set of that name.

    Raises:
        DataUnavailable: with the nearest name there is.
    """
    if name in SOURCES:
        return SOURCES[name]
    near = difflib.get_close_matches(name, SOURCES, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(SOURCES)} and folder:PATH"
    raise DataUnavailable(f"there is no data set {name!r}; {hint}")


def names() -> tuple[str, ...]:
    """Return the names of all data sets."""
    return tuple(SOURCES)


def data_folder() -> Path:
    """Return the folder that holds the data sets: ``PHOSPHENE_DATA``, or the user's cache folder."""
    named = os.environ.get("PHOSPHENE_DATA")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("phosphene")


def parse(text: str) -> DatasetName:
    """Read a data set's name.

    Raises:
        DataUnavailable: with the nearest name there is, or saying how classes are chosen.
    """
    name, colon, rest = text.strip().partition(":")
    if name == "folder":
        if not rest:
            raise DataUnavailable("folder: needs a path behind it, as in folder:~/photographs")
        return DatasetName(None, Path(rest).expanduser())
    entry = source(name)
    if entry.attributes:
        return DatasetName(entry, attribute=_attribute(rest or entry.classes[1], entry))
    if not colon:
        return DatasetName(entry)
    first, dash, last = rest.partition("-")
    if not (dash and first.isdecimal() and last.isdecimal() and int(first) < int(last)):
        raise DataUnavailable(f"the classes of {name} are chosen as first-last, as in digits:5-9, not {rest!r}")
    if int(last) >= len(entry.classes):
        raise DataUnavailable(f"{name} has the classes 0 to {len(entry.classes) - 1}, not up to {last}")
    return DatasetName(entry, classes=(int(first), int(last)))


def _attribute(text: str, entry: Source) -> str:
    """Return an attribute by its name in any spelling, or by its number, counted from 0."""
    if text.isascii() and text.isdecimal() and int(text) < len(entry.attributes):
        return entry.attributes[int(text)]
    plain = {name.casefold().replace("_", " "): name for name in entry.attributes}
    wanted = text.casefold().replace("_", " ").replace("-", " ").strip()
    if wanted in plain:
        return plain[wanted]
    near = difflib.get_close_matches(wanted, plain, n=1)
    some = ", ".join(entry.attributes[:3])
    hint = f"did you mean {plain[near[0]]}?" if near else f"there are {len(plain)}, as {some}"
    raise DataUnavailable(f"{entry.name} has no attribute {text!r}; {hint}")


def check(text: str) -> str:
    """Return the name of a data set if it is one; for pydantic.

    Raises:
        ValueError: as :func:`parse` says it.
    """
    try:
        parse(text)
    except DataUnavailable as error:
        raise ValueError(str(error)) from None
    return text.strip()


def absolute(text: str) -> str:
    """Return the name of a data set in full, so that it means the same from anywhere: paths, names of attributes."""
    named = parse(text)
    if named.source is not None and named.attribute:
        return f"{named.source.name}:{named.attribute}"
    return text if named.folder is None else f"folder:{named.folder.absolute()}"


@dataclass(frozen=True, slots=True)
class DatasetMark:
    """What tells a hyperparameter that names a data set from any other text.

    Attributes:
        fewest: how many classes a folder must have; 1 takes a folder of images without any.
    """

    fewest: int = 2


Dataset = Annotated[str, AfterValidator(check), DatasetMark()]
"""The type of a hyperparameter that names a data set."""
Pictures = Annotated[str, AfterValidator(check), DatasetMark(fewest=1)]
"""The same where classes do not matter."""


def tree_of(name: DatasetName, fewest: int = 2) -> trees.Tree:
    """Return the photographs of a folder or of an entry that is one; see :func:`engine.datasets.trees.read`.

    Raises:
        DataUnavailable: saying what the folder lacks, or how to get it.
    """
    if name.folder is not None:
        return trees.read(name.folder, fewest)
    if name.source is None or not (name.source.tree or name.source.lister):
        raise ValueError(f"{name} is no tree of photographs")
    if not present(name.source.name):
        raise DataUnavailable(_missing(name.source, data_folder()))
    if name.source.lister:
        module, _, function = name.source.lister.partition(":")
        folder = (data_folder() / name.source.places[0]).parent
        tree: trees.Tree = getattr(importlib.import_module(module), function)(folder, name.attribute, _classes(name))
        return tree
    return trees.read(data_folder() / name.source.tree)


def _classes(name: DatasetName) -> tuple[str, ...]:
    return (f"not {name.attribute}", name.attribute) if name.attribute else name.source.classes if name.source else ()


def classes_of(text: str) -> tuple[str, ...]:
    """Return the names of a data set's classes, by its name; of a folder, by listing it.

    Raises:
        ValueError: if there is no such data set.
        DataUnavailable: if a folder is not there.
    """
    named = parse(text)
    classes = _classes(named) if named.source else tree_of(named, fewest=1).classes
    return classes if named.classes is None else classes[named.classes[0] : named.classes[1] + 1]


def channels_of(text: str) -> int:
    """Return how many channels the images of a data set have, by its name; photographs of a folder count as colour."""
    named = parse(text)
    return named.source.channels if named.source else 3


def present(name: str) -> bool:
    """Tell whether every file of a data set is there in its full size; contents are not read."""
    entry, folder = source(name), data_folder()
    places = all((folder / place).exists() for place in _places(entry))
    return places and all(_found(folder, file) is not None for file in entry.files)


def _places(entry: Source) -> tuple[str, ...]:
    """Return what must be there below the data folder and is checked no further."""
    if not entry.tree:
        return entry.places
    return tuple(f"{entry.tree}/{part}/{name}" for part in trees.PARTS for name in entry.classes)


def require_present(name: str, fewest: int = 2) -> None:
    """Check that a data set's files are there in their full size, or that a folder is one of photographs.

    Args:
        name: of the data set.
        fewest: how many classes a folder must have.

    Raises:
        DataUnavailable: saying how to get those that are missing.
    """
    named = parse(name)
    if named.source is None:
        tree_of(named, fewest)
    elif not present(named.source.name):
        raise DataUnavailable(_missing(named.source, data_folder()))


def verify(name: str) -> tuple[FileCheck, ...]:
    """Check the size and the MD5 of every file of a data set."""
    return _checks(source(name), data_folder())


def require(name: str) -> tuple[Path, ...]:
    """Return the files of a data set in the order of the table, each checked by its MD5.

    Raises:
        DataUnavailable: saying which file is wrong, or how to get those that are missing.
    """
    entry, folder = source(name), data_folder()
    checks = _checks(entry, folder)
    for check in checks:
        if check.state == "wrong":
            raise DataUnavailable(
                f"{check.path} is damaged or not the original (size or MD5 differ): "
                f"remove it and get it again with `{_fetch_command(entry)}`"
            )
    if any(check.state == "missing" for check in checks):
        raise DataUnavailable(_missing(entry, folder))
    return tuple(check.path for check in checks)


def fetch(name: str) -> tuple[Path, ...]:
    """Download what is missing or wrong and return the files as :func:`require` does.

    Raises:
        DataUnavailable: where there is no network or nothing to download from.
    """
    entry, folder = source(name), data_folder()
    if all(check.state == "whole" for check in verify(name)):
        return require(name)
    if not entry.fetcher:
        raise DataUnavailable(_missing(entry, folder))
    module, _, function = entry.fetcher.partition(":")
    try:
        getattr(importlib.import_module(module), function)(folder)
    except (OSError, RuntimeError) as error:
        raise DataUnavailable(
            f"{name} could not be downloaded ({first_line(error)}); without a network, put {_wanted(entry, folder)}"
        ) from error
    return require(name)


def _fetch_command(entry: Source) -> str:
    return f"phosphene data fetch {entry.name}"


def _missing(entry: Source, folder: Path) -> str:
    get = f"run `{_fetch_command(entry)}`, or put" if entry.fetcher else "put"
    return f"{entry.name} is not there: {get} {_wanted(entry, folder)}"


def _wanted(entry: Source, folder: Path) -> str:
    if entry.tree:
        return f"the folders train/<class> and test/<class> into {folder / entry.tree}"
    paths = [Path(path) for path in (*entry.places, *(file.path for file in entry.files))]
    return f"{', '.join(path.name for path in paths)} into {folder / paths[0].parent}"


def _found(folder: Path, file: SourceFile) -> tuple[Path, SourceFile] | None:
    """Return the packed or the unpacked form of a file, whichever is there in its full size."""
    for form in (file, file.unpacked):
        if form is not None and _size(folder / form.path) == form.size:
            return folder / form.path, form
    return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _checks(entry: Source, folder: Path) -> tuple[FileCheck, ...]:
    checks = [
        FileCheck(place, "whole" if place.is_file() or trees.photographs(place) else "missing")
        for place in (folder / place for place in _places(entry))
    ]
    for file in entry.files:
        found = _found(folder, file)
        if found is not None:
            path, form = found
            checks.append(FileCheck(path, "whole" if _md5(path) == form.md5 else "wrong"))
        else:
            path = folder / file.path
            checks.append(FileCheck(path, "wrong" if path.exists() else "missing"))
    return tuple(checks)


def _md5(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
