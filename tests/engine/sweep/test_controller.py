"""Controllers killed at every step, and what they do about trials that fail, crash, vanish or exist already."""

from __future__ import annotations

import asyncio
import json
import math
import shutil

import pytest

from engine import PhospheneError, Widening, catalogue, sweep_outlook
from engine.control import launching
from engine.errors import LaunchError, RunStateError
from engine.record.log import EventLog
from engine.sweep import controller, policy
from tests.engine.sweep.conftest import Killed

GRID = {"lr": "0.1,0.2,0.3", "series": "1,2"}


def outcome(trials):
    """Return what counts of trials: settings with seeds, states and values."""
    return sorted((sorted(one.setting.items()), one.seed, one.state, one.value) for one in trials)


class Deadly:
    """Kills the controller before or after the n-th thing it does to the outside."""

    def __init__(self, at: int) -> None:
        self.at, self.count = at, 0

    def around(self, function):
        def call(*args, **kwargs):
            self.tick()
            value = function(*args, **kwargs)
            self.tick()
            return value

        return call

    def tick(self) -> None:
        self.count += 1
        if self.count == self.at:
            raise Killed


def killed_at(bench, at, monkeypatch, **asked):
    """Play a sweep whose controller is killed at a step, then a second one to its end; return both and the trials."""
    sweep = bench.begin({"lr": "0.1,0.2,0.3"}, **asked)
    deadly = Deadly(at)
    with monkeypatch.context() as patch:
        patch.setattr(EventLog, "append", deadly.around(EventLog.append))
        patch.setattr(bench.executor, "submit", deadly.around(bench.executor.submit))
        patch.setattr(controller.launching, "launch", deadly.around(launching.launch))
        try:
            bench.play(sweep)
        except Killed:
            died = True
        else:
            died = False
    if died:
        assert bench.again(sweep) == 0
    return died, sweep


@pytest.mark.parametrize(
    ("parallel", "stride"), [(2, 3), *(pytest.param(parallel, 1, marks=pytest.mark.slow) for parallel in (1, 2))]
)
def test_a_controller_killed_at_any_step_loses_and_doubles_nothing(bench, monkeypatch, parallel, stride):
    _, whole = killed_at(bench, 0, monkeypatch, reuse=False, parallel=parallel)
    expected = outcome(bench.trials(whole))
    assert len(expected) == 3
    at, died = 0, True
    while died:
        at += stride
        before = {run.id for run in bench.sweeps.workspace.directories()}
        died, sweep = killed_at(bench, at, monkeypatch, reuse=False, parallel=parallel)
        new = {run.id for run in bench.sweeps.workspace.directories()} - before
        trials = bench.trials(sweep)
        assert outcome(trials) == expected, at
        assert new == {trial.run for trial in trials}, f"killed at {at}: a run that is no trial, or the other way round"
        assert sweep.status().state == "finished"
        shutil.rmtree(sweep.path)
        for run in new:
            shutil.rmtree(bench.sweeps.workspace.runs / run)
    assert at > 20, "every step of a sweep of three runs was one to die at"


def test_killed_workers_are_told_and_their_runs_go_on(bench):
    bench.executor.dies = {1, 2, 4, 9}
    sweep = bench.begin(GRID, parallel=2)
    assert bench.play(sweep) == 0
    trials = bench.trials(sweep)
    assert [trial.state for trial in trials] == ["finished"] * 6
    assert sum(trial.attempts > 1 for trial in trials) >= 3
    assert sum(bench.executor.runs.values()) == 6 + 4
    assert any("goes on after: " in message.text for message in sweep.controller.history().messages)


def test_a_run_whose_workers_are_killed_again_and_again_is_given_up(bench, monkeypatch):
    monkeypatch.setattr(policy, "KILLS", 5)
    bench.executor.dies = set(range(1, 7))
    sweep = bench.begin({"lr": "0.1,0.2"})
    assert bench.play(sweep) == 0
    first, second = bench.trials(sweep)
    assert (first.state, first.attempts, second.state) == ("crashed", 6, "finished")
    said = sweep_outlook.remarks(sweep.record(), [first, second])
    assert f"Trial 1 has been begun 6 times: phosphene show {first.run} says why." in said


