"""The directory of one run: what was asked for, its attempts, and in what state it is."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import WorkspaceError
from engine.record.claim import Claim, read_claim
from engine.record.ends import (
    CANCELLED,
    NEVER_STARTED,
    UNCLAIMED_AFTER,
    ended_here,
    last_words,
    left_by,
    lost,
)
from engine.record.events import (
    ENDED,
    STARTING,
    CheckpointSaved,
    Event,
    Progress,
    State,
    StateChanged,
)
from engine.record.log import LogReader, events_backwards, last_event
from engine.record.output import OutputReader
from engine.record.shared import owner_of
from engine.slurm.job import read_job
from engine.slurm.queue import QUEUE
from engine.slurm.words import INTERRUPTED, in_slurm

if TYPE_CHECKING:
    from engine.record.history import History
    from engine.record.identity import Identity
    from engine.slurm.job import Job

IMPORTED = "imported"
"""The experiment of runs that were made of other programs' logs: nothing here can run it."""
SILENT_AFTER = 90.0
"""Seconds without a sign of life after which a worker on another host counts as crashed; it gives one every ten."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What was asked for, written once: the content of ``run.json``."""

    id: str
    experiment: str
    hyperparameters: dict[str, Any]
    seed: int
    device: str
    created: float
    name: str = ""
    slots: int = 1
    threads: int = 0
    parents: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
    git: dict[str, Any] = field(default_factory=dict)
    host: str = ""
    sweep: str = ""
    executor: str = "local"
    slurm: dict[str, Any] = field(default_factory=dict)

    @property
    def imported(self) -> bool:
        """Whether the run was made of another program's log."""
        return self.experiment == IMPORTED

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ``format`` first."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> RunRecord:
        """Rebuild a record; names added by later versions are left out.

        Raises:
            TypeError: saying what is missing, or is not what it should be.
        """
        if not isinstance(values, dict):
            raise TypeError("it holds no record of a run")
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        if lacking := [name for name in _REQUIRED if name not in known]:
            raise TypeError(f"{lacking[0]} is missing")
        for name, kinds in _KINDS.items():
            if not isinstance(known.get(name, kinds[0]()), kinds):
                raise TypeError(f"{name} is {known[name]!r}")
        return cls(**known | {"parents": tuple(known.get("parents", ()))})


_REQUIRED = ("id", "experiment", "hyperparameters", "seed", "device", "created")
_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("id", "experiment", "device", "name", "host", "sweep", "executor"), (str,)),
    **dict.fromkeys(("hyperparameters", "versions", "git", "slurm"), (dict,)),
    **dict.fromkeys(("seed", "slots", "threads"), (int,)),
    "created": (float, int),
    "parents": (list, tuple),
}


def _whole(text: str) -> float:
    """Return a whole number of a file; one that no float holds is infinite, as `json` reads 1e400."""
    return int(text) if len(text) < 300 else float(text)


