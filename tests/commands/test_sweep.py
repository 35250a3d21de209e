"""Sweeps on the command line, from the plan to the table."""

from __future__ import annotations

import csv
import io
import json

import pytest

from commands.sweeps import budget_of
from engine import Sweeps, wording

AXES = ["--over", "lr=0.1,0.2,0.5", "--over", "series=1,2"]


def test_what_is_hardly_meant_is_said_before_anything_runs(phosphene, home):
    words = ("attack", "--method", "fgsm", "--images", "digits:test/0-1")
    doubt = "if you meant 0.03 on the scale of [0, 1], write 7.65"
    dry = phosphene("sweep", *words, "--over", "eps=0.03,8", "--dry")
    assert doubt in dry.stdout
    run = phosphene("run", *words, "--eps", "0.03", "--device", "cuda:9")
    assert run.stderr.splitlines()[0].endswith(doubt)
    assert run.returncode == 2
    assert not (home / "runs").exists()


def test_a_sweep_is_planned_run_shown_compared_and_widened(phosphene, home, until):
    dry = phosphene("sweep", "count", *AXES, "--seeds", "2", "--steps", "3", "--dry")
    assert dry.returncode == 0
    assert dry.stdout.splitlines() == [
        "count over lr=0.1,0.2,0.5  series=1,2",
        "12 runs, 2 seeds each",
        "how long that takes is not known: fewer than 3 runs of count with the same steps have finished",
    ]
    assert not (home / "sweeps").exists()
    assert not (home / "runs").exists()
    done = phosphene("sweep", "count", *AXES, "--steps", "3", "--device", "cpu", "--parallel", "2", "--name", "rates")
    assert done.returncode == 0, done.stderr
    assert "6 finished." in done.stdout
    (sweep,) = Sweeps(home).directories()
    assert sweep.id in phosphene("sweeps").stdout
    (listed,) = json.loads(phosphene("sweeps", "--json").stdout)
    assert (listed["id"], listed["state"], listed["over"], listed["total"]) == (sweep.id, "finished", 6, 6)

    again = phosphene("sweep", "count", *AXES, "--steps", "3", "--dry", "--json")
    planned = json.loads(again.stdout)
    assert (planned["runs"], planned["there"], planned["asked"]["options"]["slots"]) == (6, 6, 1)

    rows = list(csv.DictReader(io.StringIO(phosphene("show", "rates", "--format", "csv").stdout)))
    assert [row["state"] for row in rows] == ["finished"] * 6
    assert {(row["lr"], row["series"]) for row in rows} == {(lr, n) for lr in ("0.1", "0.2", "0.5") for n in "12"}
    document = json.loads(phosphene("sweep", "show", "rates", "--json").stdout)
    assert len(document["trials"]) == 6
    assert document["outcomes"][0]["n"] == 1
    latex = phosphene("sweep", "show", "last", "--rows", "lr", "--columns", "series", "--format", "latex").stdout
    assert latex.count(r"\\") == 4
    by_loss = phosphene("sweep", "show", "rates", "--metric", "min train/loss").stdout
    assert "min train/loss" in by_loss
    refused = phosphene("sweep", "show", "rates", "--rows", "lr", "--columns", "steps")
    assert refused.returncode == 2
    assert "'steps' is no axis; there are: lr, series" in refused.stderr
    assert "lr 0.5" in phosphene("compare", sweep.id).stdout

    wider = phosphene("sweep", "extend", "rates", "--over", "series=+3", "--seeds", "1")
    assert wider.returncode == 0, wider.stderr
    assert f"{sweep.id}: 12 further runs, 18 in all" in wider.stderr
    assert "18 finished." in wider.stdout
    assert phosphene("stop", "rates").returncode == 2
    assert phosphene("sweep", "resume", "rates").returncode == 0
    assert phosphene("sweep", "remove", "rates").returncode == 0
    assert not sweep.path.exists()
    assert len(list((home / "runs").iterdir())) == 18
    assert phosphene("restore", sweep.id).returncode == 0
    assert sweep.path.exists()
    assert len(list((home / "runs").iterdir())) == 18


