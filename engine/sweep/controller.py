"""The controller of a sweep: a process in a session of its own, without torch, that launches and watches its runs.

Its only state is its runs. Before each launch an intent with the id reserved for the run is on the disk, and whether a
run is there, how far it has come and what came of it is read from the run's directory. So a controller can be killed
at any moment: the next one reads the intents and goes on. Two at once are refused by the attempt that both would open.
"""

from __future__ import annotations

import contextlib
import faulthandler
import itertools
import signal
import sys
import time
import traceback
from typing import TYPE_CHECKING, NoReturn

from engine import catalogue
from engine.catalogue import experiment as find_experiment
from engine.control import launching, requests, resolving
from engine.control.executors.either import Executors
from engine.control.launching import Launch
from engine.control.order import Order
from engine.control.threads import usable_cores
from engine.errors import LaunchError, MachineFailure, PhospheneError, RunStateError, first_line, is_full_disk
from engine.record.events import Intended, Launched, Message, Progress, Pulse, Refused, StateChanged
from engine.record.histories import Histories
from engine.record.log import EventLog
from engine.record.run_directory import RunDirectory
from engine.record.workspace import Workspace
from engine.sweep import outlook, plan, policy, pruning, search
from engine.sweep.record import SweepDirectory
from engine.sweep.reuse import Earlier
from engine.sweep.trials import ACTIVE, OVER, Trial, Trials

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.control.executors.base import Executor
    from engine.declaration import Hyperparameters, RunOptions
    from engine.record.events import State
    from engine.sweep.plan import Cell

PAUSES = (0.02, 0.1)
"""Seconds between two looks at the runs: shortest after something happened, longest while nothing does."""
PULSE_SECONDS = 10.0
PRUNE_SECONDS = 2.0
"""Seconds between two looks at the curves of running runs."""
BUSY_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
"""How long is waited, time after time, when the machine is too busy to start a worker."""


