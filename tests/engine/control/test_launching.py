"""Starting workers: what is refused leaves nothing, and what waits warm goes with its owner."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from engine import DiskFull, Engine, InvalidHyperparameters, LaunchError, Metrics, UnknownExperiment, catalogue
from engine.record.identity import Identity


@pytest.mark.parametrize(
    ("experiment", "values", "options", "error"),
    [
        ("alchemy", {}, {}, UnknownExperiment),
        ("count", {"steps": -1}, {}, InvalidHyperparameters),
        ("count", {"stride": 1}, {}, InvalidHyperparameters),
        ("count", {}, {"seed": -1}, InvalidHyperparameters),
    ],
)
def test_what_is_refused_is_refused_before_anything_is_written(home, experiment, values, options, error):
    with pytest.raises(error):
        asyncio.run(Engine(home).launch(experiment, values, options))
    assert not home.exists()


def test_a_machine_that_starts_no_process_is_one_sentence_and_leaves_nothing(home, monkeypatch):
    def refuse(*_, **__):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("engine.control.executors.local.subprocess.Popen", refuse)
    with pytest.raises(LaunchError, match="try again when the machine is less busy"):
        asyncio.run(Engine(home).launch("count"))
    assert list((home / "runs").iterdir()) == []


def test_a_record_says_what_ran_on_which_versions(launch, finish):
    run = launch("count", {"lr": 0.25}, seed=5, name="n")
    finish(run)
    record = run.record()
    assert record.versions.keys() >= {"python", "phosphene", "torch", "numpy"}
    assert (record.seed, record.name, record.hyperparameters["lr"]) == (5, "n", 0.25)


def test_a_server_that_still_imports_goes_when_its_owner_is_killed(home, until):
    script = (
        "import asyncio, sys; from engine import Engine; engine = Engine(); asyncio.run(engine.warm())\n"
        "print(engine._executor.local._server.process.pid, flush=True); sys.stdin.readline()"
    )
    owner = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with owner:
        server = Identity.of(int(owner.stdout.readline()))
        assert server.presence() == "alive"
        owner.kill()
    until(lambda: server.presence() == "dead", 10)


@pytest.mark.slow
def test_a_closed_engine_leaves_no_warm_worker_and_its_runs_alone(home, until, finish):
    engine = Engine(home)

    async def use():
        await engine.warm()
        run = await engine.launch("count", {"steps": 50, "pause": 0.005, "say": "hello"}, {"device": "cpu"})
        await engine.warm()
        return run

    run = asyncio.run(use())
    waiting = Identity.of(engine._executor.local._server.process.pid)
    assert waiting.presence() == "alive"
    engine.close()
    engine.close()
    until(lambda: waiting.presence() == "dead", 10)
    assert finish(run).state == "finished"
    assert run.status().worker != waiting
    assert run.attempts()[0].output_tail() == ["hello"], "a warm worker prints where a cold one does"


def test_a_warm_worker_that_has_died_is_replaced_by_a_cold_one(home, finish, until):
    engine = Engine(home)
    asyncio.run(engine.warm())
    engine._executor.local._server.process.kill()
    until(lambda: Identity.of(engine._executor.local._server.process.pid).presence() == "dead")
    run = asyncio.run(engine.launch("count", {}, {"device": "cpu"}))
    assert finish(run).state == "finished"
    asyncio.run(engine.warm())
    engine._executor.local._server.process.kill()
    until(lambda: Identity.of(engine._executor.local._server.process.pid).presence() == "dead")
    asyncio.run(engine.warm())
    assert Identity.of(engine._executor.local._server.process.pid).presence() == "alive"
    engine.close()


def test_a_follower_that_comes_before_the_first_word_and_one_that_comes_after_the_last_see_the_same(home, finish):
    engine = Engine(home)

    async def follow(run):
        return [event async for event in engine.follow(run)]

    async def both():
        run = await engine.launch("count", {"steps": 40, "pause": 0.002}, {"device": "cpu"})
        early = await follow(run)
        return early, await follow(run)

    early, late = asyncio.run(both())
    assert early == late
    assert [event.step for event in early if isinstance(event, Metrics)] == list(range(1, 41))


def test_every_problem_is_named_at_once(home, tmp_path):
    values = {"dataset": f"folder:{tmp_path / 'none'}", "model": "run:nobody", "cut": "fire9", "against": "run:nobody"}
    with pytest.raises(InvalidHyperparameters) as caught:
        asyncio.run(Engine(home).launch("probe", values, {"device": "cuda:63"}))
    assert {"dataset", "model", "device"} <= set(caught.value.problems)
    assert "cut" not in caught.value.problems  # says the same as the model
    with pytest.raises(InvalidHyperparameters) as caught:
        asyncio.run(Engine(home).launch("count", {"steps": 0, "lr": 7}, {"seed": -1}))
    assert [*caught.value.problems] == ["steps", "lr", "seed"]
    assert not home.exists()


def test_a_question_is_answered_as_a_launch_would_and_writes_nothing(home, monkeypatch):
    engine, count = Engine(home), catalogue.experiment("count")
    assert asyncio.run(engine.check(count, {}, {})) == {}
    assert [*asyncio.run(engine.check(count, {}, {"device": "cuda:63"}))] == ["device"]
    monkeypatch.setattr("engine.record.workspace.ROOM", 1 << 60)
    assert "is full" in asyncio.run(engine.check(count, {}, {}))[""]
    with pytest.raises(DiskFull, match="is full"):
        asyncio.run(engine.launch("count"))
    assert not home.exists()
