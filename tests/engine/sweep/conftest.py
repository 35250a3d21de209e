"""Sweeps without processes: workers that are played at once, controllers that die where a test says."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from engine import SweepAsked, SweepDirectory, Sweeps
from engine.control.order import Order
from engine.record.claim import write_claim
from engine.record.events import Metrics, StateChanged
from engine.record.identity import Identity
from engine.record.log import EventLog
from engine.record.run_directory import RunDirectory
from engine.sweep import controller
from engine.sweep.controller import Controller

if TYPE_CHECKING:
    from engine.sweep.trials import Trials


class Killed(BaseException):
    """The controller is killed here."""


def identity_of_the_dead() -> Identity:
    """Return who a process of this host is that has ended."""
    own = Identity.own()
    return Identity(own.host, own.boot, own.namespace, own.pid, own.start - 1)


@dataclass
class Played:
    """An executor whose workers are played to their end in this process, as soon as they are submitted.

    Attributes:
        result: returns the results of a run, or raises what ends it.
        dies: ids of runs, or numbers of submissions from 1, whose workers are killed at once.
        runs: how often a worker of each run was begun.
    """

    result: Callable[[dict[str, Any], int], dict[str, float]] = lambda values, seed: {"test/accuracy": values["lr"]}
    dies: set[int] = field(default_factory=set)
    runs: Counter[str] = field(default_factory=Counter)
    submitted: int = 0

    def submit(self, order: Order) -> None:
        self.submitted += 1
        write_claim(order.folders()[0], identity_of_the_dead())
        if not order.publish():
            return
        run = RunDirectory(order.run)
        self.runs[run.id] += 1
        if self.submitted in self.dies:
            return
        log = EventLog(order.folders()[1] / "events.jsonl")
        record = run.record()
        log.append(StateChanged(time.time(), "running"))
        try:
            result = self.result(record.hyperparameters, record.seed)
        except ArithmeticError as error:
            log.append(StateChanged(time.time(), "failed", str(error), 1, 2))
        else:
            log.append(Metrics(time.time(), 1, {"train/loss": 1.0}, 1.0))
            log.append(StateChanged(time.time(), "finished", "", 2, 2, result))
        log.close()

    def close(self) -> None:
        return None


class Nobody:
    """Starts no controller: the tests play them."""

    def submit(self, order: Order) -> None:
        del order


@dataclass
class Bench:
    """A workspace of sweeps whose controllers are played in this process."""

    sweeps: Sweeps
    executor: Played

    def begin(self, over: dict[str, str] | None = None, **asked: Any) -> SweepDirectory:
        """Write a sweep over ``count`` as a launch does, without a controller."""
        fixed, options = asked.pop("fixed", {}), asked.pop("options", {"device": "cpu"})
        wanted = SweepAsked("count", fixed, over or {"lr": "0.1,0.2"}, {}, options=options, **asked)
        planned = asyncio.run(self.sweeps.plan(wanted))
        return asyncio.run(self.sweeps.launch(planned))

    def play(self, sweep: SweepDirectory) -> int:
        """Play the last attempt of a sweep's controller; return its exit status."""
        attempt = sweep.controller.attempts()[-1]
        write_claim(attempt.path, identity_of_the_dead())
        order = Order(sweep.path, sweep.path, sweep.path, attempt.path.name)
        return Controller(order, self.executor).serve()

    def again(self, sweep: SweepDirectory, again: tuple[str, ...] = ()) -> int:
        """Resume a sweep, and play its controller."""
        asyncio.run(self.sweeps.resume(sweep, again))
        return self.play(sweep)

    def trials(self, sweep: SweepDirectory) -> list[Any]:
        trials: Trials = self.sweeps.trials(sweep, sweep.record())
        return trials.read()

    def move(self, home: Path) -> None:
        """Go on in another workspace."""
        self.sweeps = Sweeps(home)
        self.sweeps._executor = Nobody()

    def run(self, trial: Any) -> RunDirectory:
        return RunDirectory(self.sweeps.workspace.runs / trial.run)


@pytest.fixture
def bench(home, monkeypatch):
    """Return a bench on which sweeps are played without a process and without waiting."""
    monkeypatch.setattr(controller.time, "sleep", lambda _: None)
    sweeps = Sweeps(home)
    sweeps._executor = Nobody()
    return Bench(sweeps, Played())
