"""Exporting, importing, asking whence and verifying, with real runs and real processes."""

from __future__ import annotations

import json

import pytest

from engine import Workspace, provenance
from engine.record.annotations import read_annotations


@pytest.fixture
def count(launch, finish):
    """Return a finished run of a few steps."""
    run = launch("count", {"steps": 5}, seed=3, name="my <run>")
    assert finish(run).state == "finished"
    return run


def test_a_run_is_exported_and_comes_back_as_another_ones(phosphene, count, tmp_path, home):
    for form, file in (("csv", "*.csv"), ("tensorboard", "*tfevents*")):
        done = phosphene("export", count.id, "--to", form, "-o", tmp_path / form)
        assert (done.returncode, done.stdout) == (0, f"{tmp_path / form}\n"), done.stderr
        told = phosphene("whence", next((tmp_path / form).rglob(file))).stdout
        assert f"command   phosphene export {count.id} --to {form}" in told
        back = phosphene("import", form, tmp_path / form, "--name", f"their {form}", "--json")
        assert json.loads(back.stdout)["left_out"] == []
    compared = phosphene("compare", "train/loss<1", "--metric", "last train/loss", "--json")
    assert [len(group["runs"]) for group in json.loads(compared.stdout)["groups"]] == [1, 1, 1]
    assert "not installed" not in compared.stderr
    listed = phosphene("runs").stdout
    assert "their csv" in listed
    assert "not installed" not in listed
    shown = json.loads(phosphene("show", "their tensorboard", "--json").stdout)
    assert (shown["state"], shown["metrics"]["train/loss"]) == ("finished", pytest.approx(0.2))
    for words, says in (
        (("resume", "their csv"), "is finished: only a stopped, failed or crashed run can be resumed"),
        (("verify", "their csv"), "was imported: there is no program here that could run it again"),
        (("export", "last", "--to", "xls"), "there are: csv, json, tensorboard"),
        (("export", "nosuch", "--to", "csv"), "no run is named"),
        (("export", "last", "--to", "json", "-o", "/nowhere/x"), "cannot be written"),
        (("import", "csv", "/nowhere"), "there is nothing at"),
        (("whence", home), "does not say where it came from"),
    ):
        refused = phosphene(*words)
        assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1), refused.stderr
        assert says in refused.stderr


@pytest.mark.slow
def test_a_chart_is_verified_by_running_its_runs_again(phosphene, count, tmp_path, home):
    chart = tmp_path / "loss.svg"
    phosphene("chart", "count", "--metric", "train/loss", "-o", chart)
    told = json.loads(phosphene("whence", chart, "--json").stdout)
    assert told["runs"] == {count.id: "finished"}
    assert told["command"] == f"phosphene chart {count.id} --metric train/loss --x step --group=-seed"
    done = phosphene("verify", chart)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"equal: {count.id}, 17 values\n"
    assert [run.id for run in Workspace(home).directories()] == [count.id]
    kept = json.loads(phosphene("verify", "last", "--keep", "--json").stdout)
    assert kept["equal"]
    again = Workspace(home).find(kept["runs"][0]["again"])
    assert read_annotations(again).tags == ("verify",)
    assert (again.record().seed, again.record().hyperparameters) == (3, count.record().hyperparameters)
    # A figure that was touched up is found out, though its runs come to the same.
    chart.write_bytes(chart.read_bytes() + b"<!-- retouched -->")
    refused = phosphene("verify", chart)
    assert (refused.returncode, "is not what its command writes" in refused.stdout) == (1, True)


def test_what_differs_first_is_said(phosphene, count):
    log = count.path / "attempts/0001/events.jsonl"
    from engine.record.events import Metrics, TableLogged, decode, encode

    changed = []
    for line in log.read_bytes().splitlines():
        event = decode(line)
        if isinstance(event, Metrics) and event.step > 2:
            event = Metrics(event.t, event.step, event.values | {"train/loss": 7.0, "data/seconds": 1.0}, event.epoch)
        if not isinstance(event, TableLogged):
            changed.append(encode(event))
    log.write_bytes(b"".join(changed))
    record = json.loads((count.path / "run.json").read_text())
    record["versions"]["torch"] = "1.0"
    (count.path / "run.json").write_text(json.dumps(record))
    done = phosphene("verify", count.id)
    assert done.returncode == 1
    assert done.stdout.startswith(f"different: {count.id} and ")
    # Three steps, and the six cells of the table that only the second run has.
    assert "train/loss at step 3: 7.0 and 0.3333333333333333 (8 more)" in done.stdout
    assert "torch was 1.0 and is " in done.stderr


@pytest.mark.slow
def test_a_command_that_a_file_holds_is_followed_only_if_it_writes_figures(phosphene, count, tmp_path, home):
    target = tmp_path / "evil.png"
    from PIL import Image

    origin = provenance.Origin.of([count.id], "remove", count.id, "--purge", "--yes")
    origin.save(Image.new("RGB", (2, 2)), target)
    assert phosphene("verify", target).returncode == 0
    assert count.path.is_dir()
    origin = provenance.Origin.of([count.id], "picture", count.id, "nosuch", "--nosuch")
    origin.save(Image.new("RGB", (2, 2)), target)
    refused = phosphene("verify", target)
    assert (refused.returncode, "Traceback" in refused.stderr) == (1, False)
    assert "its command does not write it any more" in refused.stdout


def test_only_a_finished_run_that_is_there_is_run_again(phosphene, launch, finish, tmp_path):
    run = launch("trouble", {"trouble": "raise"})
    finish(run)
    provenance.write_whole(tmp_path / "x.csv", provenance.text("1"), provenance.Origin((run.id,)))
    assert "only a finished run" in phosphene("verify", run.id).stderr
    phosphene("remove", run.id)
    refused = phosphene("verify", tmp_path / "x.csv")
    assert (refused.returncode, f"phosphene restore {run.id}" in refused.stderr) == (2, True)
