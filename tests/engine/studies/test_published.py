"""Published values find the runs that they are of: by axes, by what is fixed, and by what is set otherwise."""

from __future__ import annotations

import asyncio
import time

import pytest

from engine import PhospheneError, Studies, SweepAsked, catalogue
from engine.record.events import Results, StateChanged
from engine.record.log import EventLog
from engine.record.run_directory import RunDirectory, RunRecord
from engine.record.workspace import Workspace
from engine.studies.study import Published
from engine.studies.verdict import judge

STUDY = """
title = "Parameters"
question = "How many has it?"
source = "a report"
experiment = "anatomy"
seeds = 3
[over]
model = ["vgg16", "alexnet"]
[quick]
fixed = { model = "alexnet" }
[[published]]
where = { WHERE }
metric = "parameters/total"
value = 61_000_000
rounding = 500_000
source = "a report"
"""


@pytest.fixture
def study(home):
    """Write a study whose published value picks its runs by ``where``; return the studies and the study."""

    def written(where: str):
        path = home / "studies/parameters.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(STUDY.replace("WHERE", where))
        studies = Studies(home)
        return studies, studies.find("parameters")

    return written


def finished(home, model: str, seed: int, parameters: int) -> None:
    """Write a finished run of ``anatomy``."""
    values = catalogue.experiment("anatomy").validate({"model": model}).model_dump(mode="json")
    record, staged = Workspace(home).prepare(RunRecord("", "anatomy", values, seed, "cpu", 0.0))
    run = RunDirectory(staged.rename(staged.with_name(record.id)))
    results = {"parameters/total": float(parameters)}
    log = EventLog(run.path / "attempts/0001/events.jsonl")
    log.append(Results(time.time(), results))
    log.append(StateChanged(time.time(), "finished", "", 1, 1, results))
    log.close()


def test_a_published_value_is_of_the_runs_that_have_its_values_on_an_axis_fixed_or_set(home, study):
    studies, found = study('model = "alexnet"')
    for seed in range(3):
        finished(home, "alexnet", seed, 61_100_840)
        finished(home, "vgg16", seed, 138_357_544)
    for tier, changed in (("full", {}), ("quick", {}), ("full", {"model": "alexnet"})):
        (one,) = studies.progress(found, tier, changed).judged
        assert one.mean.n == 3
        assert one.mean.mean == 61_100_840
    assert studies.progress(found, "full").judged[0].verdict == "inside"
    # Of another network the value is not.
    assert studies.progress(found, "full", {"model": "vgg16"}).judged[0].mean is None


def test_a_value_of_no_hyperparameter_is_told_with_its_line(study):
    studies, found = study('modle = "alexnet"')
    with pytest.raises(PhospheneError, match=r"parameters\.toml, line \d+: a published value names modle: anatomy"):
        studies.progress(found, "full")


def test_a_printed_figure_stands_for_everything_that_rounds_to_it():
    def verdict(value: float, rounding: float) -> str:
        published = Published(metric="parameters/total", value=value, rounding=rounding, source="a report")
        return judge(published, [138_357_544.0] * 3).verdict

    assert verdict(138e6, 5e5) == "inside"
    assert verdict(138e6, 5e4) == "outside"
    assert verdict(138e6, 0) == "outside"
    assert verdict(140e6, 1.6e6) == "outside"


def test_a_list_of_texts_that_may_hold_commas_is_an_axis_alone_and_together(home):
    head = 'title = "t"\nquestion = "q?"\nsource = "s"\n'
    path = home / "studies"
    path.mkdir(parents=True)
    (path / "c.toml").write_text(head + 'experiment = "probe"\n[over]\nC = [0.1, "1,10"]\n')
    (path / "pairs.toml").write_text(head + 'experiment = "activation-max"\n[zip]\n"units,tv" = "9+4,1; 1+7,4"\n')
    studies = Studies(home)
    axes = {name: str(*studies.progress(studies.find(name), "full").record.axes) for name in ("c", "pairs")}
    assert axes == {"c": "C=0.1;1,10", "pairs": "units,tv=9+4,1;1+7,4"}


def test_a_field_that_varies_with_others_can_be_set(home):
    head = 'title = "t"\nquestion = "q?"\nsource = "s"\nexperiment = "class-image"\n[zip]\n'
    (home / "studies").mkdir(parents=True)
    (home / "studies/z.toml").write_text(head + '"steps,lr,l2" = "200,5,1e-3; 1000,1,1e-3; 200,5,1"\n')
    studies = Studies(home)

    def axes(**changed: str) -> list[str]:
        return [str(axis) for axis in studies.progress(studies.find("z"), "full", changed).record.axes]

    assert axes() == ["steps,lr,l2=200,5,0.001;1000,1,0.001;200,5,1"]
    assert axes(l2="0.1") == ["steps,lr=200,5;1000,1"]
    assert axes(steps="10", l2="0.1") == ["lr=5,1"]
    record = studies.progress(studies.find("z"), "full", {"steps": "10", "lr": "2"}).record
    assert [str(axis) for axis in record.axes] == ["l2=0.001,1"]
    assert (record.fixed["steps"], record.fixed["lr"]) == (10, 2.0)


def test_a_study_written_from_a_sweep_has_its_axes(home):
    class Nobody:
        def submit(self, order) -> None:
            del order

    studies = Studies(home)
    studies.sweeps._executor = Nobody()
    asked = SweepAsked("probe", {}, {"C": "0.1;1;10", "pca": "0,0.95"}, {}, options={"device": "cpu"})
    sweep = asyncio.run(studies.sweeps.launch(asyncio.run(studies.sweeps.plan(asked))))
    studies.write("mine", [sweep.id])
    found = studies.find("mine")
    assert studies.progress(found, "full").record.axes == sweep.record().axes
