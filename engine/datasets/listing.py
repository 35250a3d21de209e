"""What lies below a folder: which files are images, and what is passed over and why. No torch; no image is opened."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.errors import DataUnavailable
from engine.paths import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

SYSTEM = frozenset(
    (
        *("@eadir", "@recycle", "@tmp", "#recycle", "$recycle.bin", "__macosx", "__pycache__", "lost+found"),
        "system volume information",
    )
)
"""Folders that a system or a tool makes beside a user's own, in small letters; so do those that begin with a dot."""
WITHOUT_PICTURES = frozenset(("IPTC", "MPEG"))
"""Formats that Pillow knows by their header alone."""
NAMED = 20
"""Files of a kind that are named when they are passed over, at most; the rest is counted."""

BARE = "folders without images"
HIDDEN = "hidden"
OF_A_SYSTEM = "in a folder of the system"
NO_IMAGE = "of no kind that Pillow reads"
NO_FILE = "no files that can be read, as links that lead nowhere"
LOOP = "links to a folder that holds them"


class Passed(NamedTuple):
    """A file, or a link to a folder, that is passed over, and why."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies below a folder, at any depth.

    Attributes:
        folder: the root.
        images: files that are images by their endings, in the order of their names, folder by folder.
        folders: that are not a system's, the root left out.
        passed: every other file; of a system's folders, only those that would be images elsewhere.
    """

    folder: Path
    images: tuple[Path, ...]
    folders: tuple[Path, ...]
    passed: tuple[Passed, ...]

    def notes(self) -> tuple[str, ...]:
        """Return a sentence for each reason for which something is passed over, with how many there are and names."""
        by_reason: dict[str, list[Path]] = {}
        for path, why in self.passed:
            by_reason.setdefault(why, []).append(path)
        holding = {above for place in {path.parent for path in self.images} for above in (place, *place.parents)}
        if bare := [place for place in self.folders if place not in holding]:
            by_reason[BARE] = bare
        return tuple(
            f"left out of {text_of(self.folder)}, {why}: {self._few(paths)}" for why, paths in by_reason.items()
        )

    def _few(self, paths: Sequence[Path]) -> str:
        """Return how many paths there are, and the names of the first of them."""
        names = ", ".join(text_of(path.relative_to(self.folder)) for path in paths[:NAMED])
        return f"{len(paths):,} ({names}{f' and {len(paths) - NAMED:,} more' if len(paths) > NAMED else ''})"


@functools.cache
def endings() -> frozenset[str]:
    """Return the endings of the files that Pillow can open as images, in small letters: ``.jpg``, ``.jfif``."""
    # Imported here, since all of Pillow's readers take a fifth of a second.
    from PIL import Image, ImageFile

    Image.init()
    readers = {
        name
        for name, (reader, _) in Image.OPEN.items()
        if name not in WITHOUT_PICTURES
        and not (isinstance(reader, type) and issubclass(reader, ImageFile.StubImageFile))
    }
    # Several JPEGs in one file are opened as the first of them.
    readers.add("MPO")
    return frozenset(ending for ending, name in Image.registered_extensions().items() if name in readers)


def require_images(found: Listing) -> None:
    """Check that there is an image below a folder.

    Raises:
        DataUnavailable: with what is there instead.
    """
    if not found.images:
        raise DataUnavailable("; ".join([f"there are no images in {text_of(found.folder)}", *found.notes()]))


def listing(folder: Path) -> Listing:
    """List a folder and the folders inside it, through links too; nothing, if there is no such folder.

    Raises:
        DataUnavailable: naming a folder that may not be read.
    """
    images: list[Path] = []
    folders: list[Path] = []
    passed: list[Passed] = []

    def visit(place: Path, above: frozenset[tuple[int, int]], *, system: bool) -> None:
        for entry in _entries(place, refuse=not system):
            path = place / entry.name
            identity = _folder(entry)
            if identity is None:
                why = OF_A_SYSTEM if system else _why_no_image(entry)
                if not why:
                    images.append(path)
                elif not system or _ending(entry) in endings():
                    passed.append(Passed(path, why))
            elif identity in above:
                passed.append(Passed(path, LOOP))
            else:
                own = system or entry.name[0] == "." or entry.name.casefold() in SYSTEM
                if not own:
                    folders.append(path)
                visit(path, above | {identity}, system=own)

    if os.path.isdir(folder):  # noqa: PTH112 - pathlib's raises for a name that is too long
        stat = folder.stat()
        visit(folder, frozenset(((stat.st_dev, stat.st_ino),)), system=False)
    return Listing(folder, tuple(images), tuple(folders), tuple(passed))


def _entries(folder: Path, *, refuse: bool) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if refuse:
            raise DataUnavailable(f"the folder {text_of(folder)} cannot be read: {error.strerror}") from error
        return []


def _folder(entry: os.DirEntry[str]) -> tuple[int, int] | None:
    """Return what tells a folder from all others, or None if it is none."""
    try:
        if not entry.is_dir():
            return None
        stat = entry.stat()
    except OSError:  # a link to itself
        return None
    return stat.st_dev, stat.st_ino


def _ending(entry: os.DirEntry[str]) -> str:
    # As `Path.suffix` has it, in a tenth of the time.
    stem, _, ending = entry.name.rpartition(".")
    return f".{ending.lower()}" if stem and ending else ""


def _why_no_image(entry: os.DirEntry[str]) -> str:
    """Return why a file is no image, or the empty string."""
    if entry.name[0] == ".":
        return HIDDEN
    if _ending(entry) not in endings():
        return NO_IMAGE
    try:
        return "" if entry.is_file() else NO_FILE
    except OSError:
        return NO_FILE
