"""The trials of a sweep: the one fold of its intents and of the runs they name. Controllers and both faces read it."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from engine.record.run_directory import RunDirectory, Status
from engine.record.workspace import Listed
from engine.selection.columns import parse_column
from engine.selection.values import MISSING, comparable, is_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.record.events import Intended
    from engine.record.histories import Histories
    from engine.record.intents import Intents
    from engine.record.workspace import Workspace
    from engine.sweep.record import SweepDirectory, SweepRecord

TrialState = Literal["reserved", "queued", "running", "finished", "failed", "crashed", "stopped", "pruned", "removed"]
"""``reserved``: its run has an id and is not launched yet. ``removed``: by hand. The others are those of its run."""
ACTIVE: frozenset[TrialState] = frozenset({"queued", "running"})
OVER: frozenset[TrialState] = frozenset({"finished", "failed", "pruned", "removed"})
"""States in which a controller has nothing more to do, but for retries of what has failed."""
ALL_SECONDS = 2.0
"""Seconds between two looks at the runs that have ended; the others are looked at every time."""
PRUNED = "pruned: "
"""How the reason of a stopped run begins that was given up because others did better."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a sweep, or one that is to be.

    Attributes:
        number: in the order in which runs were intended, from 1.
        setting: the values on the axes, by field.
        seed: of the run.
        run: its id.
        state: of the trial.
        reason: of that state.
        value: of the sweep's metric; None as long as there is none.
        status: of the run; None if it has no directory.
        reused: whether it was run before, outside of this sweep.
        refusals: how often its launch was refused.
    """

    number: int
    setting: Mapping[str, Any]
    seed: int
    run: str
    state: TrialState
    reason: str = ""
    value: float | None = None
    status: Status | None = None
    reused: bool = False
    refusals: int = 0

    @property
    def key(self) -> Any:
        """What no two trials of a sweep share."""
        return cell_key(self.setting, self.seed)

    @property
    def attempts(self) -> int:
        """How many workers have served its run, or how often it could not be launched."""
        return self.status.attempt if self.status else self.refusals


def cell_key(setting: Mapping[str, Any], seed: int) -> Any:
    """Return what equals another's where settings and seeds mean the same."""
    return comparable(dict(setting)), seed


class Trials:
    """The trials of one sweep, read on from where the last look stopped.

    Attributes:
        record: what is asked for; its metric is each trial's value.
    """

    def __init__(self, workspace: Workspace, sweep: SweepDirectory, record: SweepRecord, histories: Histories) -> None:
        self.record = record
        self._workspace = workspace
        self._intents: Intents = sweep.intents()
        self._column = parse_column(record.metric) if record.metric else None
        self._histories = histories
        self._numbered = 0
        self._intended: dict[Any, tuple[int, Intended]] = {}
        self._ended: dict[str, tuple[int, Trial]] = {}
        self._trashed: set[str] | None = None
        self._all_at = 0.0

    def read(self) -> list[Trial]:
        """Return all trials in the order in which they were intended; a cell that was intended again, once.

        That a run which has finished was removed, or that one which has ended goes on, is seen within `ALL_SECONDS`.

        Raises:
            WorkspaceError: if the sweep's log cannot be read.
        """
        self._intents.read()
        self._trashed = None
        new = itertools.islice(self._intents.intended.values(), self._numbered, None)
        for intent in new:
            self._numbered += 1
            self._intended[cell_key(intent.setting, intent.seed)] = (self._numbered, intent)
        every = time.monotonic() >= self._all_at
        if every:
            self._all_at = time.monotonic() + ALL_SECONDS
        found = [self._trial(number, intent, every=every) for number, intent in self._intended.values()]
        return [trial for trial in found if trial.state != "removed" or trial.run not in self.record.again]

    def forget(self, run: str) -> None:
        """Look at a run anew at the next look, because it goes on."""
        self._ended.pop(run, None)

    def _trial(self, number: int, intent: Intended, *, every: bool) -> Trial:
        if not every and (known := self._ended.get(intent.run)):
            return known[1]
        directory = RunDirectory(self._workspace.runs / intent.run)
        try:
            changed = directory.attempts_folder.stat().st_mtime_ns
        except OSError:
            self._ended.pop(intent.run, None)
            return self._without_run(number, intent)
        known = self._ended.get(intent.run)
        if known is not None and known[0] == changed:
            return known[1]
        trial = self._of_run(number, intent, directory)
        if trial.status is not None and trial.status.ended and not trial.status.inferred:
            self._ended[intent.run] = (changed, trial)
        return trial

    def _without_run(self, number: int, intent: Intended) -> Trial:
        state: TrialState = "reserved"
        refused = self._intents.refused.get(intent.run, [])
        reason = refused[-1] if refused else ""
        if refused:
            state = "failed"
        elif intent.reused or intent.run in self._intents.launched or intent.run in self._removed():
            state, reason = "removed", "its run was removed"
        return Trial(
            number,
            intent.setting,
            intent.seed,
            intent.run,
            state,
            reason,
            reused=intent.reused,
            refusals=len(refused),
        )

    def _removed(self) -> set[str]:
        """Return the ids of the runs in the trash."""
        if self._trashed is None:
            self._trashed = {run.id.rpartition("-")[0] for run in self._workspace.trashed()}
        return self._trashed

    def _of_run(self, number: int, intent: Intended, directory: RunDirectory) -> Trial:
        status = self._workspace.status(directory)
        state: TrialState = "crashed" if status.state == "private" else status.state
        trial = Trial(
            number, intent.setting, intent.seed, intent.run, state, status.reason, None, status, intent.reused
        )
        if state == "stopped" and status.reason.startswith(PRUNED):
            trial = replace(trial, state="pruned", reason=status.reason.removeprefix(PRUNED))
        if state not in {"finished", "stopped"} or self._column is None:
            return trial
        value = self._column.value(Listed(directory, None, status), self._histories)
        if not is_number(value):
            missing = f"its run has no {self.record.metric}" if value is MISSING else f"{self.record.metric} is {value}"
            return replace(trial, reason=trial.reason or missing)
        if state == "finished" and not math.isfinite(value):
            return replace(trial, state="failed", reason=f"{self.record.metric} is {value}", value=float(value))
        return replace(trial, value=float(value))
