"""Writing files so that readers see the old content or the new, never half, and a crash keeps what was promised."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import DiskFull, WorkspaceError, is_full_disk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


LONGEST_NAME = 80
"""How many characters of a picture's or a table's name its file's name may have."""


def file_name(name: str) -> str:
    """Return a name for a file; a hash is appended if characters were replaced or the name is too long."""
    plain = re.sub(r"[^\w.-]+", "-", name).strip("-.")
    if plain == name.replace(" ", "-") and len(plain) <= LONGEST_NAME:
        return plain
    return f"{plain[:LONGEST_NAME]}-{hashlib.blake2b(name.encode('utf-8', 'replace'), digest_size=3).hexdigest()}"


def placed(room: str, name: str, step: int, ending: str) -> str:
    """Return the file of a picture or a plot of a step, as it is called in a run's directory."""
    return f"{room}/{file_name(name)}/{step:09d}{ending}"


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, bring it onto the disk, and rename it into place."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:  # an interruption too leaves nothing half-written
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def plain_json(value: Any) -> Any:
    """Return a value that JSON can write: floats that it lacks become the strings ``nan``, ``inf`` and ``-inf``."""
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    return value


def write_json(path: Path, value: Any, indent: int | None = 1) -> None:
    """Write a JSON document atomically."""
    text = json.dumps(plain_json(value), indent=indent, ensure_ascii=False, allow_nan=False) + "\n"
    # Lone surrogates, as in file names that are not UTF-8, are escaped as JSON does it.
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8", errors="backslashreplace"))


def sync_folder(path: Path) -> None:
    """Bring the entries of a folder onto the disk, so that a rename in it outlives a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """Turn what a disk refuses into one sentence.

    Raises:
        DiskFull: no space or no quota is left.
        WorkspaceError: the place is read-only, forbidden, not a folder or otherwise refused.
    """
    try:
        yield
    except OSError as error:
        if is_full_disk(error):
            raise DiskFull(
                f"the disk under {place} is full: free some space or set PHOSPHENE_HOME to another disk"
            ) from error
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            raise WorkspaceError(f"{place} cannot be written: set PHOSPHENE_HOME to a folder of yours") from error
        if isinstance(error, NotADirectoryError | FileExistsError):
            raise WorkspaceError(f"{place} is not a folder: set PHOSPHENE_HOME to one") from error
        raise WorkspaceError(
            f"{place} cannot be written ({error.strerror}): set PHOSPHENE_HOME to a folder of yours"
        ) from error
