"""The local queue: one ticket per waiting or running worker and device, in the order in which the runs start.

A ticket is a file, `NUMBER-RUN`, or `NUMBER-RUN.running` once the run has started: the names alone hold the order. The
launcher draws the ticket, so that runs wait in the order of their launches; the worker takes hold of it by a lock on
the file (`ticket.py`). A ticket counts while that lock is held and, before the worker holds it, while the worker lives.
The kernel drops the locks of a process that ends, so a dead worker leaves nothing to clean up.

Whoever decides by the order or changes it is behind the door, a lock of the whole queue, and changes it by one rename:
one who is killed on the way leaves it as it was, or as it was to be.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import re
import socket
import time
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Literal

from engine.record.ends import UNCLAIMED_AFTER
from engine.record.identity import Identity
from engine.record.shared import share_file, shared_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Where = Literal["up", "down", "first", "last"]

RUNNING = ".running"
"""How the name of a ticket ends whose run has started."""

_NAME = re.compile(rf"(\d{{8}}(?:\.\d+)?)-(.+?)({re.escape(RUNNING)})?")
_FIRST = 10_000_000
"""The number of the first ticket: runs can be moved ahead of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A ticket as others see it.

    Attributes:
        name: of its file.
        number: by which those that wait are ordered.
        run: id of the run.
        running: whether the run has started.
        slots: how many may run at once, as the run was told.
        since: when it began to wait or, once it runs, to run; in seconds since the epoch.
    """

    name: str
    number: Fraction
    run: str
    running: bool
    slots: int = 1
    since: float = 0.0


class Queue:
    """All tickets of one device on this host.

    Args:
        folder: where they lie.
        home: the workspace, whose permissions they take.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self._home = home

    @classmethod
    def of(cls, home: Path, device: str) -> Queue:
        """Return the queue of a device by its name, see :func:`engine.control.devices.queue_name`."""
        return cls(_host(home) / device.replace(":", "-"), home)

    @property
    def device(self) -> str:
        """The name of the device's queue."""
        return self.folder.name

    @contextlib.contextmanager
    def door(self) -> Iterator[None]:
        """Hold the lock of the queue. Nobody waits for it who holds a ticket's lock that others wait for."""
        shared_folder(self.folder, self._home)
        door = _open_shared(self.folder / ".door")
        try:
            fcntl.flock(door, fcntl.LOCK_EX)
            yield
        finally:
            os.close(door)

    def names(self) -> list[str]:
        """Return the names of the tickets' files, sorted; a dead one counts until it is cleaned up."""
        return sorted(name for name in os.listdir(self.folder) if _NAME.fullmatch(name))

    def living(self) -> list[Entry]:
        """Return the tickets that count, behind the door: first those that run; remove the others."""
        entries = []
        for name in self.names():
            if entry := self.look(name):
                entries.append(entry)
            else:
                with contextlib.suppress(FileNotFoundError, PermissionError):
                    (self.folder / name).unlink()
        return sorted(entries, key=lambda entry: (not entry.running, entry.number))

    def look(self, name: str) -> Entry | None:
        """Return what a ticket says, or None if it does not count (any more)."""
        try:
            descriptor = open_existing(self.folder / name)
        except FileNotFoundError:
            return None
        try:
            said = _said(descriptor)
            since = os.fstat(descriptor).st_mtime
            if not _locked(descriptor) and not said.awaits_worker(since):
                return None
        finally:
            os.close(descriptor)
        found = _NAME.fullmatch(name)
        return Entry(name, Fraction(found[1]), found[2], bool(found[3]), said.slots, since) if found else None

    def draw(self, run: str, slots: int, worker: Identity) -> Path:
        """Return the ticket that was drawn for this worker of a run; draw one, behind the door, if there is none.

        Raises:
            OSError: if the disk refuses.
        """
        highest = Fraction(_FIRST - 1)
        for name in self.names():
            number, other = _NAME.fullmatch(name).group(1, 2)  # type: ignore[union-attr]
            highest = max(highest, Fraction(number))
            if other == run and self._drawn_for(name) == worker:
                return self.folder / name
        path = self.folder / f"{_written(Fraction(math.floor(highest) + 1))}-{run}"
        descriptor = _open_shared(path)
        try:
            say(descriptor, slots, worker, held=False)
        finally:
            os.close(descriptor)
        return path

    def _drawn_for(self, name: str) -> Identity | None:
        descriptor = open_existing(self.folder / name)
        try:
            return _said(descriptor).worker
        finally:
            os.close(descriptor)

    def move(self, run: str, where: Where) -> None:
        """Move a run that waits among those that wait, behind the door; at an end it stays, as one does that has died.

        Raises:
            PermissionError: if the ticket is another user's and the folder keeps it for that user.
        """
        waiting = [entry for entry in self.living() if not entry.running]
        index = next((index for index, entry in enumerate(waiting) if entry.run == run), None)
        if index is None:
            return
        moved = waiting.pop(index)
        target = {"first": 0, "last": len(waiting), "up": max(0, index - 1), "down": index + 1}[where]
        target = min(target, len(waiting))
        if target == index:
            return
        before = waiting[target - 1].number if target else None
        after = waiting[target].number if target < len(waiting) else None
        (self.folder / moved.name).rename(self.folder / f"{_written(_between(before, after))}-{run}")


