"""Sweeps whose runs a real Slurm carries out: one array, packed runs, stopped while they wait, controllers that die."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from engine import Engine, InvalidHyperparameters, Run, SweepAsked, Sweeps
from engine.control.scheduled import job_of

TWENTY = {"lr": "0.1,0.2,0.3,0.4,0.5", "series": "1,2,3,4"}


@pytest.fixture
def sweeps(home):
    return Sweeps(home)


@pytest.fixture
def launch_sweep(sweeps, slurm):
    def start(over, fixed=None, options=None, **asked):
        wanted = {"on": "slurm", **(options or {})}
        planned = asyncio.run(sweeps.plan(SweepAsked("count", fixed or {}, over, {}, options=wanted, **asked)))
        return asyncio.run(sweeps.launch(planned))

    return start


@pytest.fixture
def runs(sweeps):
    """Return the runs of a sweep."""

    def read(sweep):
        trials = sweeps.trials(sweep, sweep.record()).read()
        return [Run(sweeps.workspace.runs / trial.run) for trial in trials]

    return read


def states(found) -> set[str]:
    return {run.status().state for run in found}


@pytest.mark.slow
def test_twenty_runs_are_one_array_of_which_a_few_run_at_a_time(slurm, launch_sweep, runs, finish, until):
    sweep = launch_sweep(TWENTY, {"steps": "3"}, parallel=3)
    until(lambda: len(runs(sweep)) == 20 and all(job_of(run) and job_of(run).id for run in runs(sweep)))
    assert len({job_of(run).id.partition("_")[0] for run in runs(sweep)}) == 1
    assert "ArrayTaskThrottle=3" in slurm.ask("scontrol", "show", "job", job_of(runs(sweep)[-1]).id)
    assert finish(sweep.controller, 120).state == "finished"
    assert states(runs(sweep)) == {"finished"}
    assert not slurm.jobs()


@pytest.mark.slow
def test_short_runs_are_packed_one_after_the_other(slurm, launch_sweep, runs, finish):
    sweep = launch_sweep({"lr": "0.1,0.2,0.3,0.4,0.5"}, {"steps": "3"}, parallel=2, per_job=3)
    assert finish(sweep.controller).state == "finished"
    found = runs(sweep)
    assert [job_of(run).id.partition("_")[2] for run in found] == ["0", "0", "0", "1", "1"]
    (first, second, _) = (run.history() for run in found[:3])
    assert first.started.t < second.started.t
    assert all((run.attempts()[0].path / "output.log").read_text() == "" for run in found)


def test_a_sweep_that_waits_is_stopped_whole(slurm, sweeps, launch_sweep, runs, finish, until):
    sweep = launch_sweep({"lr": "0.1,0.2,0.3"}, options={"slurm": "hold"}, parallel=2)
    until(lambda: len(slurm.jobs()) == 3)
    until(lambda: all(job_of(run) and job_of(run).id for run in runs(sweep)))
    asyncio.run(sweeps.stop(sweep))
    assert finish(sweep.controller).state == "stopped"
    assert states(runs(sweep)) == {"stopped"}
    assert slurm.jobs() == []


@pytest.mark.slow
def test_one_of_a_pack_is_taken_back_and_the_others_run(slurm, sweeps, launch_sweep, runs, finish, until):
    sweep = launch_sweep({"lr": "0.1,0.2,0.3"}, {"steps": "3"}, options={"slurm": "hold"}, per_job=3)
    until(lambda: all(job_of(run) and job_of(run).id for run in runs(sweep)) and len(slurm.jobs()) == 1)
    _, second, _ = runs(sweep)
    asyncio.run(Engine(sweeps.workspace.home).stop(second))
    assert second.status().state == "stopped"
    slurm.ask("scontrol", "release", job_of(second).id)
    until(lambda: not slurm.jobs())
    assert [run.status().state for run in runs(sweep)] == ["finished", "stopped", "finished"]


@pytest.mark.slow
def test_a_controller_that_dies_leaves_the_array_to_slurm_and_another_one_goes_on(
    slurm, sweeps, launch_sweep, runs, finish, until
):
    sweep = launch_sweep({"lr": "0.1,0.2,0.3"}, {"steps": "3"}, options={"slurm": "hold"}, parallel=3)
    until(lambda: len(slurm.jobs()) == 3 and all(job_of(run).id for run in runs(sweep)))
    os.killpg(sweep.status().worker.pid, signal.SIGKILL)
    until(lambda: sweep.status().ended)
    for run in runs(sweep):
        slurm.ask("scontrol", "release", job_of(run).id)
    until(lambda: states(runs(sweep)) == {"finished"})
    asyncio.run(sweeps.resume(sweep))
    assert finish(sweep.controller).state == "finished"
    assert len(runs(sweep)) == 3


@pytest.mark.slow
def test_a_pack_that_is_sent_away_begins_again_with_the_one_that_was_at_work(
    slurm, sweeps, launch_sweep, runs, finish, until
):
    fixed = {"steps": "150", "pause": "0.02"}
    sweep = launch_sweep({"lr": "0.1,0.2"}, fixed, per_job=2)
    until(lambda: runs(sweep) and runs(sweep)[0].status().step > 3, 60)
    slurm.ask("scontrol", "requeue", job_of(runs(sweep)[0]).id)
    assert finish(sweep.controller, 120).state == "finished"
    assert [len(run.attempts()) for run in runs(sweep)] == [2, 1]
    for run in runs(sweep):
        assert run.history().curves.series["train/loss"].step.tolist() == [*range(1, 151)]


def test_a_partition_that_is_not_there_is_said_before_anything_is_written(home, launch_sweep):
    with pytest.raises(InvalidHyperparameters, match="on: Slurm takes no such job: invalid partition specified: nope"):
        launch_sweep({"lr": "0.1,0.2"}, options={"on": "slurm:nope"})
    assert not [*home.glob("sweeps/*")]


@pytest.mark.parametrize(
    ("options", "asked", "sentence"),
    [
        ({"on": "local"}, {"per_job": 2}, "per_job: packs runs into jobs of Slurm: add --on slurm"),
        ({}, {"per_job": 2, "budget": 9.0}, "per_job: needs all runs to be submitted at once"),
        ({}, {"per_job": 0}, "per_job: must be 1 .. 100,000, not 0"),
    ],
)
def test_packing_needs_an_array(launch_sweep, options, asked, sentence):
    with pytest.raises(InvalidHyperparameters, match=sentence):
        launch_sweep({"lr": "0.1,0.2"}, options=options, **asked)
