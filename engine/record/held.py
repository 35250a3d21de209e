"""A folder that is kept open, so that it is found again where it lies if somebody moves it."""

from __future__ import annotations

import os
from pathlib import Path

from engine.errors import WorkspaceError


class HeldFolder:
    """A folder by its handle; Linux tells where that is.

    Raises:
        OSError: if there is no such folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def path(self) -> Path:
        """Return where the folder lies now.

        Raises:
            WorkspaceError: if it was removed, or moved to where it cannot be reached.
        """
        if self._lies_at(self._path):
            return self._path
        now = Path(f"/proc/self/fd/{self._handle}").readlink()
        if not self._lies_at(now):
            raise WorkspaceError(f"{self._path} was removed while the run went on: nothing more can be kept of it")
        self._path = now
        return now

    def _lies_at(self, path: Path) -> bool:
        try:
            return os.path.samestat(path.stat(), os.fstat(self._handle))
        except OSError:
            return False