def test_all_mistakes_are_said_at_once_and_nothing_is_written(phosphene, home):
    done = phosphene("sweep", "count", "--over", "lr=0.1,7", "--over", "foo=1,2", "--steps", "-3", "--by", "best")
    assert done.returncode == 2
    for part in ("lr: must be less than or equal to 1, got '7'", "foo: no such hyperparameter", "steps: must be"):
        assert part in done.stderr
    assert "by: must be one of grid, random, tpe, not 'best'" in done.stderr
    assert not home.exists()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--over", "lr"], "'lr' has no =; write FIELD=VALUES"),
        (["--over", "lr=0.1,0.2", "--over", "lr=0.3,0.4"], "lr stands there twice"),
        (["--over", "lr=0.1,0.2", "--budget", "soon"], "'soon' is no time span"),
        (["--over", "lr=0.1,0.2", "--budget", "2h30"], "'2h30' is no time span"),
        (["--over", "lr=0.1,0.2", "--budget", "0m"], "'0m' is no time at all"),
        (["--over", "lr=0.1,0.2", "--trials", "-3"], "trials: must be 0 .. 100,000, not -3"),
        (["--over", "lr=0.1,0.2", "--gpus", "2"], "gpus: is asked of Slurm alone: set on to slurm"),
        (["--over", "lr=0.1,0.2", "--name", "last"], "name: 'last' cannot be a name"),
        ([], "a sweep needs an axis"),
        (["--over", "lr=0.1,0.2", "--by", "tpe"], "say how many combinations tpe is to try"),
        (["--over", "lr=0.1,0.2", "--prune", "median"], "write --metric 'min train/loss'"),
        (["--over", "lr=0.1,0.2", "--parallel", "0"], "must be 1 .. 64"),
        (["--over", "lr=0.001..1:0.000001"], "1,000 are the most"),
        (["--over", "lr=log:1e-320..1e308"], "lr: must be"),
        (["--over", "pause=0..0.5:0.001", "--over", "lr=0.001..0.5:0.001", "--seeds", "9"], "100,000 are the most"),
    ],
)
def test_what_cannot_be_asked_for_is_one_sentence(phosphene, home, arguments, part):
    done = phosphene("sweep", "count", *arguments)
    assert done.returncode == 2
    assert part in done.stderr
    assert "Traceback" not in done.stderr
    assert not home.exists()


def test_a_sweep_of_which_a_run_failed_ends_as_a_run_that_failed_does(phosphene):
    done = phosphene("sweep", "trouble", "--over", "trouble=raise,nan", "--name", "two\x1b[31m")
    assert done.returncode == 1
    assert "1 finished, 1 failed" in done.stdout
    assert "\x1b" not in done.stderr + done.stdout
    assert phosphene("sweep", "follow", "last").returncode == 1


def test_a_metric_that_no_run_has_is_told_before_the_launch(command):
    told = command("sweep", "count", "--over", "lr=0.1,0.2", "--metric", "min train/los", "--dry").stdout
    assert "metric: no run of count so far has train/los; did you mean train/loss?" in told
    assert "metric:" not in command("sweep", "count", "--over", "lr=0.1,0.2", "--metric", "train/loss", "--dry").stdout


def test_the_command_knows_both_its_own_options_and_those_of_the_experiment(phosphene):
    told = phosphene("sweep", "dcgan", "--help").stdout
    assert "--over" in told
    assert "--lr-g" in told
    assert phosphene("sweep", "nosuch").returncode == 2
    assert "there are no sweeps yet" in phosphene("sweep", "stop", "nosuch").stderr


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2h", 7200), ("1h30m", 5400), ("90m", 5400), ("45s", 45), ("45", 45), ("1:30:00", 5400), ("2:05", 125), ("", 0)],
)
def test_budgets_are_read_as_people_write_them(text, seconds):
    assert budget_of(text) == seconds


@pytest.mark.parametrize("text", ["h", "2x", "1h2h", "2h30", "1.2.3", "..m", "-3", "soon"])
def test_what_is_no_time_span_is_refused(text):
    with pytest.raises(ValueError, match="is no time span"):
        wording.seconds_of(text)
