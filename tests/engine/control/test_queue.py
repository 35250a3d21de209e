"""The queue with real workers: so many runs at once on a device, in order, whoever dies or is moved on the way."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine import Engine, Metrics, RunStateError, StateChanged, wording


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


def queue_up(launch, home, count, **options):
    """Launch runs one right after the other; they run until a gate is opened."""
    gate = home.parent / f"gate{random.random()}"
    values = {"steps": 8, "pause": 0.002, "gate": str(gate)}
    return [launch("count", values, **options) for _ in range(count)], gate


def test_one_run_at_a_time_in_the_order_of_the_launches(home, launch, finish, until):
    runs, gate = queue_up(launch, home, 5)
    until(lambda: runs[0].status().state == "running")
    places = [wording.place(number, run.id) for number, run in enumerate(runs[:-1], 1)]
    until(lambda: [run.status().reason for run in runs[1:]] == places)
    assert [run.status().state for run in runs] == ["running"] + ["queued"] * 4
    gate.touch()
    assert {finish(run).state for run in runs} == {"finished"}
    spans = [first_and_last(run) for run in runs]
    assert most_at_once(spans) == 1
    assert spans == sorted(spans)


def test_so_many_at_once_as_slots_allow(home, launch, finish, until):
    runs, gate = queue_up(launch, home, 6, slots=3)
    until(lambda: [run.status().state for run in runs] == ["running"] * 3 + ["queued"] * 3)
    gate.touch()
    assert {finish(run).state for run in runs} == {"finished"}
    assert most_at_once([first_and_last(run) for run in runs]) <= 3


def test_a_run_on_another_device_does_not_wait(home, launch, finish, until, gpus):
    gpus({})
    runs, gate = queue_up(launch, home, 1)
    other = launch("count", device="cuda:0")
    assert finish(other).state == "finished"
    until(lambda: runs[0].status().state == "running")
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
    (first, second), gate = queue_up(launch, home, 2)
    until(lambda: second.status().state == "queued")
    engine = Engine(home)
    asyncio.run(engine.stop(second))
    status = finish(second)
    assert (status.state, status.reason) == ("stopped", "before it started")
    asyncio.run(engine.resume(second))
    until(lambda: second.status().reason == f"1st, behind {first.id}")
    gate.touch()
    assert finish(second).state == "finished"
    assert finish(first).state == "finished"


def test_what_is_set_while_a_run_is_queued_holds_from_its_first_step(home, launch, finish, until):
    (first, second), gate = queue_up(launch, home, 2)
    until(lambda: second.status().reason == f"1st, behind {first.id}")
    asyncio.run(Engine(home).set(second, {"lr": "0.5"}))
    until(lambda: not list(second.control.glob("*.json")))
    gate.touch()
    assert finish(first).state == "finished"
    assert finish(second).state == "finished"
    logged = [event.values["train/lr"] for event in second.reader().poll() if isinstance(event, Metrics)]
    assert logged == [0.5] * 8


def test_a_worker_that_starts_slowly_keeps_its_place_on_an_idle_device(home, launch, finish, until):
    first = launch("count")
    worker = first.status().worker
    os.kill(worker.pid, signal.SIGSTOP)
    second = launch("count")
    until(lambda: second.status().reason == f"2nd, behind {first.id}")
    os.kill(worker.pid, signal.SIGCONT)
    assert {finish(run).state for run in (first, second)} == {"finished"}
    assert first_and_last(first) < first_and_last(second)


def test_a_waiting_run_is_moved_cancelled_and_told_its_place(home, launch, finish, until, monkeypatch):
    runs, gate = queue_up(launch, home, 5)
    first, a, b, c, d = runs
    until(lambda: first.status().state == "running")
    engine = Engine(home)

    def places():
        return [(place.run, place.position, place.behind) for place in asyncio.run(engine.queue())]

    def move(run, where):
        return asyncio.run(engine.move(run, where)).position

    assert [place.device for place in asyncio.run(engine.queue())] == ["cpu"] * 5
    assert [move(d, "first"), move(d, "up"), move(a, "down"), move(b, "last")] == [1, 1, 3, 4]
    order = [d, a, c, b]
    ahead = [first, *order]
    waiting = [(run.id, number, ahead[number - 1].id) for number, run in enumerate(order, 1)]
    assert places() == [(first.id, 0, ""), *waiting]
    until(lambda: [run.status().reason for run in order] == [wording.place(*place[1:]) for place in waiting])
    with pytest.raises(RunStateError, match=r"(is running|has just started): only a waiting run can be moved"):
        move(first, "last")
    with monkeypatch.context() as patch:
        here = socket.gethostname()
        patch.setattr(socket, "gethostname", lambda: "gpu02")
        assert places() == []
        with pytest.raises(RunStateError, match=f"run {a.id} waits on {here}: it can be moved from there"):
            move(a, "last")
    asyncio.run(engine.cancel(c))
    status = finish(c)
    assert (status.state, status.reason) == ("stopped", "before it started")
    with pytest.raises(RunStateError, match="is stopped: only a waiting run can be cancelled"):
        asyncio.run(engine.cancel(c))
    gate.touch()
    assert {finish(run).state for run in (first, d, a, b)} == {"finished"}
    spans = [first_and_last(run) for run in (first, d, a, b)]
    assert most_at_once(spans) == 1
    assert spans == sorted(spans)
    asyncio.run(engine.resume(c))
    assert finish(c).state == "finished"


def test_a_run_that_starts_in_the_moment_of_a_request_is_left_alone(home, launch, finish, until):
    (first, second), gate = queue_up(launch, home, 2)
    gate.touch()
    finish(first)
    until(lambda: second.status().state != "queued")
    if not second.status().ended:
        for request in (Engine(home).move(second, "up"), Engine(home).cancel(second)):
            with pytest.raises(RunStateError, match=r"has just started: only a waiting run can be|is finished"):
                asyncio.run(request)
    assert finish(second).state == "finished"
