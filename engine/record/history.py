"""The one fold of a run's events: state, curves, pictures, plots, tables, results, messages, live values, durations.

Everything that shows, compares or reports runs reads a `History`. The rule that a resumed run overrules what an earlier
attempt did after the checkpoint stands here (`History._rewind`) and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.record.events import (
    ENDED,
    STARTING,
    Begun,
    CheckpointSaved,
    DeviceTaken,
    Event,
    HyperparameterChanged,
    ImageLogged,
    Message,
    Metrics,
    PlotLogged,
    Progress,
    Pulse,
    Results,
    Started,
    State,
    StateChanged,
    TableLogged,
)
from engine.record.series import Curves, Points

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from engine.record.log import LogReader


class History:
    """What the events of one run say so far.

    Attributes:
        state: the state that was logged last; whether the worker still lives is the run directory's to say.
        reason: of that state.
        attempt: the number of the last worker.
        started: which code the last worker runs, and with how many threads; None before it says so.
        step: the last step that is done.
        total: how many steps there are; 0 while that is not known.
        unit: what a step is.
        eta: seconds left, as estimated with the last progress.
        curves: every metric's points.
        images: pictures by name and step.
        plots: plots by name and step.
        tables: the newest table of each name.
        results: final figures.
        messages: lines for the console.
        changes: live changes of hyperparameters, in the order in which they took effect.
        checkpoint: the newest one.
        device: the one that the last worker has got; None before it has one.
        memory: the worker's resident set in bytes, as it said last.
        peak_memory: the largest that it was in any attempt.
        peak_device_memory: the most memory of a GPU that a worker held, in bytes.
        damaged: records that were skipped because their checksum or form is wrong.
    """

    def __init__(self) -> None:
        self.state: State = "queued"
        self.reason = ""
        self.attempt = 1
        self.started: Started | None = None
        self.step = 0
        self.total = 0
        self.unit = "step"
        self.eta = 0.0
        self.curves = Curves()
        self.images: dict[str, dict[int, ImageLogged]] = {}
        self.plots: dict[str, dict[int, PlotLogged]] = {}
        self.tables: dict[str, TableLogged] = {}
        self.results: dict[str, float] = {}
        self.messages: list[Message] = []
        self.changes: list[HyperparameterChanged] = []
        self.checkpoint: CheckpointSaved | None = None
        self.device: DeviceTaken | None = None
        self.memory = 0
        self.peak_memory = 0
        self.peak_device_memory = 0
        self.damaged = 0
        self._resumed: list[tuple[int, int]] = []
        self._to_repeat: list[HyperparameterChanged] = []
        self._spent = {"queued": 0.0, "starting": 0.0, "running": 0.0}
        self._phase = ""
        self._since = self._last = 0.0

    # -- what follows from it -----------------------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether nothing more will come by itself."""
        return self.state in ENDED

    @property
    def begun(self) -> bool:
        """Whether anything was logged."""
        return bool(self._last)

    @property
    def live(self) -> dict[str, Any]:
        """The values in force of hyperparameters that were changed while the run went on."""
        return {change.name: change.value for change in self.changes}

    @property
    def latest(self) -> dict[str, float]:
        """The last value of every metric."""
        return {name: float(one.value[-1]) for name, one in self.curves.series.items() if one.length}

    def attempts_of(self, steps: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the number of the attempt that did each step, ``[N]``: the last one that came to it."""
        attempts = np.ones(len(steps), np.int64)
        for attempt, begin in self._resumed:
            attempts[steps > begin] = attempt
        return attempts

    def waiting(self, now: float = 0.0) -> float:
        """Return for how many seconds the run has waited in the queue; ``now`` counts a wait that goes on."""
        return self._seconds("queued", now)

    def starting(self, now: float = 0.0) -> float:
        """Return how many seconds workers took until the program began, but for the wait; ``now`` as in `waiting`."""
        return self._seconds("starting", now)

    def running(self, now: float = 0.0) -> float:
        """Return for how many seconds workers have run it; ``now`` counts a worker that goes on."""
        return self._seconds("running", now)

    def _seconds(self, phase: str, now: float) -> float:
        going = max(now, self._last) - self._since if self._phase == phase and self._since else 0.0
        return self._spent[phase] + going

    @property
    def marks(self) -> list[tuple[float, str]]:
        """Where live hyperparameters changed, for charts over steps: the step and what was changed."""
        return [(float(change.step), f"{change.name} {change.value}") for change in self.changes]

    def changes_to_repeat(self) -> list[HyperparameterChanged]:
        """Return the live changes by step, as the next attempt is to repeat them."""
        return sorted(self._to_repeat, key=lambda change: change.step)

    # -- the fold -----------------------------------------------------------------------------------------------------

    def read(self, reader: LogReader) -> bool:
        """Take in what a run's log holds since the last call; return whether there was anything."""
        batch = reader.poll_points()
        self.damaged = reader.damaged
        self.take(batch)
        return bool(batch)

    def take(self, events: Iterable[Event | Points]) -> None:  # noqa: C901, PLR0912 - one case a kind of event
        """Take in events in the order of the log."""
        for event in events:
            if event.attempt > self.attempt:
                # A worker that crashed logged no end: the time until the next one started is nobody's.
                self._leave_state(self._last)
                self.attempt = event.attempt
            match event:
                case Points():
                    self.curves.extend(event)
                    self._last = float(event.t[-1])
                    continue
                case Metrics():
                    self.curves.append(event)
                case Progress():
                    self.step, self.total, self.unit, self.eta = event.step, event.total, event.unit, event.eta
                case StateChanged():
                    self._enter_state(event)
                case Started():
                    self.started = event
                case Begun():
                    self._begin(event.t)
                case DeviceTaken():
                    self.device = event
                case ImageLogged():
                    self.images.setdefault(event.name, {})[event.step] = event
                case PlotLogged():
                    self.plots.setdefault(event.name, {})[event.step] = event
                case TableLogged():
                    self.tables[event.name] = event
                case Results():
                    self.results |= event.values
                case Message():
                    self.messages.append(event)
                case HyperparameterChanged():
                    self.changes.append(event)
                    self._schedule(event)
                case CheckpointSaved():
                    self.checkpoint = event
                case Pulse():
                    self.memory = event.memory
                    self.peak_memory = max(self.peak_memory, event.memory, event.peak)
                    self.peak_device_memory = max(self.peak_device_memory, event.device)
            self._last = event.t

    def _enter_state(self, event: StateChanged) -> None:
        # A crash is noticed by others, sooner or later: its time is that of the worker's last sign of life.
        at = self._last if event.state == "crashed" and self._last else event.t
        phase = STARTING if (event.state, event.reason) == ("queued", STARTING) else event.state
        if phase != self._phase or not self._since:
            self._leave_state(at)
            self._since = 0.0 if event.state in ENDED else at
        self.state, self.reason, self._phase = event.state, event.reason, phase
        if event.state == "running" and event.attempt > 1:
            self._rewind(event.step)
        if event.total:
            self.step, self.total = event.step, event.total

    def _leave_state(self, at: float) -> None:
        if self._since and self._phase in self._spent:
            self._spent[self._phase] += max(0.0, at - self._since)
        self._since = 0.0

    def _begin(self, at: float) -> None:
        """Count what a worker has done since its run left the queue as its start: it imported the program."""
        if self._since and self._phase == "running":
            self._spent[STARTING] += max(0.0, at - self._since)
            self._since = at

    def _rewind(self, step: int) -> None:
        """Drop what an earlier attempt did after the step from which this one goes on: it is done again."""
        self.step, self.eta = step, 0.0
        self._resumed.append((self.attempt, step))
        self.curves.truncate(step)
        for shelf in (self.images, self.plots):
            _truncate(shelf, step)
        self.changes = [change for change in self.changes if change.step <= step]
        if self.checkpoint is not None and self.checkpoint.step > step:
            self.checkpoint = None

    def _schedule(self, change: HyperparameterChanged) -> None:
        """Note a live change for later attempts, which repeat it at its step."""
        known = self._to_repeat
        # A later attempt repeats what an earlier one did, as far as it gets; the rest is still to be repeated.
        known = [old for old in known if old.attempt == change.attempt or (old.name, old.step) != _place(change)]
        if not change.repeated:
            # What the user changes now holds against what an earlier attempt did further on.
            known = [old for old in known if not change.overrules(old)]
        self._to_repeat = [*known, change]


def _place(change: HyperparameterChanged) -> tuple[str, int]:
    return change.name, change.step


def _truncate(shelf: Mapping[str, dict[int, Any]], step: int) -> None:
    for steps in shelf.values():
        for late in [each for each in steps if each > step]:
            del steps[late]