def test_failures_stop_nothing_and_are_retried_as_often_as_asked(bench):
    def result(values, seed):
        if values["lr"] == 0.2:
            raise ArithmeticError("it does not converge")
        return {"test/accuracy": math.nan if values["lr"] == 0.3 else values["lr"]}

    bench.executor.result = result
    sweep = bench.begin({"lr": "0.1,0.2,0.3,0.4"}, retries=2)
    assert bench.play(sweep) == 0
    by_lr = {trial.setting["lr"]: trial for trial in bench.trials(sweep)}
    assert {lr: trial.state for lr, trial in by_lr.items()} == {
        0.1: "finished",
        0.2: "failed",
        0.3: "failed",
        0.4: "finished",
    }
    assert by_lr[0.2].attempts == 3
    assert by_lr[0.2].reason == "it does not converge"
    assert by_lr[0.3].reason == "test/accuracy is nan"
    assert by_lr[0.3].attempts == 1, "what has finished is not run again"
    bench.executor.result = lambda values, seed: {"test/accuracy": 1.0}
    assert bench.again(sweep) == 0
    assert {t.setting["lr"]: t.state for t in bench.trials(sweep)}[0.2] == "failed", "nobody has asked for it"
    assert bench.again(sweep, ("failed",)) == 0
    assert {t.setting["lr"]: t.state for t in bench.trials(sweep)}[0.2] == "finished"


def test_it_ends_after_so_many_failures_in_a_row(bench):
    def result(values, seed):
        raise ArithmeticError("no")

    bench.executor.result = result
    sweep = bench.begin({"lr": "0.1..0.9:0.1"}, stop_after=3)
    assert bench.play(sweep) == 0
    status = sweep.status()
    assert (status.state, status.step) == ("stopped", 3)
    assert status.reason == "3 trials in a row have failed, the last one by: no"


def test_runs_of_equal_configuration_are_taken_and_not_run_again(bench):
    first = bench.begin({"lr": "0.1,0.2"})
    bench.play(first)
    planned = asyncio.run(bench.sweeps.plan(controller_asked("0.1,0.2,0.3")))
    assert (planned.runs, planned.there) == (3, 2)
    second = bench.begin({"lr": "0.1,0.2,0.3"})
    bench.play(second)
    trials = bench.trials(second)
    assert [trial.reused for trial in trials] == [True, False, True]
    assert {trial.run for trial in bench.trials(first)} < {trial.run for trial in trials}
    third = bench.begin({"lr": "0.1,0.2"}, reuse=False)
    bench.play(third)
    assert not any(trial.reused for trial in bench.trials(third))


def test_a_run_made_before_a_hyperparameter_was_added_has_its_default(bench):
    first = bench.begin({"lr": "0.1,0.2"}, fixed={"steps": 5})
    bench.play(first)
    for trial in bench.trials(first):
        path = bench.run(trial).path / "run.json"
        record = json.loads(path.read_text())
        del record["hyperparameters"]["series"]
        path.write_text(json.dumps(record))
    for series, there in ({"series": 1}, 2), ({"series": 2}, 0):
        planned = asyncio.run(bench.sweeps.plan(controller_asked("0.1,0.2", {"steps": 5} | series)))
        assert (planned.runs, planned.there) == (2, there)


def controller_asked(values, fixed=None, **asked):
    from engine import SweepAsked

    return SweepAsked("count", fixed or {}, {"lr": values}, {}, options={"device": "cpu"}, **asked)


def test_what_was_removed_stays_removed_until_it_is_asked_for(bench):
    sweep = bench.begin({"lr": "0.1,0.2,0.3"})
    bench.play(sweep)
    removed, purged, _ = bench.trials(sweep)
    asyncio.run(_engine(bench).remove(bench.run(removed)))
    shutil.rmtree(bench.run(purged).path)
    assert [trial.state for trial in bench.trials(sweep)] == ["removed", "removed", "finished"]
    assert bench.again(sweep) == 0
    assert [trial.state for trial in bench.trials(sweep)] == ["removed", "removed", "finished"]
    assert bench.again(sweep, ("removed",)) == 0
    trials = bench.trials(sweep)
    assert [trial.state for trial in trials] == ["finished"] * 3
    assert not {removed.run, purged.run} & {trial.run for trial in trials}


def _engine(bench):
    from engine import Engine

    return Engine(bench.sweeps.workspace.home)


def test_a_launch_that_is_refused_is_a_failed_trial(bench, monkeypatch):
    sweep = bench.begin({"lr": "0.1,0.2"})
    ready = controller.resolving.ready

    def refuse(workspace, declared, values, options):
        if values["lr"] == 0.1:
            raise PhospheneError("the data set has gone")
        return ready(workspace, declared, values, options)

    with monkeypatch.context() as patch:
        patch.setattr(controller.resolving, "ready", refuse)
        assert bench.play(sweep) == 0
    first, second = bench.trials(sweep)
    assert (first.state, first.reason, second.state) == ("failed", "the data set has gone", "finished")
    bench.again(sweep)
    assert bench.trials(sweep)[0].state == "failed"
    bench.again(sweep, ("failed",))
    assert bench.trials(sweep)[0].state == "finished"


