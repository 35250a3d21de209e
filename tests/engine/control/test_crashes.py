"""Workers killed at any moment: nothing that a reader saw is lost, the crash is told, and resuming loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine import Engine, HyperparameterChanged, Metrics, StateChanged

TELLS_WITHIN = 2.0


def kill(run):
    """End the worker the hard way, if it still lives."""
    worker = run.status().worker
    if worker is not None and worker.presence() == "alive":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)


class Follower:
    """Follows a run in a thread, as a reader that knows nothing of the kill."""

    def __init__(self, engine: Engine, run):
        self._engine, self._run = engine, run
        self.events = []
        self.ended = 0.0
        self.error: BaseException | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self):
        async def collect():
            async for event in self._engine.follow(self._run):
                with self._changed:
                    self.events.append(event)
                    self._changed.notify_all()

        try:
            asyncio.run(asyncio.wait_for(collect(), 60))
        except BaseException as error:
            self.error = error
        with self._changed:
            self.ended = time.monotonic()
            self._changed.notify_all()

    def until(self, condition):
        """Wait until the events are so, or the run has ended."""
        with self._changed:
            self._changed.wait_for(lambda: condition() or self.ended, 60)

    def pause(self, seconds):
        """Let the run go on for so long, at most to its end."""
        self._thread.join(seconds)

    def join(self):
        self._thread.join(60)
        assert self.error is None
        return self.events


def check_crash(run, follower, killed_at):
    """Check what every reader is to find after the worker was killed; return the state."""
    events = follower.join()
    status = run.status()
    if status.state == "finished":
        return status
    assert status.state == "crashed", status
    assert follower.ended - killed_at < TELLS_WITHIN
    assert isinstance(events[-1], StateChanged)
    assert events[-1].state == "crashed"
    reader = run.reader()
    assert reader.poll()[: len(events) - 1] == events[:-1], "a new reader sees what the old one saw"
    assert reader.damaged == 0
    return status


@pytest.mark.parametrize("kills", [9, pytest.param(30, marks=pytest.mark.slow)])
def test_killed_at_random_moments(home, launch, finish, kills):
    """Kills from before the worker's first word to its last."""

    def attempt(seed):
        chance = random.Random(seed)
        engine = Engine(home)
        values = {"steps": 150, "pause": 0.002, "say": "last words"}
        run = launch("count", values, slots=64)
        follower = Follower(engine, run)
        if seed % 3:
            # From when it works; the rest while it starts.
            follower.until(lambda: follower.events)
        follower.pause(chance.uniform(0.0, 0.3))
        kill(run)
        status = check_crash(run, follower, time.monotonic())
        if status.state == "finished":
            return "finished"
        if any(isinstance(event, Metrics) for event in follower.events):
            assert "last words" in status.reason
        assert "without a word" in status.reason or "never started" in status.reason
        asyncio.run(engine.resume(run))
        assert finish(run).state == "finished"
        curves = run.history().curves
        assert curves.series["train/loss"].step.tolist() == list(range(1, 151))
        return "crashed"

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(attempt, range(kills)))
    assert outcomes.count("crashed") >= 2 * kills // 3, outcomes


def kill_at(kind, run, follower, skip=0):
    """Kill the worker as soon as its attempt has shown more than so many events of a kind; return the state."""
    attempt = run.status().attempt

    def found():
        ours = [event for event in follower.events if event.attempt == attempt]
        return sum(kind in {event.kind, getattr(event, "state", "")} for event in ours)

    follower.until(lambda: found() > skip)
    kill(run)
    return check_crash(run, follower, time.monotonic())


@pytest.mark.parametrize(
    "kind",
    [
        *("queued", "running", "metrics", "result"),
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("message", "progress", "table")),
    ],
)
def test_killed_at_every_kind_of_event(home, launch, finish, kind):
    values = {"steps": 50 if kind in {"table", "result"} else 400, "pause": 0.002}
    if kind == "message":
        (home.parent / "gate").touch()
        values["gate"] = str(home.parent / "gate")
    run = launch("count", values)
    status = kill_at(kind, run, Follower(Engine(home), run))
    if kind not in {"table", "result"}:
        assert status.state == "crashed"
    if status.state == "crashed":
        asyncio.run(Engine(home).resume(run))
    assert finish(run).state == "finished"
    assert finish(run).result == {"test/accuracy": 0.5}


