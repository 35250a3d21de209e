"""A study with real processes: killed and run again, it runs nothing twice."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections import Counter

import pytest

from engine import Studies
from engine.record.run_directory import RunDirectory
from tests.conftest import PATIENCE, PHOSPHENE

STUDY = """\
title = "Counting"
question = "How far does it count?"
experiment = "count"
metric = "test/accuracy"
seeds = 2

[fixed]
gate = "GATE"

[over]
lr = [0.1, 0.2]

[quick]
fixed = { steps = 4 }

[[published]]
where = { lr = 0.1 }
metric = "test/accuracy"
value = 0.9
source = "A report, §1"
"""


def write(home, text):
    (home / "studies/mine.toml").write_text(text.replace("GATE", str(home / "gate")), encoding="utf-8")


@pytest.fixture
def studies(home):
    """Return the studies of a workspace that has one of its own; what a test has left running is ended."""
    found = Studies(home)
    (home / "studies").mkdir(parents=True)
    write(home, STUDY)
    (home / "gate").touch()
    yield found
    for sweep in found.sweeps.directories():
        kill(sweep.controller)


def kill(directory):
    """End the last worker of a run, or the last controller of a sweep, the hard way."""
    attempts = directory.attempts()
    claim = attempts[-1].claim() if attempts else None
    if claim is not None and claim.worker.presence() == "alive":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(claim.worker.pid, signal.SIGKILL)


def runs_by_combination(studies):
    """Return how many runs there are of each combination and seed, and how many of them have finished."""
    listed = [run for run in studies.workspace.list() if run.record]
    keys = [(run.record.hyperparameters["lr"], run.record.seed) for run in listed]
    done = [key for key, run in zip(keys, listed, strict=True) if run.status.state == "finished"]
    return Counter(keys), Counter(done)


def finished(studies):
    return sum(runs_by_combination(studies)[1].values())


@pytest.mark.parametrize("victim", [pytest.param("command", marks=pytest.mark.slow), "all"])
def test_killed_and_run_again_it_runs_nothing_twice(studies, home, until, phosphene, victim):
    command = subprocess.Popen([*PHOSPHENE, "study", "run", "mine", "--quick"], stdout=-3, stderr=-3)
    until(lambda: finished(studies) >= 1)
    # The runs after the next one wait until the study has been run again.
    (home / "gate").unlink()
    command.kill()
    command.wait(PATIENCE)
    (sweep,) = studies.sweeps.directories()
    if victim == "all":
        kill(sweep.controller)
        until(lambda: sweep.status().ended)
        for run in studies.workspace.directories():
            kill(RunDirectory(run.path))
    done = phosphene("study", "run", "mine", "--quick", "--detach", timeout=4 * PATIENCE)
    assert done.stdout.strip() == sweep.id, done.stderr
    assert finished(studies) < 4
    (home / "gate").touch()
    until(lambda: sweep.status().ended, 4 * PATIENCE)
    runs, ended = runs_by_combination(studies)
    assert ended == Counter({(lr, seed): 1 for lr in (0.1, 0.2) for seed in (0, 1)})
    assert runs == ended


@pytest.mark.slow
def test_what_is_there_is_not_run_again_and_counts_for_the_full_tier(studies, phosphene, home):
    for _ in range(2):
        done = phosphene("study", "run", "mine", "--quick", "--parallel", "2", timeout=4 * PATIENCE)
        assert done.returncode == 0, done.stderr
        assert "4 of 4" in done.stderr
    assert finished(studies) == 4
    study = studies.find("mine")
    (judged,) = studies.progress(study, "quick").judged
    assert judged.verdict == "not judged"
    # The full tier of as many steps is of the same runs, with a seed more that is missing.
    text = STUDY.replace("seeds = 2", "seeds = 3").replace("[quick]", "[full]")
    write(home, text)
    found = studies.progress(studies.find("mine"), "full")
    assert (len(found.trials), found.runs) == (4, 6)
    assert found.judged[0].verdict == "cannot tell"
    assert phosphene("study", "run", "mine", timeout=4 * PATIENCE).returncode == 0
    found = studies.progress(studies.find("mine"), "full")
    assert (len(found.trials), finished(studies)) == (6, 6)
    assert found.judged[0].verdict == "outside", "three runs give 0.5 exactly, and 0.9 was published"
    done = phosphene("study", "show", "mine", "--json")
    assert '"outside"' in done.stdout
