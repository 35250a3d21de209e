"""Features on disk, under what they were computed from; the oldest are removed when there are too many. No torch."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.record.files import write_json
from engine.record.shared import shared_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER = "features"
ABOUT = "about.json"
GIBIBYTE = 1 << 30


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """The features of one set of images at the cuts of one network.

    Attributes:
        path: its folder.
        about: what they were computed from, e.g. ``dataset``, ``part``, ``model``.
        bytes: on disk.
        used: when it was last read or written, in seconds since 1970.
    """

    path: Path
    about: Mapping[str, str]
    bytes: int
    used: float


def limit() -> int:
    """Return how many bytes of features are kept: ``PHOSPHENE_CACHE_GIB``, or 10 GiB."""
    with contextlib.suppress(ValueError):
        return int(float(os.environ.get("PHOSPHENE_CACHE_GIB", "10")) * GIBIBYTE)
    return 10 * GIBIBYTE


def _about(folder: Path) -> dict[str, str]:
    """Return what an entry was computed from; nothing if that cannot be read."""
    with contextlib.suppress(OSError, ValueError):
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if isinstance(about, dict):
            return about
    return {}


def entry_folder(cache: Path, about: Mapping[str, str]) -> Path:
    """Return the folder of an entry, made if need be; its name is a digest of what it is about.

    Where the disk refuses it, nothing is kept: that costs time, not the run.
    """
    text = json.dumps(dict(about), sort_keys=True)
    folder = cache / FOLDER / hashlib.blake2b(text.encode(), digest_size=10).hexdigest()
    with contextlib.suppress(OSError):
        if _about(folder) != dict(about):
            shared_folder(folder, cache.parent)
            write_json(folder / ABOUT, dict(about))
        os.utime(folder)
    return folder


def entries(cache: Path) -> list[CacheEntry]:
    """Return all entries, the one used last first."""
    found = []
    for folder in (cache / FOLDER).glob("*/"):
        with contextlib.suppress(OSError):
            size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
            found.append(CacheEntry(folder, _about(folder), size, folder.stat().st_mtime))
    return sorted(found, key=lambda entry: -entry.used)


def clear(cache: Path) -> int:
    """Remove all features; return how many bytes were freed."""
    freed = sum(entry.bytes for entry in entries(cache))
    shutil.rmtree(cache / FOLDER, ignore_errors=True)
    return freed


def make_room(cache: Path, keep: Path) -> None:
    """Remove the entries used longest ago until what is left is within :func:`limit`; ``keep`` stays."""
    left, bound = 0, limit()
    for entry in entries(cache):
        left += entry.bytes
        if left > bound and entry.path != keep:
            shutil.rmtree(entry.path, ignore_errors=True)
            left -= entry.bytes
