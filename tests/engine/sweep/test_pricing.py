"""What a sweep will take is told by runs that had as much to do, and by no others."""

from __future__ import annotations

import asyncio

import pytest

from engine import SweepAsked
from engine.catalogue import experiment
from engine.slurm.asking import usual_seconds
from engine.sweep import words
from engine.workload import workload


def test_epochs_data_and_networks_decide_the_work_and_nothing_else():
    declared = experiment("cnn")
    usual = workload(declared, {})
    assert [name for name, _ in usual] == ["batch", "dataset", "epochs"]
    assert workload(declared, {"lr": 0.5, "dropout": 0.0}) == usual
    assert workload(declared, {"epochs": 50}) != usual
    assert {name for name, _ in workload(experiment("saliency"), {})} == {"images", "model"}
    assert {"images", "model", "steps"} <= {name for name, _ in workload(experiment("fool"), {})}


@pytest.fixture
def plan(bench):
    """Return what plans a sweep over ``count`` beside three runs of three steps each."""
    bench.play(bench.begin({"lr": "0.1,0.2,0.3"}, fixed={"steps": 3}))

    def plan(fixed=(), **over):
        asked = SweepAsked("count", dict(fixed), over, {}, options={"device": "cpu"})
        return asyncio.run(bench.sweeps.plan(asked))

    return plan


def test_runs_of_another_length_tell_no_time(plan, bench):
    known = plan({"steps": 3}, lr="0.3,0.4,0.5")
    assert (known.there, known.price.seconds.n, known.price.size.n) == (1, 3, 3)
    assert "as 3 earlier runs with the same steps took, whatever their other values" in words.plan(known)[-1]
    for unknown in (plan({"steps": 4}, lr="0.3,0.4"), plan(steps="3,4", lr="0.4,0.5")):
        assert unknown.price.seconds is unknown.price.size is None
        assert "fewer than 3 runs of count with the same steps have finished" in words.plan(unknown)[-1]
    count = experiment("count")
    assert usual_seconds(bench.sweeps.workspace, count, {"steps": 3, "lr": 9.0}) is not None
    assert usual_seconds(bench.sweeps.workspace, count, {"steps": 4}) is None
