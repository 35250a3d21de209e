"""Which data sets there are, where their files are expected, and whether those are whole. No torch."""

from __future__ import annotations

import difflib
import hashlib
import importlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs

from engine.errors import DataUnavailable


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a data set.

    Attributes:
        path: below the data folder, with forward slashes.
        size: in bytes.
        md5: of its content, in hexadecimal.
        unpacked: the same content uncompressed, taken where the compressed file is not there.
    """

    path: str
    size: int
    md5: str
    unpacked: SourceFile | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A data set: what it is and where it comes from.

    Attributes:
        name: what the user types.
        summary: one line.
        size: number and shape of its images, in words.
        files: expected below the data folder; none where the data come with a dependency.
        origin: who made it, and the licence it is given under.
        obtain: how to get it, in words.
        loader: ``"module:function"`` that takes the image size in pixels and returns ``Splits``; needs torch.
        fetcher: ``"module:function"`` that takes the data folder and downloads; empty where nothing can be downloaded.
    """

    name: str
    summary: str
    size: str
    files: tuple[SourceFile, ...]
    origin: str
    obtain: str
    loader: str
    fetcher: str = ""


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What became of one expected file; ``wrong`` means its size or checksum differs."""

    path: Path
    state: Literal["whole", "missing", "wrong"]


def _mnist_file(name: str, size: int, md5: str, unpacked_size: int, unpacked_md5: str) -> SourceFile:
    unpacked = SourceFile(f"MNIST/raw/{name}", unpacked_size, unpacked_md5)
    return SourceFile(f"MNIST/raw/{name}.gz", size, md5, unpacked)


_SOURCES = (
    Source(
        name="digits",
        summary="handwritten digits of 13 people, 8x8 pixels enlarged",
        size="1,797 grey images of 8x8",
        files=(),
        origin="Alpaydin & Kaynak, Optical Recognition of Handwritten Digits, UCI 1998; CC BY 4.0",
        obtain="comes with scikit-learn, nothing to download",
        loader="engine.datasets.digits:splits",
    ),
    Source(
        name="mnist",
        summary="handwritten digits",
        size="60,000 + 10,000 grey images of 28x28",
        files=(
            _mnist_file(
                "train-images-idx3-ubyte",
                9_912_422,
                "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                47_040_016,
                "6bbc9ace898e44ae57da46a324031adb",
            ),
            _mnist_file(
                "train-labels-idx1-ubyte",
                28_881,
                "d53e105ee54ea40749a09fcbcd1e9432",
                60_008,
                "a25bea736e30d166cdddb491f175f624",
            ),
            _mnist_file(
                "t10k-images-idx3-ubyte",
                1_648_877,
                "9fb629c4189551a2d022fa330f9573f3",
                7_840_016,
                "2646ac647ad5339dbf082846283269ea",
            ),
            _mnist_file(
                "t10k-labels-idx1-ubyte",
                4_542,
                "ec29112dd5afa0611ce80d1b7f02629c",
                10_008,
                "27ae3e4e09519cfbb04c329615203637",
            ),
        ),
        origin="LeCun, Cortes & Burges, yann.lecun.com/exdb/mnist; CC BY-SA 3.0",
        obtain="phosphene data fetch mnist",
        loader="engine.datasets.mnist:splits",
        fetcher="engine.datasets.mnist:fetch",
    ),
)

SOURCES: dict[str, Source] = {entry.name: entry for entry in _SOURCES}


def source(name: str) -> Source:
    """Return the data set of that name.

    Raises:
        DataUnavailable: with the nearest name there is.
    """
    if name in SOURCES:
        return SOURCES[name]
    near = difflib.get_close_matches(name, SOURCES, n=1) or list(SOURCES)
    raise DataUnavailable(f"there is no data set {name!r}; there is: {', '.join(near)}")


def names() -> tuple[str, ...]:
    """Return the names of all data sets."""
    return tuple(entry.name for entry in _SOURCES)


def data_folder() -> Path:
    """Return the folder that holds the data sets: ``PHOSPHENE_DATA``, or the user's cache folder."""
    named = os.environ.get("PHOSPHENE_DATA")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("phosphene")


def present(name: str) -> bool:
    """Tell whether every file of a data set is there in its full size; contents are not read."""
    folder = data_folder()
    return all(_found(folder, file) is not None for file in source(name).files)


def require_present(name: str) -> None:
    """Check that every file of a data set is there in its full size, without reading them.

    Raises:
        DataUnavailable: saying how to get those that are missing.
    """
    if not present(name):
        raise DataUnavailable(_missing(source(name), data_folder()))


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
        wanted = ", ".join(Path(file.path).name for file in entry.files)
        where = folder / Path(entry.files[0].path).parent
        raise DataUnavailable(
            f"{name} could not be downloaded ({_first_line(error)}); without a network, put {wanted} into {where}"
        ) from error
    return require(name)


def _fetch_command(entry: Source) -> str:
    return f"phosphene data fetch {entry.name}"


def _missing(entry: Source, folder: Path) -> str:
    wanted = ", ".join(Path(file.path).name for file in entry.files)
    where = folder / Path(entry.files[0].path).parent
    get = f"run `{_fetch_command(entry)}`, or put" if entry.fetcher else "put"
    return f"{entry.name} is not there: {get} {wanted} into {where}"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _found(folder: Path, file: SourceFile) -> tuple[Path, SourceFile] | None:
    """Return the packed or the unpacked form of a file, whichever is there in its full size."""
    for form in (file, file.unpacked):
        if form is not None and _size(folder / form.path) == form.size:
            return folder / form.path, form
    return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _checks(entry: Source, folder: Path) -> tuple[FileCheck, ...]:
    checks: list[FileCheck] = []
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
