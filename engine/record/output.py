"""What a worker and its children print, read as it grows; of a flood only the end is read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PIECE = 8_192


class OutputReader:
    """Reads new lines of one output file, of a flood only the last few kilobytes.

    Attributes:
        skipped: bytes passed over so far.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.skipped = 0

    def poll(self) -> list[str]:
        """Return the lines completed since the last poll."""
        try:
            with self._path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                start = max(self._offset, end - PIECE)
                self.skipped += start - self._offset
                file.seek(start)
                data = file.read(end - start)
        except OSError:
            return []
        complete = data.rfind(b"\n") + 1
        if not complete and len(data) == PIECE:
            complete = PIECE
        self._offset = start + complete
        return [line for line in data[:complete].decode("utf-8", "replace").splitlines() if line.strip()]