@dataclass(frozen=True, slots=True)
class Status:
    """In what state a run is, by its last event and by whether its worker lives.

    Attributes:
        inferred: whether no event tells it: the end is known by the worker's absence alone, or a scheduler's queue
            says that it waits.
    """

    state: State
    reason: str = ""
    step: int = 0
    total: int = 0
    eta: float = 0.0
    result: dict[str, float] = field(default_factory=dict)
    attempt: int = 1
    worker: Identity | None = None
    changed: float = 0.0
    inferred: bool = False

    @property
    def ended(self) -> bool:
        """Whether no worker is busy with the run any more."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class Attempt:
    """One worker's part of a run: ``claim.json``, ``events.jsonl``, ``output.log``."""

    path: Path

    @property
    def number(self) -> int:
        """Its number, from 1."""
        return int(self.path.name)

    @property
    def events(self) -> Path:
        """The event log."""
        return self.path / "events.jsonl"

    @property
    def output(self) -> Path:
        """What the worker and its children printed."""
        return self.path / "output.log"

    @property
    def killed(self) -> Path:
        """The file that a user who kills the worker leaves, so that its end is not taken for a crash."""
        return self.path / "killed"

    def claim(self) -> Claim | None:
        """Return who serves it, or None while nobody does."""
        return read_claim(self.path)

    def output_tail(self, lines: int = 8, limit: int = 16_384) -> list[str]:
        """Return the last lines of the output, however much there is."""
        try:
            with self.output.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - limit))
                text = file.read().decode("utf-8", "replace")
        except OSError:
            return []
        return [line.rstrip() for line in text.replace("\r", "\n").splitlines() if line.strip()][-lines:]


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """A run's directory; every method reads the disk anew.

    Attributes:
        path: where it lies.
        id: the run's id, the folder's name.
    """

    path: Path
    id: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Once: lists of thousands of runs ask for it at every key.
        object.__setattr__(self, "id", self.path.name)

    @property
    def attempts_folder(self) -> Path:
        """Where the attempts lie."""
        return self.path / "attempts"

    @property
    def control(self) -> Path:
        """Where requests to the worker are put."""
        return self.path / "control"

    @property
    def readable(self) -> bool:
        """Whether this user may look into it; a run that is not there (any more) counts as readable."""
        return os.access(self.path, os.R_OK | os.X_OK) or not self.path.exists()

    def record(self) -> RunRecord:
        """Return what was asked for.

        Raises:
            WorkspaceError: if ``run.json`` is missing or damaged.
        """
        if not self.readable:
            raise WorkspaceError(f"run {self.id} is {owner_of(self.path)}'s, and you may not read it")
        try:
            return RunRecord.from_json(json.loads((self.path / "run.json").read_bytes(), parse_int=_whole))
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise WorkspaceError(
                f"{self.path / 'run.json'} cannot be read ({error}): restore it or remove the run"
            ) from error

    def attempts(self) -> list[Attempt]:
        """Return the attempts, oldest first."""
        try:
            names = sorted(name for name in os.listdir(self.attempts_folder) if name.isdigit())
        except OSError:
            return []
        return [Attempt(self.attempts_folder / name) for name in names]

    def reader(self) -> LogReader:
        """Return a reader that starts at the first event."""
        return LogReader(self.attempts_folder)

    def output(self) -> OutputReader:
        """Return a reader of what the last attempt's worker prints."""
        attempts = self.attempts()
        return OutputReader(attempts[-1].output if attempts else self.path / "output.log")

    def output_tail(self, lines: int = 8) -> list[str]:
        """Return the last lines that the last attempt's worker printed."""
        attempts = self.attempts()
        return attempts[-1].output_tail(lines) if attempts else []

    def status(self) -> Status:
        """Return the run's state, from the last events of its last attempt and the presence of its worker."""
        if not self.readable:
            return Status("private", f"it is {owner_of(self.path)}'s, and you may not read it")
        attempts = self.attempts()
        if not attempts:
            return Status("crashed", "its attempts folder is missing or cannot be read", inferred=True)
        attempt = attempts[-1]
        last = last_event(attempt.events, (StateChanged, Progress))
        if isinstance(last, StateChanged) and last.state in ENDED:
            claim = attempt.claim()
            return Status(
                last.state,
                last.reason,
                last.step,
                last.total,
                result=last.result,
                attempt=attempt.number,
                worker=claim.worker if claim else None,
                changed=last.t,
            )
        return self._unfinished(attempt, last)

    def _unfinished(self, attempt: Attempt, last: Event | None) -> Status:
        claim = attempt.claim()
        if claim is None and (job := read_job(attempt.path)):
            return self._submitted(attempt, job)
        if claim is None:
            age = time.time() - attempt.path.stat().st_mtime
            if age > UNCLAIMED_AFTER:
                words = last_words(attempt, NEVER_STARTED)
                return Status("crashed", words, attempt=attempt.number, inferred=True)
            return Status("queued", STARTING, attempt=attempt.number, changed=time.time() - age)
        # Only a running program makes progress, so there is no need to look for the event that says it runs.
        state: State
        match last:
            case Progress(step=step, total=total, eta=eta):
                state, reason = "running", ""
            case StateChanged(state=state, reason=reason, step=step, total=total):
                eta = 0.0
            case _:
                state, reason, step, total, eta = "queued", STARTING, 0, 0, 0.0
        gone, why = self._gone(attempt, claim, reason if state == "queued" else "")
        # The worker may have ended between the two looks: its last word counts, not its absence.
        if gone:
            final = last_event(attempt.events, (StateChanged, Progress))
            if isinstance(final, StateChanged) and final.state in ENDED:
                return self.status()
        return Status(
            gone or state,
            why or reason,
            step,
            total,
            eta,
            attempt=attempt.number,
            worker=claim.worker,
            changed=max(last.t if last else 0.0, claim.t),
            inferred=gone is not None,
        )

    def _submitted(self, attempt: Attempt, job: Job) -> Status:
        """Return the state of an attempt whose job no worker has begun to carry out."""
        state: State = "queued"
        changed = job.submitted
        if attempt.killed.exists():
            # Also if its job has not noticed: a worker that finds this makes nothing of the attempt.
            state, reason, changed = "stopped", CANCELLED, attempt.killed.stat().st_mtime
        else:
            seen = QUEUE.look(job)
            reason = in_slurm(job, seen)
            if attempt.claim() is not None:  # between the two looks
                return self.status()
            if seen.where == "gone":
                state, reason = lost(attempt, job, seen)
        return Status(state, reason, attempt=attempt.number, changed=changed, inferred=True)

    @staticmethod
    def _gone(attempt: Attempt, claim: Claim, waits: str) -> tuple[State | None, str]:
        """Return how a worker that logged no end has ended, and why; None while it is there.

        ``waits`` is why the run is queued by its log, empty if it is not.
        """
        presence = claim.worker.presence()
        if presence == "alive":
            return None, ""
        silence = time.time() - (attempt.events if attempt.events.exists() else attempt.path).stat().st_mtime
        silent = presence == "dead" or silence > SILENT_AFTER
        if job := read_job(attempt.path):
            if silent or waits.startswith(INTERRUPTED) or attempt.killed.exists():
                return left_by(attempt, job, waits, dead=presence == "dead")
            return None, ""
        if presence == "elsewhere":
            told = f"no sign of life from its worker on {claim.worker.host} for {silence:.0f} s"
            return ("crashed", told) if silent else (None, "")
        return ended_here(attempt, claim)

    def last_checkpoint(self) -> CheckpointSaved | None:
        """Return the newest checkpoint whose file is still there and whole, or None."""
        for attempt in reversed(self.attempts()):
            for found in events_backwards(attempt.events, (CheckpointSaved,)):
                if isinstance(found, CheckpointSaved) and self._whole(found):
                    return found
        return None

    def _whole(self, checkpoint: CheckpointSaved) -> bool:
        try:
            return (self.path / checkpoint.file).stat().st_size == checkpoint.size
        except OSError:
            return False

    def history(self) -> History:
        """Return what the run's events say up to now."""
        # Late, because it brings numpy, which listing and completing runs can do without.
        from engine.record.history import History

        history = History()
        history.read(self.reader())
        return history