KINDS = ["running", "checkpoint", "image", "result", "metrics"]


@pytest.mark.parametrize("kinds", [KINDS[1:2], pytest.param([*KINDS, "metrics"], marks=pytest.mark.slow)])
def test_killed_again_and_again_and_resumed_the_results_are_the_same_bit_for_bit(home, launch, finish, compare, kinds):
    chance = random.Random(5)
    engine = Engine(home)
    values = {"steps": 150, "pause": 0.003}
    whole = launch("walk", values, slots=64, seed=3)
    run = launch("walk", values, slots=64, seed=3)
    told = []
    for kind in kinds:
        if len(kinds) > 1:
            asyncio.run(engine.warm())
        # At the first event of the kind in this attempt, or at a later one.
        skip = chance.randrange(12) if kind == "metrics" else 0
        if kill_at(kind, run, Follower(engine, run), skip).state == "finished":
            break
        told.append(kind)
        asyncio.run(engine.resume(run))
    engine.close()
    assert finish(run).state == "finished"
    assert finish(whole).state == "finished"
    assert set(told) == set(kinds)
    assert run.status().attempt == len(told) + 1
    compare(run, whole)


@pytest.mark.slow
def test_a_live_change_is_recorded_and_repeated_at_the_same_step_however_often_it_crashes(home, launch, finish, until):
    engine = Engine(home)
    run = launch("walk", {"steps": 120, "pause": 0.01, "every": 0.3}, slots=64)
    asyncio.run(engine.warm())

    def steps():
        return [event.step for event in run.reader().poll() if isinstance(event, Metrics)]

    def changes(attempt):
        events = run.reader().poll()
        return [event for event in events if isinstance(event, HyperparameterChanged) and event.attempt == attempt]

    until(lambda: len(steps()) > 10)
    asyncio.run(engine.set(run, {"lr": "0.01"}))
    until(lambda: changes(1))
    until(lambda: len(steps()) > changes(1)[0].step + 8)
    kill(run)
    until(lambda: run.status().state == "crashed")
    change = changes(1)[0]
    assert (change.name, change.value, change.previous) == ("lr", 0.01, 0.05)
    lr = {event.step: event.values["train/lr"] for event in run.reader().poll() if isinstance(event, Metrics)}
    assert lr[change.step] == 0.05
    assert lr[change.step + 1] == 0.01
    for attempt in (2, 3):
        # The first of them is killed before it gets to the step of the change, if it starts before it.
        asyncio.run(engine.resume(run))
        if attempt == 2:
            asyncio.run(engine.warm())
            until(lambda: run.status().state == "running")
            kill(run)
            until(lambda: run.status().state == "crashed")
    engine.close()
    assert finish(run).state == "finished"
    curves = run.history().curves
    expected = [0.05] * change.step + [0.01] * (120 - change.step)
    assert curves.series["train/lr"].value.tolist() == expected


@pytest.mark.slow
def test_the_small_cnn_killed_and_resumed_ends_up_the_same_bit_for_bit(home, launch, finish, until, compare):
    engine = Engine(home)
    asyncio.run(engine.warm())
    run = launch("cnn", {"epochs": 4}, slots=64, seed=11)
    whole = launch("cnn", {"epochs": 4}, slots=64, seed=11)
    asyncio.run(engine.warm())
    until(lambda: any(isinstance(event, Metrics) for event in run.reader().poll()))
    asyncio.run(engine.checkpoint(run))
    until(lambda: run.last_checkpoint() is not None)
    kill(run)
    until(lambda: run.status().state == "crashed")
    asyncio.run(engine.resume(run))
    engine.close()
    assert finish(run).state == "finished"
    assert finish(whole).state == "finished"
    assert any(isinstance(event, StateChanged) and event.step > 0 for event in run.reader().poll()), (
        "resumed, not repeated"
    )
    compare(run, whole)
