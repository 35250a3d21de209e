"""A worker's ticket: taken hold of, looked at until it is its run's turn, and marked with the device it starts on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING

from engine import wording
from engine.control.memory import free_memory, missing
from engine.control.queue import ON, Queue, open_existing, place, rivals, say
from engine.control.turns import short_of_memory, turn
from engine.record.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.control.queue import Entry, Wish

MEMORY_SECONDS = 1.0
"""How often a run looks for memory that strangers have on its devices."""


class Ticket:
    """A worker's place in the queue of this host: the one that was drawn for it, or a new one.

    Args:
        home: the workspace.
        run: id of the run.
        wish: which devices it may take, how many may be on one at once, and how much memory it needs.

    Attributes:
        device: the queue name of the device that the run has; empty until it has started.
        position: the run's place among those that wait for the same devices, from 1; 0 once it has started.
        behind: id of the run directly ahead of it; empty if there is none.
        reason: why it waits, in words.
    """

    def __init__(self, home: Path, run: str, wish: Wish) -> None:
        self._queue = Queue(home)
        self._run = run
        self._wish = wish
        self._names: list[str] = []
        self._watched: list[str] = []
        self._looked = 0.0
        self.device = ""
        self.position = 0
        self.behind = ""
        self.reason = ""
        self._short: list[str] = []
        self._memory = False
        with self._queue.door():
            self._descriptor = self._take_hold()
        # A forked child shares the lock and would keep the place of a dead worker.
        os.register_at_fork(after_in_child=self._disown)

    def _take_hold(self) -> int:
        worker = Identity.own()
        descriptor = open_existing(self._queue.draw(self._run, self._wish, worker))
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # From here on the lock alone tells whether the worker lives.
        say(descriptor, self._wish, worker, held=True)
        return descriptor

    def start(self) -> bool:
        """Start the run if it is its turn; return whether it has started.

        Once it has started, further calls return True.

        Raises:
            MachineFailure: if its devices do not answer any more.
        """
        if self._nothing_new():
            return False
        self._looked = time.monotonic()
        with self._queue.door():
            entries = self._queue.living()
            own = self._own(entries)
            if own is None:
                # Somebody removed the file: the run waits on, as the last one.
                self._disown()
                self._descriptor = self._take_hold()
                entries = self._queue.living()
                own = self._own(entries)
            if own is None:
                return False
            if own.running:
                self.device = own.device
                return True
            free = free_memory(entries)
            self._memory = bool(short_of_memory(entries, own, free))
            if device := turn(entries, own, free):
                path = self._queue.folder / own.name
                os.utime(self._descriptor)
                path.rename(path.with_name(f"{own.name}{ON}{device}"))
                self.device, self.position, self.behind, self.reason = device, 0, "", ""
                return True
            ahead = rivals(entries, own)
            # While a run of ours has one of the devices, that is what is waited for.
            self._wait(*place(entries, own), [] if ahead else short_of_memory(entries, own, free))
            self._names = self._queue.names()
            self._watched = [entry.name for entry in ahead]
        return False

    def _wait(self, position: int, behind: str, short: list[str]) -> None:
        for_memory = missing(short, self._wish.need) if short else ""
        if not self.reason or (position, behind, short) != (self.position, self.behind, self._short):
            # What is said of memory stays as it was while it is about the same devices: it changes all the time.
            self.reason = for_memory or wording.place(position, behind)
        self.position, self.behind, self._short = position, behind, short

    def _nothing_new(self) -> bool:
        """Tell whether the tickets are as at the last look and those live whose end this worker is to notice."""
        if not self._names or self._queue.names() != self._names:
            return False
        if self._memory and time.monotonic() - self._looked >= MEMORY_SECONDS:
            return False
        return all(map(self._queue.look, self._watched))

    def _own(self, entries: Sequence[Entry]) -> Entry | None:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                if entry.run == self._run and os.path.samestat(
                    (self._queue.folder / entry.name).stat(), os.fstat(self._descriptor)
                ):
                    return entry
        return None

    def _disown(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def release(self) -> None:
        """Leave the queue."""
        with self._queue.door():
            if own := self._own(self._queue.living()):
                (self._queue.folder / own.name).unlink()
        self._disown()