def queues(home: Path) -> list[Queue]:
    """Return the queues of this host's devices."""
    try:
        return [Queue(folder, home) for folder in sorted(_host(home).iterdir()) if folder.is_dir()]
    except OSError:
        return []


def has_tickets(home: Path, device: str) -> bool:
    """Tell whether any run is on a device of this host, or waits for it; a dead one counts until it is cleaned up."""
    try:
        return bool(Queue.of(home, device).names())
    except OSError:
        return False


def _host(home: Path) -> Path:
    return home / "queue" / socket.gethostname()


def _between(before: Fraction | None, after: Fraction | None) -> Fraction:
    """Return a number between two of which one may be missing, with as few digits as it can have."""
    if before is None:
        return Fraction(math.ceil(after or _FIRST) - 1)
    if after is None:
        return Fraction(math.floor(before) + 1)
    for digits in count():
        low, high = math.floor(before * 10**digits) + 1, math.ceil(after * 10**digits) - 1
        if low <= high:
            return Fraction((low + high) // 2, 10**digits)
    raise AssertionError


def _written(number: Fraction) -> str:
    """Return a number as it stands in a name: names sort as the numbers do."""
    digits = next(digits for digits in count() if (number * 10**digits).denominator == 1)
    text = f"{int(number * 10**digits):0{8 + digits}d}"
    return f"{text[:8]}.{text[8:]}" if digits else text


def _locked(descriptor: int) -> bool:
    """Tell whether a worker holds the lock of a ticket; those who ask are not in each other's way."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


@dataclass(frozen=True, slots=True)
class _Said:
    """What stands in a ticket: ``held`` once its worker has taken hold of it."""

    slots: int = 1
    worker: Identity | None = None
    held: bool = False

    def awaits_worker(self, since: float) -> bool:
        """Tell whether the worker that the ticket was drawn for may still take hold of it."""
        if self.held or self.worker is None:
            return False
        presence = self.worker.presence()
        return presence == "alive" or (presence == "elsewhere" and time.time() - since < UNCLAIMED_AFTER)


def _said(descriptor: int) -> _Said:
    try:
        values = json.loads(os.pread(descriptor, 4096, 0))
        return _Said(int(values["slots"]), Identity.from_json(values["worker"]), bool(values["held"]))
    except (ValueError, KeyError, TypeError):
        return _Said()


def say(descriptor: int, slots: int, worker: Identity, *, held: bool) -> None:
    """Write into a ticket whose it is."""
    values = {"slots": slots, "worker": worker.to_json(), "held": held}
    # Over what stands there, which needs no room on a full disk.
    os.ftruncate(descriptor, os.pwrite(descriptor, json.dumps(values).encode(), 0))


def open_existing(path: Path) -> int:
    """Open a file to lock it."""
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
            return open_existing(path)
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            share_file(path)
            return descriptor