def test_a_busy_machine_is_waited_for(bench, monkeypatch):
    sweep = bench.begin()
    submit, refusals = bench.executor.submit, iter([True, True, False, True])

    def busy(order):
        if next(refusals, False):
            raise LaunchError("the worker could not be started: try again")
        submit(order)

    monkeypatch.setattr(bench.executor, "submit", busy)
    monkeypatch.setattr(controller, "BUSY_SECONDS", (0.0, 0.0, 0.0))
    assert bench.play(sweep) == 0
    assert [trial.state for trial in bench.trials(sweep)] == ["finished"] * 2


def test_an_experiment_that_is_gone_is_one_sentence(bench, monkeypatch):
    sweep = bench.begin()
    with monkeypatch.context() as patch:
        patch.setattr(catalogue, "experiments", dict)
        assert bench.play(sweep) == 1
    assert "count" in sweep.status().reason
    assert bench.trials(sweep) == []


def test_a_sweep_is_widened_after_its_end(bench):
    sweep = bench.begin({"lr": "0.1,0.2"}, seeds=1)
    bench.play(sweep)
    more = bench.sweeps.widening(sweep, {"lr": "0.4"}, seeds=1)
    asyncio.run(bench.sweeps.widen(sweep, more))
    bench.again(sweep)
    trials = bench.trials(sweep)
    assert len(trials) == 6
    assert {(trial.setting["lr"], trial.seed) for trial in trials} == {
        (lr, s) for lr in (0.1, 0.2, 0.4) for s in (0, 1)
    }
    with pytest.raises(PhospheneError, match="tries its whole grid"):
        asyncio.run(bench.sweeps.widen(sweep, Widening(trials=3)))


@pytest.mark.parametrize("by", ["random", "tpe"])
def test_a_search_that_was_cut_goes_on_as_if_it_had_not_been(bench, monkeypatch, by):
    def settings(sweep):
        return [trial.setting for trial in bench.trials(sweep)]

    monkeypatch.setattr(bench.sweeps.workspace.__class__, "new_id", numbered())
    whole = bench.begin({"lr": "0.001..1", "series": "1,2,3"}, by=by, trials=14, reuse=False)
    bench.play(whole)
    expected = settings(whole)
    assert len({str(one) for one in expected}) == 14
    monkeypatch.setattr(bench.sweeps.workspace.__class__, "new_id", numbered())
    for folder in (whole.path, bench.sweeps.workspace.runs):
        shutil.rmtree(folder)
    at, sweep = 40, bench.begin({"lr": "0.001..1", "series": "1,2,3"}, by=by, trials=14, reuse=False)
    deadly = Deadly(at)
    with monkeypatch.context() as patch:
        patch.setattr(EventLog, "append", deadly.around(EventLog.append))
        with pytest.raises(Killed):
            bench.play(sweep)
    assert bench.again(sweep) == 0
    assert settings(sweep) == expected
    more = bench.sweeps.widening(sweep, {"series": "4"}, trials=6)
    asyncio.run(bench.sweeps.widen(sweep, more))
    bench.again(sweep)
    assert settings(sweep)[:14] == expected
    assert len(settings(sweep)) == 20


def numbered():
    """Return a source of ids that gives the same ones every time."""
    count = 0

    def new_id(self, experiment, created):
        nonlocal count
        count += 1
        return f"0000-0000-{experiment}-{count:03d}"

    return new_id


def test_a_search_ends_where_its_axes_are_used_up(bench):
    sweep = bench.begin({"lr": "0.1,0.2", "series": "1,2"}, by="tpe", trials=30)
    assert bench.play(sweep) == 0
    assert len(bench.trials(sweep)) == 4
    assert sweep.status().state == "finished"


def test_a_second_controller_is_refused_and_an_old_one_gives_way(bench):
    sweep = bench.begin()
    with pytest.raises(RunStateError, match="its controller is at work"):
        asyncio.run(bench.sweeps.resume(sweep))
    attempt = sweep.controller.attempts()[-1]
    bench.play(sweep)
    asyncio.run(bench.sweeps.resume(sweep))
    order = controller.Order(sweep.path, sweep.path, sweep.path, attempt.path.name)
    old = controller.Controller(order, bench.executor)
    with pytest.raises(RunStateError, match="another controller has taken over"):
        old._work()


def test_a_damaged_record_of_an_intent_loses_no_run_that_is_there(bench):
    sweep = bench.begin(GRID)
    bench.play(sweep)
    log = sweep.controller.attempts()[0].events
    lines = log.read_bytes().splitlines(keepends=True)
    spoilt = next(place for place, line in enumerate(lines) if b'"kind":"intended"' in line)
    lines[spoilt] = lines[spoilt].replace(b'"lr"', b'"lx"')
    log.write_bytes(b"".join(lines))
    bench.again(sweep)
    trials = bench.trials(sweep)
    assert len(trials) == 6
    assert sum(trial.reused for trial in trials) == 1, "the run is found by its configuration"
