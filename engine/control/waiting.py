"""What users ask of the queue: who runs and who waits, to move a run that waits, to let it go before it starts."""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine import wording
from engine.control import requests
from engine.control.devices import device_of
from engine.control.queue import queues
from engine.errors import RunStateError, WorkspaceError
from engine.record.shared import owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.control.queue import Entry, Queue, Where
    from engine.record.events import State
    from engine.record.run_directory import RunDirectory

JUST_SECONDS = 3.0
"""For how long a run has just started: somebody who saw it wait may not know yet."""


@dataclass(frozen=True, slots=True)
class Place:
    """A run's place in the queue of a device of this host.

    Attributes:
        device: as users name it: ``cpu``, ``cuda:1``.
        run: its id.
        position: its place among those that wait, from 1; 0 for a run that has started.
        since: when it began to wait, or to run; in seconds since the epoch.
        behind: id of the run directly ahead of one that waits; empty if there is none.
        reason: why one waits that is in the queue of a cluster, as its scheduler says.
    """

    device: str
    run: str
    position: int
    since: float
    behind: str
    reason: str = ""

    @property
    def state(self) -> State:
        """The state of the run: ``queued`` or ``running``."""
        return "queued" if self.position else "running"


def places(home: Path) -> list[Place]:
    """Return who runs and who waits on the devices of this host, those that run first, then in the order of starting.

    Raises:
        WorkspaceError: if a queue cannot be read.
    """
    found = []
    for queue in queues(home):
        with _readable(queue), queue.door():
            entries = queue.living()
        found += _places(device_of(queue.device), entries)
    return found


def move(run: RunDirectory, where: Where) -> Place:
    """Move a run among those that wait for its device; at an end it stays. Return its place.

    Raises:
        RunStateError: if it does not wait on this host.
        WorkspaceError: if its ticket is another user's, in a folder that keeps it for that user.
    """
    with _waiting(run, "moved") as (queue, entry):
        try:
            queue.move(run.id, where)
        except PermissionError as error:
            owner = owner_of(queue.folder / entry.name)
            raise WorkspaceError(f"run {run.id} is {owner}'s, and only {owner} can move it") from error
        entries = queue.living()
    found = next((place for place in _places(device_of(queue.device), entries) if place.run == run.id), None)
    if found is None:
        raise RunStateError(f"run {run.id} has just ended: only a waiting run can be moved")
    return found


def cancel(run: RunDirectory) -> None:
    """Let a run that waits stop before it starts; it can be resumed.

    Raises:
        RunStateError: if it does not wait on this host.
        WorkspaceError, DiskFull: if it cannot be told.
    """
    # Behind the door, which the run must pass to start: then it finds the request.
    with _waiting(run, "cancelled"):
        requests.send(run.control, "stop")


def _places(device: str, entries: list[Entry]) -> list[Place]:
    running = sum(entry.running for entry in entries)
    behind = ["", *(entry.run for entry in entries)]
    return [
        Place(device, entry.run, 0, entry.since, "")
        if entry.running
        else Place(device, entry.run, number - running, entry.since, behind[number - 1])
        for number, entry in enumerate(entries, 1)
    ]


@contextlib.contextmanager
def _waiting(run: RunDirectory, what: str) -> Iterator[tuple[Queue, Entry]]:
    """Hold the door of the queue in which a run waits.

    Raises:
        RunStateError: if it does not wait on this host; ``what`` cannot be done.
    """
    for queue in queues(run.path.parents[1]):
        with _readable(queue), queue.door():
            entry = next((entry for entry in reversed(queue.living()) if entry.run == run.id), None)
            if entry is not None and not entry.running:
                yield queue, entry
                return
        if entry is not None:
            recently = time.time() - entry.since < JUST_SECONDS
            state = "has just started" if recently else "is running"
            raise RunStateError(f"run {run.id} {state}: {wording.only_waiting(what)}")
    status = run.status()
    if status.state != "queued":
        raise RunStateError(f"run {run.id} is {status.state}: {wording.only_waiting(what)}")
    if status.worker and status.worker.host != socket.gethostname():
        raise RunStateError(f"run {run.id} waits on {status.worker.host}: it can be {what} from there")
    raise RunStateError(f"run {run.id} is just starting: try again in a moment")


@contextlib.contextmanager
def _readable(queue: Queue) -> Iterator[None]:
    """Say in one sentence that a queue cannot be read."""
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            f"the queue {queue.folder} cannot be read ({error.strerror}): ask {owner_of(queue.folder)} for access"
        ) from error
