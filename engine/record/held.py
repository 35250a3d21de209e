"""A folder that is kept open, so that it is found again where it lies if somebody moves it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Callable


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

    def write(self, name: str, write: Callable[[Path], object]) -> int:
        """Let a function write a file of the folder; again where the folder lies then, if it is moved meanwhile.

        Args:
            name: of the file, as seen from the folder; the folders in between are made.
            write: takes the file's path.

        Returns:
            The bytes of the file.

        Raises:
            WorkspaceError: as :meth:`path`.
            OSError: if the disk refuses.
        """
        while True:
            folder = self.path()
            try:
                for between in reversed(Path(name).parents[:-1]):
                    (folder / between).mkdir(exist_ok=True)
                write(folder / name)
                return (folder / name).stat().st_size
            except Exception:  # who writes may have errors of its own, as safetensors; none is swallowed
                if self._lies_at(folder):
                    raise

    def _lies_at(self, path: Path) -> bool:
        try:
            return os.path.samestat(path.stat(), os.fstat(self._handle))
        except OSError:
            return False
