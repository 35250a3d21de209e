"""The queue of this host: one ticket per waiting or running worker, in the order in which the runs start.

A ticket is a file, `NUMBER-RUN`, or `NUMBER-RUN@DEVICE` once the run has started on a device: the names alone hold the
order and who has what. What devices a run may take stands in its ticket; whose turn it is, in `turns.py`. The launcher
draws the ticket, so that runs wait in the order of their launches; the worker takes hold of it by a lock on the file
(`ticket.py`). A ticket counts while that lock is held and, before the worker holds it, while the worker lives.
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
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING, Literal

from engine.record.ends import UNCLAIMED_AFTER
from engine.record.identity import Identity
from engine.record.shared import share_file, shared_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Where = Literal["up", "down", "first", "last"]

ON = "@"
"""What stands before the device in the name of a ticket whose run has started."""

_NAME = re.compile(rf"(\d{{8}}(?:\.\d+)?)-([^{ON}]+)(?:{ON}(.+))?")
_FIRST = 10_000_000
"""The number of the first ticket: runs can be moved ahead of it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run asks of the queue.

    Attributes:
        devices: the queue names of those that it may take; see :func:`engine.control.devices.device_set`.
        slots: how many runs may be on its device at once, itself among them.
        need: bytes of a GPU's memory that it needs.
    """

    devices: tuple[str, ...]
    slots: int = 1
    need: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A ticket as others see it.

    Attributes:
        name: of its file.
        number: by which those that wait are ordered.
        run: id of the run.
        device: queue name of the one that it has; empty while it waits.
        wish: what the run asked for.
        pid: of its worker; 0 if that is not known.
        since: when it began to wait or, once it runs, to run; in seconds since the epoch.
    """

    name: str
    number: Fraction
    run: str
    device: str
    wish: Wish
    pid: int = 0
    since: float = 0.0

    @property
    def running(self) -> bool:
        """Whether the run has started."""
        return bool(self.device)

    @property
    def devices(self) -> tuple[str, ...]:
        """Those that the run may take."""
        return self.wish.devices

    @property
    def slots(self) -> int:
        """How many runs may be on its device at once."""
        return self.wish.slots

    @property
    def need(self) -> int:
        """Bytes of a GPU's memory that it needs."""
        return self.wish.need

    def on(self, devices: Iterable[str]) -> bool:
        """Tell whether the run has one of these devices, or waits for one."""
        return not {self.device, *(() if self.device else self.devices)}.isdisjoint(devices)


class Queue:
    """All tickets of this host.

    Args:
        home: the workspace, whose permissions they take.
    """

    def __init__(self, home: Path) -> None:
        self.folder = home / "queue" / socket.gethostname()
        self._home = home

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
        if not found:
            return None
        pid = said.worker.pid if said.worker else 0
        return Entry(name, Fraction(found[1]), found[2], found[3] or "", said.wish, pid, since)

    def draw(self, run: str, wish: Wish, worker: Identity) -> Path:
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
            say(descriptor, wish, worker, held=False)
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
        """Move a run that waits among those that wait for a device of its set, behind the door; at an end it stays.

        One that has died stays, too.

        Raises:
            PermissionError: if the ticket is another user's and the folder keeps it for that user.
        """
        waiting = [entry for entry in self.living() if not entry.running]
        moved = next((entry for entry in waiting if entry.run == run), None)
        if moved is None:
            return
        rivals = [entry for entry in waiting if entry.on(moved.devices)]
        index = rivals.index(moved)
        target = {"first": 0, "last": len(rivals) - 1, "up": index - 1, "down": index + 1}[where]
        target = min(max(target, 0), len(rivals) - 1)
        if target == index:
            return
        # Right beside the one whose place it takes, among those, too, that wait for other devices.
        others = [entry.number for entry in waiting if entry is not moved]
        place = others.index(rivals[target].number) + (target > index)
        before = others[place - 1] if place else None
        after = others[place] if place < len(others) else None
        (self.folder / moved.name).rename(self.folder / f"{_written(_between(before, after))}-{run}")


def rivals(entries: Sequence[Entry], own: Entry) -> list[Entry]:
    """Return those ahead of one that waits which have a device of its set, or wait for one, the nearest last."""
    return [entry for entry in entries[: entries.index(own)] if entry.on(own.devices)]


def place(entries: Sequence[Entry], own: Entry) -> tuple[int, str]:
    """Return the place of one that waits among those that wait for its devices, from 1, and the run ahead of it.

    Who is first for several devices is behind no run: it takes whichever becomes free.
    """
    ahead = rivals(entries, own)
    position = sum(not entry.running for entry in ahead) + 1
    return position, ahead[-1].run if ahead and (position > 1 or len(own.devices) == 1) else ""


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

    wish: Wish = Wish(())
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
        values = json.loads(os.pread(descriptor, 65_536, 0))
        wish = Wish(tuple(map(str, values["devices"])), int(values["slots"]), int(values["need"]))
        return _Said(wish, Identity.from_json(values["worker"]), bool(values["held"]))
    except (ValueError, KeyError, TypeError):
        return _Said()


def say(descriptor: int, wish: Wish, worker: Identity, *, held: bool) -> None:
    """Write into a ticket whose it is."""
    values = {**asdict(wish), "worker": worker.to_json(), "held": held}
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
