"""What users ask of the queue: who runs and who waits, to move a run that waits, to let it go before it starts."""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine import wording
from engine.control import requests
from engine.control.devices import device_of, set_name
from engine.control.queue import Queue, place
from engine.errors import RunStateError, WorkspaceError
from engine.record.shared import owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.control.queue import Entry, Where
    from engine.record.events import State
    from engine.record.run_directory import RunDirectory

JUST_SECONDS = 3.0
"""For how long a run has just started: somebody who saw it wait may not know yet."""


@dataclass(frozen=True, slots=True)
class Place:
    """A run's place in the queue of this host.

    Attributes:
        device: the one that it has, or those for which it waits, as users name them: ``cpu``, ``cuda:1,2``, ``any``.
        run: its id.
        position: its place among those that wait for the same devices, from 1; 0 for a run that has started.
        since: when it began to wait, or to run; in seconds since the epoch.
        behind: id of the run directly ahead of one that waits; empty if there is none, or for several devices.
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
        WorkspaceError: if the queue cannot be read.
    """
    queue = Queue(home)
    if not queue.folder.is_dir():
        return []
    with _readable(queue), queue.door():
        return _places(queue.living())


def move(run: RunDirectory, where: Where) -> Place:
    """Move a run among those that wait for its devices; at an end it stays. Return its place.

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
    found = next((place for place in _places(entries) if place.run == run.id), None)
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


def _places(entries: list[Entry]) -> list[Place]:
    return [
        Place(device_of(entry.device), entry.run, 0, entry.since, "")
        if entry.running
        else Place(set_name(entry.devices), entry.run, *_at(entries, entry))
        for entry in entries
    ]


def _at(entries: list[Entry], entry: Entry) -> tuple[int, float, str]:
    position, behind = place(entries, entry)
    return position, entry.since, behind


@contextlib.contextmanager
def _waiting(run: RunDirectory, what: str) -> Iterator[tuple[Queue, Entry]]:
    """Hold the door of the queue while a run waits in it.

    Raises:
        RunStateError: if it does not wait on this host; ``what`` cannot be done.
    """
    queue = Queue(run.path.parents[1])
    entry = None
    if queue.folder.is_dir():
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
