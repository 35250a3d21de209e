"""Where the files of a data set are expected, whether they are whole, and how they are fetched. No torch."""

from __future__ import annotations

import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import platformdirs

from engine.datasets import trees
from engine.datasets.catalogue import dataset
from engine.datasets.checksums import md5_of
from engine.datasets.listing import listing
from engine.datasets.names import DatasetName, parse
from engine.errors import DataUnavailable, first_line
from engine.paths import path_of

if TYPE_CHECKING:
    from engine.datasets.table import Source, SourceFile


@dataclass(frozen=True, slots=True)
class FileCheck:
    """The state of one expected file; ``wrong`` means its size or checksum differs."""

    path: Path
    state: Literal["whole", "missing", "wrong"]


def data_folder() -> Path:
    """Return the folder that holds the data sets: ``PHOSPHENE_DATA``, or the user's cache folder."""
    named = os.environ.get("PHOSPHENE_DATA")
    return path_of(named) if named else platformdirs.user_cache_path("phosphene")


def tree_of(name: DatasetName, fewest: int = 2) -> trees.Tree:
    """Return the photographs of a folder or of an entry that is one; see :func:`engine.datasets.trees.read`.

    Raises:
        DataUnavailable: saying what the folder lacks, or how to get it.
    """
    if name.folder is not None:
        return trees.read(name.folder, fewest)
    if name.source is None or not (name.source.tree or name.source.lister):
        raise ValueError(f"{name} is not a tree of photographs")
    if not present(name.source.name):
        raise DataUnavailable(_missing(name.source, data_folder()))
    if name.source.lister:
        module, _, function = name.source.lister.partition(":")
        folder = (data_folder() / name.source.places[0]).parent
        tree: trees.Tree = getattr(importlib.import_module(module), function)(folder, name.attribute, name.class_names)
        return tree
    return trees.read(data_folder() / name.source.tree)


def classes_of(text: str) -> tuple[str, ...]:
    """Return the names of a data set's classes, by its name; of a folder, by listing it.

    Raises:
        DataUnavailable: if there is no such data set, or a folder is not there.
    """
    named = parse(text)
    return named.class_names if named.source else tree_of(named, fewest=1).classes


def present(name: str) -> bool:
    """Tell whether every file of a data set is there in its full size; contents are not read."""
    entry, folder = dataset(name), data_folder()
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
    return _checks(dataset(name), data_folder())


def require(name: str) -> tuple[Path, ...]:
    """Return the files of a data set in the order of the table, each checked by its MD5.

    Raises:
        DataUnavailable: saying which file is wrong, or how to get those that are missing.
    """
    entry, folder = dataset(name), data_folder()
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
    entry, folder = dataset(name), data_folder()
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
        FileCheck(place, "whole" if place.is_file() or listing(place).images else "missing")
        for place in (folder / place for place in _places(entry))
    ]
    for file in entry.files:
        found = _found(folder, file)
        if found is not None:
            path, form = found
            checks.append(FileCheck(path, "whole" if md5_of(path) == form.md5 else "wrong"))
        else:
            path = folder / file.path
            checks.append(FileCheck(path, "wrong" if path.exists() else "missing"))
    return tuple(checks)