def main(arguments: list[str]) -> NoReturn:
    """Serve one attempt of a sweep and end the process: with exit status 0 unless the controller failed."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    order = Order.from_json(arguments[0])
    if not (order.claim_for_this() and order.publish()):
        sys.exit(1)
    faulthandler.enable()
    sys.exit(Controller(order).serve())


class Controller:
    """One attempt to bring a sweep to its end.

    Args:
        order: which attempt of which sweep.
        executor: that starts the workers of its runs; one of this machine if None.
    """

    def __init__(self, order: Order, executor: Executor | None = None) -> None:
        self._sweep = SweepDirectory(order.run)
        self._attempt = order.folders()[1]
        self._log = EventLog(self._attempt / "events.jsonl")
        self._workspace = Workspace(order.run.parents[1])
        self._executor = executor or Executors()
        self._histories = Histories()
        self._record = self._sweep.record()
        self._trials = Trials(self._workspace, self._sweep, self._record, self._histories)
        self._widened: list[Path] | None = None
        self._cells: list[Cell] = []
        self._gathered: list[Launch] = []
        self._stop = self._warmed = False
        self._again: set[str] = set()
        self._pruned: set[str] = set()
        self._earlier: Earlier | None = None
        self._seconds: dict[str, float] = {}
        self._told = (0, 0)
        self._began: tuple[float, int] | None = None
        self._pulse_at = self._prune_at = 0.0

    def serve(self) -> int:
        """Bring the sweep to its end, and log how that came about."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        state: State = "failed"
        try:
            self._log.append(StateChanged(time.time(), "running"), durable=True)
            state, reason = self._work()
        except PhospheneError as error:
            reason = str(error)
        except OSError as error:
            reason = f"{error}"
            if is_full_disk(error):
                reason = f"the disk is full: free some space, then: phosphene sweep resume {self._sweep.id}"
        except Exception as error:  # noqa: BLE001 - a fault of ours ends as the last event, too
            traceback.print_exception(error)
            reason = f"{type(error).__name__}: {first_line(error)}"
        finally:
            self._executor.close()
        trials: Sequence[Trial] = ()
        with contextlib.suppress(PhospheneError, OSError):
            trials = self._trials.read()
        done, best = sum(trial.state in OVER for trial in trials), outlook.best(self._record, trials)
        final = StateChanged(time.time(), state, reason, done, self._total(trials), best)
        # The reserve goes first, so that the last event has room on a full disk.
        self._log.release_reserve()
        with contextlib.suppress(OSError):
            self._log.append(final, durable=True)
        return 1 if state == "failed" else 0

    def _on_signal(self, *_: object) -> None:
        self._stop = True

    # -- the loop -----------------------------------------------------------------------------------------------------

    def _work(self) -> tuple[State, str]:
        find_experiment(self._record.experiment)
        self._again = {trial.run for trial in self._trials.read() if trial.state == "stopped"}
        pause, busy = PAUSES[0], iter(BUSY_SECONDS)
        while True:
            self._take_requests()
            self._read_record()
            trials = self._trials.read()
            self._tell(trials)
            if self._stop:
                return self._stopped()
            decision = policy.decide(self._record, trials, self._again, self._spent(trials))
            try:
                acted = self._act(decision, trials)
                busy = iter(BUSY_SECONDS)
            except LaunchError:
                wait = next(busy, None)
                if wait is None:
                    raise
                self._sleep(wait)
                continue
            active = any(trial.state in ACTIVE for trial in trials)
            if not acted and not active:
                return ("stopped", decision.halt) if decision.halt else ("finished", "")
            self._prune(trials)
            self._warm(len(trials))
            pause = PAUSES[0] if acted else min(PAUSES[1], pause * 1.2)
            self._sleep(pause)

    def _warm(self, begun: int) -> None:
        """Have a fork server for the runs to come; it pays from the second one on, and only where torch is imported."""
        if not self._warmed and self._told[1] - begun > 0 and self._record.experiment in catalogue.built_in():
            self._warmed = True
            usable_cores()  # first, because it sets variables that the server must have, too
            self._executor.warm()

    def _read_record(self) -> None:
        """Read what is asked for, if that has changed, and whether this is still the sweep's controller.

        Raises:
            RunStateError: if there is a later one, because this one did not show a sign of life for too long.
        """
        if self._sweep.controller.attempts()[-1].path != self._attempt:
            raise RunStateError("another controller has taken over")
        widened = self._sweep.widenings()
        if widened == self._widened:
            return
        self._widened = widened
        self._record = self._trials.record = self._sweep.record()
        self._cells = plan.cells(self._record) if self._record.by == "grid" else []

    def _act(self, decision: policy.Decision, trials: Sequence[Trial]) -> bool:
        """Do what is decided, one thing after the other; return whether anything was."""
        acted = False
        self._gathered.clear()
        for trial in decision.launch:
            self._begin(trial.run, plan.Cell(trial.setting, trial.seed))
            acted = True
        for trial in decision.resume:
            acted = True
            self._again.discard(trial.run)
            with contextlib.suppress(RunStateError):  # somebody else was quicker
                launching.resume(RunDirectory(self._workspace.runs / trial.run), self._executor)
                self._trials.forget(trial.run)
                self._say(f"run {trial.run} goes on after: {trial.reason}")
        if decision.new:
            sampler = search.sampler(self._record)
            # What a search asks for next depends on this one: it is asked when this one is among the trials.
            count = decision.new if sampler is None else 1
            for cell in itertools.islice(plan.missing(self._record, self._cells, trials, sampler), count):
                self._intend(cell)
                acted = True
        self._launch_gathered()
        return acted

    def _intend(self, cell: Cell) -> None:
        """Write down that a run is to be, then launch it; or take an earlier one of equal configuration."""
        found, refusal = None, ""
        try:
            values, options, parents = self._ready(cell)
            if self._record.reuse:
                found = self._known().equal(values.model_dump(mode="json"), cell.seed)
        except MachineFailure:
            raise
        except PhospheneError as error:
            refusal = str(error)
        run = found.id if found else self._workspace.new_id(self._record.experiment, time.time())
        intent = Intended(time.time(), run, dict(cell.setting), cell.seed, reused=found is not None)
        self._log.append(intent, durable=True)
        if refusal:
            self._refuse(run, refusal)
        elif found is None:
            self._launch(run, values, options, parents)

    def _begin(self, run: str, cell: Cell) -> None:
        """Launch the run of an intent that was written already."""
        try:
            ready = self._ready(cell)
        except MachineFailure:
            raise
        except PhospheneError as error:
            self._refuse(run, str(error))
        else:
            self._launch(run, *ready)

    def _ready(self, cell: Cell) -> tuple[Hyperparameters, RunOptions, tuple[str, ...]]:
        declared = find_experiment(self._record.experiment)
        options = {**self._record.options, "seed": cell.seed}
        return resolving.ready(self._workspace, declared, {**self._record.fixed, **cell.setting}, options)

    def _launch(self, run: str, values: Hyperparameters, options: RunOptions, parents: tuple[str, ...]) -> None:
        declared = find_experiment(self._record.experiment)
        wanted = Launch(declared, values, options, parents, run, self._sweep.id)
        if self._record.is_array:
            self._gathered.append(wanted)
            return
        # A worker that an earlier controller started may publish the run at any time: then it is there already.
        with contextlib.suppress(RunStateError):
            launching.launch(self._workspace, wanted, self._executor)
        self._log.append(Launched(time.time(), run))

    def _launch_gathered(self) -> None:
        """Have one array of Slurm carry out the runs that were to be launched since the last one."""
        gathered, self._gathered = self._gathered, []
        if gathered:
            folder = self._sweep.path / "jobs"
            parallel, per_job = self._record.parallel, self._record.per_job
            launching.launch_array(
                self._workspace, gathered, self._executor, folder=folder, parallel=parallel, per_job=per_job
            )
            self._log.append(*(Launched(time.time(), wanted.run) for wanted in gathered))

    def _refuse(self, run: str, reason: str) -> None:
        self._log.append(Refused(time.time(), run, reason), durable=True)
        self._say(f"run {run} was not launched: {reason}")

    def _known(self) -> Earlier:
        if self._earlier is None:
            self._earlier = Earlier(self._workspace.list(), find_experiment(self._record.experiment))
        return self._earlier

    # -- stopping and pruning -----------------------------------------------------------------------------------------

    def _take_requests(self) -> None:
        for request in requests.take(self._sweep.controller.control):
            if request["request"] == "stop":
                self._stop = True

    def _stopped(self) -> tuple[State, str]:
        """Stop the runs that wait or run, and wait for them; a second request does not wait."""
        asked: set[str] = set()
        while active := [trial for trial in self._trials.read() if trial.state in ACTIVE]:
            for trial in active:
                if trial.run not in asked:
                    asked.add(trial.run)
                    run = RunDirectory(self._workspace.runs / trial.run)
                    requests.send(run.control, "stop")
                    if trial.state == "queued":
                        with contextlib.suppress(RunStateError):  # then it stops when it starts
                            launching.withdraw(run, self._executor)
            self._sleep(PAUSES[1])
        return "stopped", "by you"

    def _prune(self, trials: Sequence[Trial]) -> None:
        if not self._record.prune or time.monotonic() < self._prune_at:
            return
        self._prune_at = time.monotonic() + PRUNE_SECONDS
        for trial, reason in pruning.pruned(self._record, trials, self._workspace, self._histories):
            if trial.run in self._pruned:
                continue  # it is stopping, or somebody wants it to go on
            self._pruned.add(trial.run)
            requests.send(RunDirectory(self._workspace.runs / trial.run).control, "stop", reason=reason)
            self._say(f"run {trial.run} is {reason}")

    # -- what it tells ------------------------------------------------------------------------------------------------

    def _spent(self, trials: Sequence[Trial]) -> float:
        """Return for how many seconds the runs of the sweep have been running; 0 where nobody asks for it."""
        if not self._record.budget:
            return 0.0
        now = time.time()
        for trial in trials:
            if trial.reused or trial.status is None or (trial.run in self._seconds and trial.state not in ACTIVE):
                continue
            self._seconds[trial.run] = self._histories.of(RunDirectory(self._workspace.runs / trial.run)).running(now)
        return sum(self._seconds.values())

    def _total(self, trials: Sequence[Trial]) -> int:
        with contextlib.suppress(PhospheneError):
            return max(plan.total(self._record), len(trials))
        return len(trials)

    def _tell(self, trials: Sequence[Trial]) -> None:
        """Log how many trials are over, if that has changed, and a sign of life now and then."""
        done, total = sum(trial.state in OVER for trial in trials), self._total(trials)
        if (done, total) != self._told:
            self._told = (done, total)
            rate, eta = self._speed(trials, total - done)
            self._log.append(Progress(time.time(), done, total, "run", rate, eta))
        if time.monotonic() >= self._pulse_at:
            self._pulse_at = time.monotonic() + PULSE_SECONDS
            self._log.append(Pulse(time.time(), 0))

    def _speed(self, trials: Sequence[Trial], left: int) -> tuple[float, float]:
        """Return runs per second since this controller began, and the seconds that what is left will take; else 0."""
        run_here = [trial for trial in trials if trial.state in OVER and not trial.reused]
        if self._began is None:
            self._began = (time.monotonic(), len(run_here))
        began, before = self._began
        rate = (len(run_here) - before) / max(1e-3, time.monotonic() - began)
        return round(rate, 4), round(left / rate, 1) if rate > 0 else 0.0

    def _say(self, text: str) -> None:
        self._log.append(Message(time.time(), text))

    def _sleep(self, seconds: float) -> None:
        """Wait, but not on after a signal to stop."""
        until = time.monotonic() + seconds
        while not self._stop and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, PAUSES[1]))
        if self._stop:
            time.sleep(PAUSES[0])
