"""The local queue: one ticket per waiting or running worker and device, numbered in the order of arrival.

A ticket counts while its worker holds the lock on its file. The kernel drops the locks of a process that ends, so
a dead worker leaves nothing to clean up. A run starts when fewer live tickets are ahead of its own than it allows.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from typing import TYPE_CHECKING

from engine.record.shared import share_file, shared_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _folder(home: Path, device: str) -> Path:
    return home / "queue" / socket.gethostname() / device.replace(":", "-")


def has_tickets(home: Path, device: str) -> bool:
    """Tell whether any run is on a device of this host, or waits for it; a dead one counts until it is cleaned up."""
    try:
        return any(name[:8].isdigit() for name in os.listdir(_folder(home, device)))
    except OSError:
        return False


class Ticket:
    """A place in the queue of one device on this host."""

    def __init__(self, home: Path, device: str, run: str) -> None:
        self._folder = _folder(home, device)
        shared_folder(self._folder, home)
        with self._door():
            # Numbering and publishing are one locked step, so that nobody can arrive later with a lower number.
            self.number = max((int(name.partition("-")[0]) for name in self._names()), default=0) + 1
            self._path = self._folder / f"{self.number:08d}-{run}"
            self._descriptor = _open_shared(self._path)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        # A forked child shares the lock and would keep the place of a dead worker.
        os.register_at_fork(after_in_child=self._disown)

    @contextlib.contextmanager
    def _door(self) -> Iterator[None]:
        door = _open_shared(self._folder / ".door")
        try:
            fcntl.flock(door, fcntl.LOCK_EX)
            yield
        finally:
            os.close(door)

    def _names(self) -> list[str]:
        return sorted(name for name in os.listdir(self._folder) if name[:8].isdigit())

    def ahead(self) -> list[str]:
        """Return the ids of the runs ahead whose workers live, in the order of arrival; remove dead tickets."""
        return [name.partition("-")[2] for name in self._names() if int(name[:8]) < self.number and self._live(name)]

    def _live(self, name: str) -> bool:
        try:
            descriptor = _open_existing(self._folder / name)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            # A resumed run may have made a new file of this name meanwhile: remove only the one that was locked here.
            with self._door(), contextlib.suppress(FileNotFoundError, PermissionError):
                if (self._folder / name).stat().st_ino == os.fstat(descriptor).st_ino:
                    (self._folder / name).unlink()
            return False
        finally:
            os.close(descriptor)

    def _disown(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def release(self) -> None:
        """Leave the queue."""
        self._path.unlink(missing_ok=True)
        self._disown()


def _open_existing(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except PermissionError:
        # Another user's file in a folder without group permissions: on a local disk it can be locked all the same.
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _open_shared(path: Path) -> int:
    """Open a file to lock it; make it if it is not there, so that all who share the queue can open it too."""
    while True:
        with contextlib.suppress(FileNotFoundError):
            # Not with O_CREAT: in folders like /tmp the kernel forbids that for files of others.
            return _open_existing(path)
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            share_file(path)
            return descriptor
