"""Filtering, ordering and annotating runs from the command line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from commands.main import app
from engine import InvalidFilter, PhospheneError, UnknownRun, Workspace
from engine.record.events import Metrics, StateChanged, encode
from engine.record.files import write_json
from engine.record.run_directory import RunRecord


@pytest.fixture
def runs(home):
    """Write three finished runs, aaa, bbb, ccc, with learning rates 0.1, 0.01, 0.001; they took 1, 2, 3 minutes."""
    for number, letters in enumerate(("aaa", "bbb", "ccc")):
        path = home / f"runs/1122-0831-count-{letters}"
        (path / "attempts/0001").mkdir(parents=True)
        record = RunRecord(
            path.name, "cnn", {"lr": 10.0 ** -(number + 1)}, number, "cpu", 1e9 + number, f"run {letters}"
        )
        write_json(path / "run.json", record.to_json())
        curve = [Metrics(1e9 + step, step, {"train/loss": number + 1 / step}, step / 10) for step in range(1, 11)]
        end = StateChanged(1e9 + 60 * number + 60, "finished", "", 10, 10, {"test/accuracy": 0.5 + number / 10})
        events = [StateChanged(1e9, "running"), *curve, end]
        (path / "attempts/0001/events.jsonl").write_bytes(b"".join(map(encode, events)))
    return home


@pytest.fixture
def command(runs):
    """Run a command in this process; returns what it printed, raises what it raised."""

    def run(*words):
        done = CliRunner().invoke(app, [*words])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return run


def listed(done):
    return [run["id"][-3:] for run in json.loads(done.stdout)]


def test_the_list_tells_what_is_no_default(command):
    head, *rows = command("runs").stdout.splitlines()
    assert head.endswith("note, changed values")
    assert [row.partition("  run ")[2] for row in rows] == [
        "ccc, lr 0.001, seed 2",
        "bbb, lr 0.01, seed 1",
        "aaa, lr 0.1",
    ]


def test_runs_are_filtered_and_ordered(command):
    assert listed(command("runs", "--json", "--where", "lr>=0.01")) == ["bbb", "aaa"]
    assert listed(command("runs", "--json", "--where", "train/loss<2", "--sort", "lr")) == ["bbb", "aaa"]
    assert listed(command("runs", "--json", "--sort", "lr")) == ["ccc", "bbb", "aaa"]
    assert listed(command("runs", "--json", "--sort", "-lr")) == ["aaa", "bbb", "ccc"]
    assert listed(command("runs", "--json", "--sort", "min train/loss")) == ["aaa", "bbb", "ccc"]
    assert listed(command("runs", "--json", "--where", "nothing-like-it")) == []
    told = command("runs", "--where", "lrr=3 OR NOT has:test/acuracy").stderr
    assert "lrr" not in told, "some have no such result, and are meant"
    told = command("runs", "--where", "lrr=3 has:test/acuracy").stderr
    assert told.splitlines() == [
        "none of these runs has lrr; did you mean lr?",
        "none of these runs has test/acuracy; did you mean test/accuracy?",
        "no run is meant by that",
    ]
    with pytest.raises(InvalidFilter, match=r"at 4: a value must follow >; for example lr>10") as caught:
        command("runs", "--where", "lr>")
    assert caught.value.exit_status == 2


def test_columns_are_shown_and_are_in_the_json(command):
    columns = "lr,max train/loss,min train/loss step,nosuch"
    head, first, *_ = command("runs", "--columns", columns).stdout.splitlines()
    assert head.split("  ")[0].strip() == "run"
    assert first.split() == ["1122-0831-count-ccc", "0.001", "3", "10"]
    (run, *_) = json.loads(command("runs", "--json", "--columns", columns).stdout)
    assert run["columns"] == {"lr": 0.001, "max train/loss": 3.0, "min train/loss step": 10.0, "nosuch": None}
    assert run["hyperparameters"] == {"lr": 0.001}
    told = command("runs", "--columns", "train/los,lr", "--sort", "nosuch").stderr
    assert told.splitlines() == [
        "none of these runs has train/los; did you mean train/loss?",
        "none of these runs has nosuch",
    ]
    with pytest.raises(PhospheneError, match="leave step out"):
        command("runs", "--columns", "mean train/loss step")


def test_the_headline_and_time_spans_are_fields_and_columns(command):
    wanted = ("--where", "duration>60 result>0.5", "--columns", "result,duration,waited", "--sort", "-duration")
    assert [line.split() for line in command("runs", *wanted).stdout.splitlines()] == [
        ["run", "result", "duration", "waited"],
        ["1122-0831-count-ccc", "0.7", "3:00"],
        ["1122-0831-count-bbb", "0.6", "2:00"],
    ]
    first, _ = json.loads(command("runs", "--json", *wanted).stdout)
    assert first["columns"] == {"result": 0.7, "duration": 180.0, "waited": 0.0}
    assert "180 (1)" in command("compare", "cnn", "--metric", "duration", "--group", "none").stdout


def test_tags_are_given_taken_and_shown(command):
    assert "#good" in command("tag", "lr<=0.01", "good").stderr
    assert listed(command("runs", "--json", "--where", "tag:good")) == ["ccc", "bbb"]
    command("tag", "bbb", "ccc", "+seen", "-good", "-hard")
    assert listed(command("runs", "--json", "--where", "tag:good OR tag:hard")) == []
    assert "#seen" in command("runs").stdout
    assert json.loads(command("show", "bbb", "--json").stdout)["tags"] == ["seen"]
    assert "#seen" in command("show", "bbb").stdout
    for words, problem in (
        (["good"], "which runs and which tags"),
        (["+good"], "which runs"),
        (["bbb", "+a,b"], "tag"),
    ):
        with pytest.raises(PhospheneError, match=problem):
            command("tag", *words)


def test_notes_and_names_are_shown_and_found(command):
    command("note", "bbb", "as", "in the report")
    command("rename", "lr=0.01", "the best")
    assert "the best" in command("runs").stdout
    shown = command("show", "the best").stdout
    assert "as in the report" in shown
    assert "the best" in shown
    document = json.loads(command("show", "bbb", "--json").stdout)
    assert (document["name"], document["note"]) == ("the best", "as in the report")
    assert listed(command("runs", "--json", "--where", 'note~report name="the best"')) == ["bbb"]
    with pytest.raises(PhospheneError, match="which name"):
        command("rename", "alone")


def test_runs_are_removed_by_a_filter_and_come_back(command, runs):
    command("remove", "--where", "lr=0.1 OR lr=0.01")
    assert listed(command("runs", "--json")) == ["ccc"]
    assert "is back" in command("restore", "aaa").stderr
    command("restore", "last")
    assert len(Workspace(runs).list()) == 3
    for words in (["remove"], ["remove", "--where", "nz=3"], ["remove", "count"], ["restore", "last"]):
        with pytest.raises(UnknownRun):
            command(*words)
    assert len(Workspace(runs).list()) == 3
