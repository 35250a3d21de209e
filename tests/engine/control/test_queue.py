"""The queue: so many runs at once on a device, first come first served, whoever dies on the way."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine import Engine, Metrics, StateChanged
from engine.control.queue import Ticket


def first_and_last(run):
    """Return when a run began to run, and when it ended or logged for the last time."""
    events = run.reader().poll()
    began = next(event.t for event in events if isinstance(event, StateChanged) and event.state == "running")
    return began, max(event.t for event in events)


def most_at_once(spans):
    marks = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans])
    most = now = 0
    for _, change in marks:
        now += change
        most = max(most, now)
    return most


def queue_up(launch, until, home, count, **options):
    """Launch runs one after the other, each when the one before has its place; the first waits at a gate."""
    gate = home.parent / f"gate{random.random()}"
    runs = []

    def has_its_place():
        return any(name.endswith(runs[-1].id) for _, _, names in os.walk(home / "queue") for name in names)

    for _ in range(count):
        runs.append(launch("count", {"steps": 8, "pause": 0.002, "gate": str(gate)}, **options))
        until(has_its_place)
    return runs, gate


def test_one_run_at_a_time_in_the_order_of_arrival(home, launch, finish, until):
    runs, gate = queue_up(launch, until, home, 5)
    until(lambda: runs[0].status().state == "running")
    until(
        lambda: all(
            run.status().reason == f"behind {', '.join(r.id for r in runs[:i])}" for i, run in enumerate(runs) if i
        )
    )
    assert [run.status().state for run in runs] == ["running"] + ["queued"] * 4
    gate.touch()
    assert {finish(run).state for run in runs} == {"finished"}
    spans = [first_and_last(run) for run in runs]
    assert most_at_once(spans) == 1
    assert spans == sorted(spans)


def test_so_many_at_once_as_slots_allow(home, launch, finish, until):
    runs, gate = queue_up(launch, until, home, 6, slots=3)
    until(lambda: [run.status().state for run in runs] == ["running"] * 3 + ["queued"] * 3)
    gate.touch()
    assert {finish(run).state for run in runs} == {"finished"}
    assert most_at_once([first_and_last(run) for run in runs]) <= 3


def test_other_devices_have_queues_of_their_own(home, launch, finish, until, monkeypatch):
    monkeypatch.setattr("engine.control.resolving.require_device", lambda device, queued: None)
    runs, gate = queue_up(launch, until, home, 1)
    other = launch("count", device="cuda:7")
    assert finish(other).state == "finished"
    assert runs[0].status().state == "running"
    gate.touch()
    finish(runs[0])


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 4))])
def test_any_death_lets_the_next_one_go_on(tmp_path, home, launch, finish, until, part):
    """20 random schedules: workers that wait or run are killed in turn, the others all finish, one at a time."""

    def schedule(seed):
        chance = random.Random(seed)
        place = home / str(seed)
        engine = Engine(place)
        gate = place / "gate"
        runs = []
        for _ in range(4):
            values = {"steps": 8, "pause": 0.002, "gate": str(gate)}
            runs.append(asyncio.run(engine.launch("count", values, {"device": "cpu"})))
        until(lambda: len([n for _, _, names in os.walk(place / "queue") for n in names if n[0] != "."]) == 4)
        until(lambda: sum(run.status().state == "running" for run in runs) == 1)
        doomed = chance.sample(runs, chance.randrange(1, 4))
        if chance.random() < 0.5:
            gate.touch()
        for run in doomed:
            worker = run.status().worker
            if worker.presence() == "alive":
                os.killpg(worker.pid, signal.SIGKILL)
        gate.touch()
        survivors = [run for run in runs if run not in doomed]
        assert {finish(run).state for run in survivors} == {"finished"}
        assert {finish(run).state for run in doomed} <= {"crashed", "finished"}
        began = [run for run in runs if any(isinstance(event, Metrics) for event in run.reader().poll())]
        assert most_at_once([first_and_last(run) for run in began]) == 1
        return True

    with ThreadPoolExecutor(2) as pool:
        assert all(pool.map(schedule, range(5 * part, 5 * part + 5)))


def test_a_queued_run_can_be_stopped_and_resumed(home, launch, finish, until):
    (first, second), gate = queue_up(launch, until, home, 2)
    until(lambda: second.status().state == "queued")
    engine = Engine(home)
    asyncio.run(engine.stop(second))
    status = finish(second)
    assert (status.state, status.reason) == ("stopped", "before it started")
    asyncio.run(engine.resume(second))
    until(lambda: second.status().reason == f"behind {first.id}")
    gate.touch()
    assert finish(second).state == "finished"
    assert finish(first).state == "finished"


def test_what_is_set_while_a_run_is_queued_holds_from_its_first_step(home, launch, finish, until):
    (first, second), gate = queue_up(launch, until, home, 2)
    until(lambda: second.status().reason.startswith("behind"))
    asyncio.run(Engine(home).set(second, {"lr": "0.5"}))
    until(lambda: not list(second.control.glob("*.json")))
    gate.touch()
    assert finish(first).state == "finished"
    assert finish(second).state == "finished"
    logged = [event.values["train/lr"] for event in second.reader().poll() if isinstance(event, Metrics)]
    assert logged == [0.5] * 8


def test_a_fork_of_the_worker_does_not_hold_its_place(tmp_path):
    """As the processes of a data loader that outlive a killed worker would."""
    script = (
        "import os, sys, time; from pathlib import Path; from engine.control.queue import Ticket\n"
        f"Ticket(Path({str(tmp_path)!r}), 'cpu', 'a')\n"
        "child = os.fork()\n"
        "print(child, flush=True) if child else None\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as owner:
        child = int(owner.stdout.readline())
        mine = Ticket(tmp_path, "cpu", "b")
        try:
            assert mine.ahead() == ["a"]
            owner.kill()
            owner.wait()
            assert mine.ahead() == []
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_name_taken_anew_is_not_removed_with_its_dead_namesake(tmp_path, monkeypatch):
    """A resumed run may get its old number; whoever looked at the old ticket must not throw the new one away."""
    first = Ticket(tmp_path, "cpu", "a")
    folder = first._path.parent
    watcher = Ticket(tmp_path, "cpu", "b")
    first._disown()
    open_ = os.open

    def late(path, *rest, **named):
        descriptor = open_(path, *rest, **named)
        if str(path).endswith("-a"):
            monkeypatch.undo()
            first._path.unlink()
            first._path.touch()
        return descriptor

    monkeypatch.setattr(os, "open", late)
    watcher.ahead()
    assert (folder / first._path.name).exists()
    watcher.release()
    began = time.monotonic()
    assert Ticket(tmp_path, "cpu", "c").number >= 1
    assert time.monotonic() - began < 1
