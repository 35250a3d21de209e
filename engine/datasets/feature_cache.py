"""Features on disk, under what they were computed from; the oldest are removed when there are too many. No torch.

Decoded images of data sets that fit no memory lie beside them; those stay until somebody clears the cache.
"""

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
DECODED = "decoded"
ABOUT = "about.json"
GIBIBYTE = 1 << 30


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """The features of one set of images at the cuts of one network, or the decoded images themselves.

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


def entry_folder(cache: Path, about: Mapping[str, str], kind: str = FOLDER) -> Path:
    """Return the folder of an entry, made if need be; its name is a digest of what it is about.

    Where the disk refuses it, nothing is kept: that costs time, not the run.
    """
    text = json.dumps(dict(about), sort_keys=True)
    folder = cache / kind / hashlib.blake2b(text.encode(), digest_size=10).hexdigest()
    with contextlib.suppress(OSError):
        if _about(folder) != dict(about):
            shared_folder(folder, cache.parent)
            write_json(folder / ABOUT, dict(about))
        os.utime(folder)
    return folder


def entries(cache: Path, kind: str = FOLDER) -> list[CacheEntry]:
    """Return all entries, the one used last first."""
    found = []
    for folder in (cache / kind).glob("*/"):
        with contextlib.suppress(OSError):
            size = sum(_bytes(file) for file in folder.rglob("*") if file.is_file())
            found.append(CacheEntry(folder, _about(folder), size, folder.stat().st_mtime))
    return sorted(found, key=lambda entry: -entry.used)


def _bytes(file: Path) -> int:
    """Return how much of a file is on the disk: of files of decoded images, parts may never have been written."""
    stat = file.stat()
    return min(stat.st_size, stat.st_blocks * 512)


def clear(cache: Path, kind: str = FOLDER) -> int:
    """Remove all entries of a kind; return how many bytes were freed."""
    freed = sum(entry.bytes for entry in entries(cache, kind))
    shutil.rmtree(cache / kind, ignore_errors=True)
    return freed


def make_room(cache: Path, keep: Path) -> None:
    """Remove the entries used longest ago until what is left is within :func:`limit`; ``keep`` stays."""
    left, bound = 0, limit()
    for entry in entries(cache):
        left += entry.bytes
        if left > bound and entry.path != keep:
            shutil.rmtree(entry.path, ignore_errors=True)
            left -= entry.bytes
