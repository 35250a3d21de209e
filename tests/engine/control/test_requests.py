"""Requests to a worker: in order, once, and garbage does no harm."""

from __future__ import annotations

import asyncio

import pytest

from engine import Engine, HyperparameterChanged, InvalidHyperparameters, Message, Metrics, RunStateError
from engine.control import requests


def test_requests_arrive_in_order_and_once(tmp_path):
    for number in range(20):
        requests.send(tmp_path / "control", "set", request=number, control="x")
    found = requests.take(tmp_path / "control")
    assert [each["values"]["request"] for each in found] == list(range(20))
    assert requests.take(tmp_path / "control") == []


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"values": {}}', '{"request": "set", "values": [1]}', "\xff"])
def test_garbage_is_thrown_away(tmp_path, text):
    (tmp_path / "0.json").write_text(text, encoding="latin-1")
    requests.send(tmp_path, "stop")
    assert [each["request"] for each in requests.take(tmp_path)] == ["stop"]
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_finds_garbage_goes_on(home, launch, finish, until):
    run = launch("count", {"steps": 200, "pause": 0.003, "gate": str(home / "gate")})
    until(lambda: run.status().state == "running")
    for number, text in enumerate(
        ["{", '{"request": "dance"}', '{"request": "set", "values": {"steps": 3, "lr": "no"}}']
    ):
        (run.control / f"{number}.json").write_text(text)
    (home / "gate").touch()
    assert finish(run).state == "finished"
    messages = [event.text for event in run.reader().poll() if isinstance(event, Message)]
    assert any("steps cannot be changed" in text for text in messages)
    assert any(text.startswith("lr stays 0.1") for text in messages)


def test_a_live_change_is_recorded_with_the_step_it_takes_effect_after(home, launch, finish, until):
    run = launch("count", {"steps": 300, "pause": 0.004})
    until(lambda: any(isinstance(event, Metrics) for event in run.reader().poll()))
    asyncio.run(Engine(home).set(run, {"lr": "0.5"}))
    assert finish(run).state == "finished"
    events = run.reader().poll()
    (change,) = [event for event in events if isinstance(event, HyperparameterChanged)]
    assert (change.name, change.value, change.previous) == ("lr", 0.5, 0.1)
    logged = [event.values["train/lr"] for event in events if isinstance(event, Metrics)]
    assert logged == [0.1] * change.step + [0.5] * (300 - change.step)


def test_what_cannot_be_changed_is_refused_by_name(home, launch, finish, until):
    run = launch("count", {"gate": str(home / "gate")})
    engine = Engine(home)
    for values, words in (
        ({"steps": 3}, "cannot be changed while the run is going; these can: lr"),
        ({"lr": 2}, "less than or equal to 1"),
        ({"speed": 1}, "no such hyperparameter"),
    ):
        with pytest.raises(InvalidHyperparameters, match=words) as refused:
            asyncio.run(engine.set(run, values))
        assert list(refused.value.problems) == list(values)
    assert list(run.control.iterdir()) == []
    (home / "gate").touch()
    finish(run)
    for act in (engine.stop(run), engine.set(run, {"lr": 0.2}), engine.checkpoint(run)):
        with pytest.raises(RunStateError, match="not running any more"):
            asyncio.run(act)


def test_two_that_resume_at_once_start_one_worker(home, launch, finish, until):
    run = launch("trouble")
    finish(run)

    async def both():
        return await asyncio.gather(*(Engine(home).resume(run) for _ in range(4)), return_exceptions=True)

    outcomes = asyncio.run(both())
    assert all(outcome is run or isinstance(outcome, RunStateError) or outcome == run for outcome in outcomes)
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
    finish(run)
    until(lambda: sorted(path.name for path in (run.path / "attempts").iterdir()) == ["0001", "0002"])
    done = launch("count")
    finish(done)
    with pytest.raises(RunStateError, match="only a stopped, failed or crashed run"):
        asyncio.run(Engine(home).resume(done))
