"""A worker's ticket: taken hold of, looked at until it is its run's turn, and marked when the run starts."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from engine.control.queue import RUNNING, Queue, open_existing, say
from engine.record.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.control.queue import Entry


class Ticket:
    """A worker's place in the queue of one device on this host: the one that was drawn for it, or a new one.

    Args:
        home: the workspace.
        device: the queue's name.
        run: id of the run.
        slots: how many may run at once, this one among them.

    Attributes:
        position: the run's place among those that wait, from 1; 0 once it has started.
        behind: id of the run directly ahead of it.
    """

    def __init__(self, home: Path, device: str, run: str, slots: int = 1) -> None:
        self._queue = Queue.of(home, device)
        self._run = run
        self._slots = slots
        self._names: list[str] = []
        self._watched: list[str] = []
        self.position = 0
        self.behind = ""
        with self._queue.door():
            self._descriptor = self._take_hold()
        # A forked child shares the lock and would keep the place of a dead worker.
        os.register_at_fork(after_in_child=self._disown)

    def _take_hold(self) -> int:
        worker = Identity.own()
        descriptor = open_existing(self._queue.draw(self._run, self._slots, worker))
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # From here on the lock alone tells whether the worker lives.
        say(descriptor, self._slots, worker, held=True)
        return descriptor

    def start(self) -> bool:
        """Start the run if it is its turn; return whether it has started.

        Once it has started, further calls return True.
        """
        if self._nothing_new():
            return False
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
                return True
            ahead = entries[: entries.index(own)]
            running = [entry for entry in ahead if entry.running]
            if _may_start(ahead, own):
                path = self._queue.folder / own.name
                os.utime(self._descriptor)
                path.rename(path.with_name(f"{own.name}{RUNNING}"))
                self.position, self.behind = 0, ""
                return True
            self.position, self.behind = len(ahead) - len(running) + 1, ahead[-1].run
            self._names = self._queue.names()
            self._watched = [entry.name for entry in (*running, ahead[-1])]
        return False

    def _nothing_new(self) -> bool:
        """Tell whether the tickets are as at the last look and those live whose end this worker is to notice."""
        return bool(self._names) and self._queue.names() == self._names and all(map(self._queue.look, self._watched))

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


def _may_start(ahead: Sequence[Entry], own: Entry) -> bool:
    """Tell whether fewer runs are ahead than the run's slots, and those that wait ahead could start after it, too."""
    return own.slots > len(ahead) and all(entry.running or entry.slots > place + 1 for place, entry in enumerate(ahead))
