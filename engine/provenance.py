"""Where a file came from: runs, command and versions, carried inside PNG, SVG and PDF, and beside all other files.

What is carried is one line of JSON in ASCII, the same in every format, without a date: the same runs and the same
command give the same bytes.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import html
import json
import os
import re
import secrets
import shlex
import shutil
import zlib
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import DiskFull, PhospheneError, is_full_disk
from engine.record.files import write_json
from engine.version import versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from PIL.Image import Image

FORMAT = 1
PNG_KEY = "phosphene"
METADATA = {".png": PNG_KEY, ".svg": "Source", ".pdf": "Subject"}
"""Under which name each format carries it, as matplotlib calls them."""
SIDECAR = ".source.json"
"""What the name of the file beside another one ends in."""
_PNG = b"\x89PNG\r\n\x1a\n"
_PDF = re.compile(rb"/Subject \(((?:[^\\)]|\\.)*)\)", re.DOTALL)
_SVG = re.compile(r"<dc:source>(.*?)</dc:source>", re.DOTALL)
_PACKAGES = ("numpy", "matplotlib", "pillow")
"""What the bytes of pictures and charts depend on."""


@functools.cache
def _writers() -> dict[str, str]:
    return versions(*_PACKAGES)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file came from.

    Attributes:
        runs: ids of the runs that it shows, in the order of the command.
        command: that writes it again; empty where there is none.
        versions: of what wrote it.
    """

    runs: tuple[str, ...]
    command: str = ""
    versions: dict[str, str] = field(default_factory=lambda: dict(_writers()))

    @classmethod
    def of(cls, runs: Iterable[str], *words: object) -> Origin:
        """Return the origin of what a command with these words writes; without words there is no such command."""
        return cls(tuple(runs), shlex.join(["phosphene", *map(str, words)]) if words else "")

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ``format`` first."""
        return {"format": FORMAT, "runs": [*self.runs], "command": self.command, "versions": self.versions}

    @classmethod
    def from_json(cls, values: Any) -> Origin | None:
        """Return what plain values say, or None if they say something else."""
        match values:
            case {"runs": list(runs), "command": str(command), "versions": dict(known)}:
                return cls(tuple(map(str, runs)), command, {str(key): str(value) for key, value in known.items()})
        return None

    def __str__(self) -> str:
        return json.dumps(self.to_json(), separators=(",", ":"))

    def metadata(self, ending: str) -> dict[str, str]:
        """Return what matplotlib is to write into a file of an ending."""
        return {METADATA[ending]: str(self)}

    def save(self, image: Image, path: Path) -> None:
        """Write a picture as PNG that carries this.

        Raises:
            OSError: if the disk refuses.
        """
        from PIL.PngImagePlugin import PngInfo

        carried = PngInfo()
        carried.add_text(PNG_KEY, str(self))
        image.save(path, format="PNG", pnginfo=carried)

    def write_beside(self, path: Path, filled: Path | None = None) -> None:
        """Write this into a file beside another one, or beside a folder.

        Args:
            path: of the other one.
            filled: where its content lies, if it is yet to be moved there.

        Raises:
            OSError: if the disk refuses.
        """
        write_json(sidecar(path), self.to_json() | _digest(filled or path))


def sidecar(path: Path) -> Path:
    """Return the file beside another one that says where that came from."""
    place = path.absolute()
    return place.parent / f"{place.name}{SIDECAR}"


def _digest(path: Path) -> dict[str, str]:
    return {} if path.is_dir() else {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


# -- writing ---------------------------------------------------------------------------------------------------------


def free(path: Path) -> Path:
    """Return a path at which nothing is: this one, or with a number after its name."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(one for one in chain((path,), numbered) if not one.exists())


