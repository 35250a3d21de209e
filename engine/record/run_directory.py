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
from engine.record.events import (
    ENDED,
    STARTING,
    CheckpointSaved,
    Event,
    Progress,
    State,
    StateChanged,
)
from engine.record.identity import Identity, kills_for_memory
from engine.record.log import LogReader, events_backwards, last_event
from engine.record.output import OutputReader
from engine.record.shared import owner_of

if TYPE_CHECKING:
    from engine.record.history import History

IMPORTED = "imported"
"""The experiment of runs that were made of other programs' logs: nothing here can run it."""
UNCLAIMED_AFTER = 20.0
"""Seconds after which an attempt that no worker has claimed counts as crashed."""
KILLED = "ended by you at once, without saving"
"""The reason of a run whose worker a user has killed."""
WITHOUT_A_WORD = "its worker ended without a word (killed, or crashed in compiled code)"
"""How the reason of a crash begins of which nobody but perhaps the output says why."""
SAYS = "it says"
"""What stands in such a reason before the cause that the interpreter or the worker left in the output."""
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

    @property
    def imported(self) -> bool:
        """Whether the run was made of another program's log."""
        return self.experiment == IMPORTED

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ``format`` first."""
        return {"format": 1, **asdict(self)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> RunRecord:
        """Rebuild a record; names added by later versions are left out."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        for name, kinds in _KINDS.items():
            if not isinstance(known.get(name, kinds[0]()), kinds):
                raise TypeError(f"{name} is {known[name]!r}")
        return cls(**known | {"parents": tuple(known.get("parents", ()))})


_KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("id", "experiment", "device", "name", "host", "sweep"), (str,)),
    **dict.fromkeys(("hyperparameters", "versions", "git"), (dict,)),
    **dict.fromkeys(("seed", "slots", "threads"), (int,)),
    "created": (float, int),
    "parents": (list, tuple),
}


@dataclass(frozen=True, slots=True)
class Status:
    """In what state a run is, by its last event and by whether its worker lives.

    Attributes:
        inferred: whether the end is known by the worker's absence alone, so that no event tells it.
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
    """A run's directory; every method reads the disk anew."""

    path: Path

    @property
    def id(self) -> str:
        """The run's id."""
        return self.path.name

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
            return RunRecord.from_json(json.loads((self.path / "run.json").read_bytes()))
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
        if claim is None:
            age = time.time() - attempt.path.stat().st_mtime
            if age > UNCLAIMED_AFTER:
                words = _last_words(attempt, "its worker never started")
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
        gone, why = self._gone(attempt, claim)
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

    @staticmethod
    def _gone(attempt: Attempt, claim: Claim) -> tuple[State | None, str]:
        """Return how a worker that logged no end has ended, and why; None while it is there."""
        presence = claim.worker.presence()
        if presence == "alive":
            return None, ""
        if presence == "elsewhere":
            silence = time.time() - (attempt.events if attempt.events.exists() else attempt.path).stat().st_mtime
            if silence <= SILENT_AFTER:
                return None, ""
            return "crashed", f"no sign of life from its worker on {claim.worker.host} for {silence:.0f} s"
        if attempt.killed.exists():
            return "stopped", KILLED
        if kills_for_memory() > claim.kills_for_memory:
            return "crashed", _last_words(attempt, "the system killed its worker, probably because memory ran out")
        return "crashed", _last_words(attempt, WITHOUT_A_WORD)

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


TELLING = ("Fatal Python error:", "the program ended the process itself")
"""Beginnings of the lines, left by the interpreter or by the worker, that name the cause of a crash."""


def _last_words(attempt: Attempt, reason: str) -> str:
    words = attempt.output_tail(200)
    cause = next((line for line in reversed(words) if line.startswith(TELLING)), "")
    if cause or words:
        return f"{reason}; {SAYS if cause else 'last output'}: {(cause or words[-1])[:300]}"
    return reason
