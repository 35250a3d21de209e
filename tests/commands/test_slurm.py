"""Runs in Slurm from the command line: launched, shown, gone on with elsewhere, refused."""

from __future__ import annotations

import json

import pytest

from engine import Workspace
from engine.control.scheduled import job_of

STUDY = """
title = "Counting"
question = "How far does it count?"
experiment = "count"
metric = "test/accuracy"

[over]
lr = [0.1, 0.2]

[quick]
fixed = { steps = 4 }
"""


def test_a_run_in_slurm_is_watched_and_shown_as_any_other(slurm, home, phosphene):
    done = phosphene("run", "count", "--steps", 3, "--on", "slurm:main", "--slurm", "nice=1", "--slurm", "comment=x")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "test/accuracy  0.5\n"
    run = Workspace(home).find("last")
    said = done.stderr.splitlines()
    assert f"job {job_of(run).id} on " in done.stderr
    assert said[-1] == "finished"
    shown = json.loads(phosphene("show", "last", "--json").stdout)
    assert (shown["executor"], shown["device"], shown["state"]) == ("slurm:main", "auto", "finished")
    assert shown["job"]["id"] == job_of(run).id
    assert {"--partition=main", "--nice=1", "--comment=x"} <= set(shown["job"]["options"])
    assert "in Slurm's queue" in phosphene("show", "last").stdout


@pytest.mark.slow
def test_a_run_that_waits_is_listed_stopped_and_resumed_elsewhere(slurm, home, phosphene):
    run = phosphene("run", "count", "--steps", 3, "--on", "slurm", "--slurm", "hold", "-d").stdout.strip()
    listed = json.loads(phosphene("runs", "--json").stdout)
    assert (listed[0]["state"], listed[0]["reason"]) == (
        "queued",
        f"job {job_of(Workspace(home).find(run)).id} in Slurm: JobHeldUser",
    )
    (place,) = json.loads(phosphene("queue", "--json").stdout)
    assert (place["device"], place["id"], place["position"]) == ("slurm", run, 1)
    assert phosphene("remove", run).returncode == 2
    assert phosphene("stop", run).stderr.endswith("it is stopped: cancelled by you while it waited\n")
    refused = phosphene("resume", run, "--on", "slurm:nonesuch")
    assert refused.returncode == 2
    assert refused.stderr == "phosphene: on: Slurm takes no such job: invalid partition specified: nonesuch\n"
    assert Workspace(home).find(run).status().attempt == 1
    resumed = phosphene("resume", run, "--time", "90m", "--slurm", "nice=2", "--json")
    assert json.loads(resumed.stdout)["state"] == "finished"
    assert {"--time=1:30:00", "--nice=2"} <= set(job_of(Workspace(home).find(run)).options)
    assert "--hold" not in job_of(Workspace(home).find(run)).options


@pytest.mark.slow
def test_a_study_runs_in_slurm(slurm, home, phosphene):
    (home / "studies").mkdir(parents=True)
    (home / "studies/mine.toml").write_text(STUDY)
    done = phosphene("study", "run", "mine", "--quick", "--on", "slurm", "--parallel", 2, timeout=120)
    assert done.returncode == 0, done.stderr
    assert {run.record().executor for run in Workspace(home).directories()} == {"slurm"}