def write_whole(path: Path, write: Callable[[Path, Origin], object], origin: Origin) -> None:
    """Let ``write`` fill a file; where it cannot finish, the one that was there stays as it was.

    A file that does not carry its origin afterwards gets another one beside it that does.

    Args:
        path: of the file, or a link to it.
        write: is given a path of the same name in a folder of its own, and what the file should carry if its format
            can; what else it writes there, as a folder of figures, comes beside the file.
        origin: where it comes from.

    Raises:
        PhospheneError: if something is there that is no file, as a pipe or a folder.
        DiskFull: if there is no room for it.
        OSError: if it cannot be written for another reason.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise PhospheneError(f"{path} is no file: name one that can be replaced")
    folder = target.with_name(f".{secrets.token_hex(6)}")
    try:
        folder.mkdir()
        filled = folder / target.name
        write(filled, origin)
        inside = carried(filled) == origin
        if target.exists():
            shutil.copymode(target, filled)
        named = {sidecar(place): place for place in (path, target)}  # two if it is a link
        for place in () if inside else named.values():
            origin.write_beside(place, filled)
        # The file itself at last: what it refers to, and what tells its origin, is there by then.
        others = (one for one in folder.rglob("*") if one.is_file() and one != filled)
        for one in (*others, filled):
            place = target.parent / one.relative_to(folder)
            place.parent.mkdir(exist_ok=True)
            one.replace(place)
        for old in named if inside else ():  # of the file that was here before
            old.unlink(missing_ok=True)
    except BaseException as error:
        if is_full_disk(error) or isinstance(error, DiskFull):
            raise DiskFull(f"{path} cannot be written: the disk is full, free some space") from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def text(content: str) -> Callable[[Path, Origin], object]:
    """Return how :func:`write_whole` writes a text."""
    return lambda path, _: path.write_text(content, encoding="utf-8", errors="backslashreplace")


# -- reading ---------------------------------------------------------------------------------------------------------


def carried(path: Path) -> Origin | None:
    """Return what a PNG, SVG or PDF carries inside; None for other files, and for those that carry nothing.

    Raises:
        OSError: if the file cannot be read.
    """
    if path.is_dir():
        return None
    with path.open("rb") as file:
        start = file.read(512)
        if not (start.startswith((_PNG, b"%PDF")) or b"<?xml" in start or b"<svg" in start):
            return None
        data = start + file.read()
    for found in _texts(data):
        with contextlib.suppress(ValueError, RecursionError):
            if origin := Origin.from_json(json.loads(found)):
                return origin
    return None


def _texts(data: bytes) -> Iterator[str]:
    if data.startswith(_PNG):
        yield from _png_texts(data)
    elif data.startswith(b"%PDF"):
        for found in _PDF.findall(data):
            yield re.sub(rb"\\(.)", rb"\1", found, flags=re.DOTALL).decode("ascii", "replace")
    else:
        yield from map(html.unescape, _SVG.findall(data.decode("utf-8", "replace")))


def _png_texts(data: bytes) -> Iterator[str]:
    place = len(_PNG)
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4])
        chunk = data[place + 4 : place + 8 + length]
        key = b"tEXt" + PNG_KEY.encode() + b"\0"
        if chunk.startswith(key) and zlib.crc32(chunk) == int.from_bytes(data[place + 8 + length :][:4]):
            yield chunk.removeprefix(key).decode("latin-1")
        place += 12 + length


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of where a file came from.

    Attributes:
        origin: itself.
        place: the file in which it stands.
        changed: whether the file is no longer as it was written, as far as that can be told.
    """

    origin: Origin
    place: Path
    changed: bool = False


def found(path: Path) -> Found | None:
    """Return where a file or a folder came from, as it carries itself, or as is told beside it or a folder it is in.

    Raises:
        OSError: if the file cannot be read.
    """
    if origin := carried(path):
        return Found(origin, path)
    for place in (path, *path.absolute().parents):
        beside = sidecar(place)
        try:
            values = json.loads(beside.read_bytes())
        except (OSError, ValueError, RecursionError):
            continue
        if origin := Origin.from_json(values):
            told = values.get("sha256")
            return Found(origin, beside, place == path and told is not None and {"sha256": told} != _digest(path))
    return None
