"""The MD5 sum of a file, by which data sets are published. No torch."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def md5_of(path: Path) -> str:
    """Return the MD5 sum of a file's content, in hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
