"""Comparing and charting from the command line, in every format."""

from __future__ import annotations

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from commands.main import app
from engine import PhospheneError, UnknownRun
from engine.record.events import Metrics, StateChanged, encode
from engine.record.files import write_json
from engine.record.run_directory import RunRecord


@pytest.fixture
def command(home, tmp_path, monkeypatch):
    """Run a command beside nine runs: three seeds each of lr 0.1 and 0.01, and three single ones of nz 9."""
    monkeypatch.chdir(tmp_path)
    for number in range(9):
        lr = (*[0.1] * 3, *[0.01] * 3, 0.1, 0.2, 0.3)[number]
        nz = 9 if number > 5 else 2
        path = home / f"runs/1122-083{number}-count-k{number}k"
        (path / "attempts/0001").mkdir(parents=True)
        record = RunRecord(path.name, "count", {"lr": lr, "nz": nz}, number % 3, "cpu", 1e9 + number)
        write_json(path / "run.json", record.to_json())
        curve = [Metrics(1e9 + step, step, {"train/loss": lr + 1 / step}, step / 10) for step in range(1, 11)]
        end = StateChanged(2e9, "finished", "", 10, 10, {"test/accuracy": 0.9 - number // 3 / 10 + number % 3 / 100})
        (path / "attempts/0001/events.jsonl").write_bytes(b"".join(map(encode, [*curve, end])))

    def run(*words):
        done = CliRunner().invoke(app, [*words])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return run


def test_a_comparison_is_a_table_and_what_the_seeds_prove(command):
    lines = command("compare", "nz=2").stdout.splitlines()
    assert lines[0].split() == ["group", "test/accuracy"]
    assert [line.split("  ")[0] for line in lines[1:3]] == ["lr 0.01", "lr 0.1"]
    assert lines[2].endswith("0.910 ± 0.025 (3) *")
    assert lines[3] == "The runs differ in lr (0.01, 0.1), seed (2, 1, 0)."
    assert "lr 0.1 lies 0.100 above lr 0.01" in lines[4]
    assert "once in 20" in lines[5]
    lines = command(
        "compare", "nz=2", "--baseline", "k3k", "--metric", "test/accuracy,min train/loss"
    ).stdout.splitlines()
    assert "from lr 0.01" in lines[0]
    assert "+0.100 [0.0" in lines[2]
    assert "halve the interval" in command("compare", "lr=0.01").stdout


def test_other_formats_hold_the_same(command):
    done = command("compare", "nz=2", "--format", "md")
    assert "| lr 0.1  | 0.910 ± 0.025 (3) * |" in done.stdout
    assert "once in 20" in done.stderr
    assert r"lr 0.1 & 0.910 $\pm$ 0.025 (3) {*} \\" in command("compare", "nz=2", "--format", "latex").stdout
    rows = [*csv.DictReader(io.StringIO(command("compare", "nz=2", "--format", "csv").stdout))]
    assert float(rows[1]["test/accuracy mean"]) == pytest.approx(0.91)
    assert (rows[1]["test/accuracy n"], len(rows[1]["runs"].split())) == ("3", 3)
    found = json.loads(command("compare", "nz=2", "--json").stdout)
    assert found["differences"].keys() == {"lr", "seed"}
    assert found["groups"][1]["results"]["test/accuracy"]["values"] == pytest.approx([0.92, 0.91, 0.90])
    assert found["groups"][1]["results"]["test/accuracy"]["best"] is True


def test_runs_are_grouped_and_turned_as_asked(command):
    assert command("compare", "nz=2", "--group", "none").stdout.count("(1)") == 6
    lines = command("compare", "k", "--group", "nz").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines[1:3]] == ["nz 9", "nz 2"]
    pivot = command("compare", "k", "--rows", "nz", "--columns", "lr").stdout.splitlines()
    assert pivot[0].split("  ")[0] == "nz \\ lr"
    assert pivot[0].split()[3:] == ["0.01", "0.1", "0.2", "0.3"]
    assert pivot[1].count("(3)") == 2
    assert pivot[2].count("(1)") == 3
    assert pivot[3] == "The cells are test/accuracy."
    assert "differ in lr" in command("compare", "k", "--rows", "nz", "--columns", "experiment").stdout


def test_mistakes_are_one_sentence(command):
    for words, error, problem in (
        (["nosuch"], UnknownRun, "no run is named"),
        (["nz=2", "--metric", "nosuch"], PhospheneError, "share: test/accuracy, train/loss"),
        (["nz=2", "--baseline", "k7k"], UnknownRun, "not among"),
        (["nz=2", "--group", "nz,-seed"], PhospheneError, "write -seed"),
        (["nz=2", "--group", "nosuch"], PhospheneError, "by 'nosuch'; there are: experiment, .*lr"),
        (["nz=2", "--rows", "nosuch", "--columns", "lr"], PhospheneError, "by 'nosuch'"),
        (["nz=2", "--group=-seed,-nosuch"], PhospheneError, "by 'nosuch'"),
    ):
        with pytest.raises(error, match=problem):
            command("compare", *words)
    for words in (
        ["nz=2", "--format", "doc"],
        ["nz=2", "--rows", "nz"],
        ["nz=2", "--rows=a", "--columns=b", "--json"],
        ["nz=2", "--rows=nz", "--columns=nz"],
        ["nz=2", "--rows=nz", "--columns=lr", "--metric=test/accuracy,test/loss"],
    ):
        assert command("compare", *words).exit_code == 2


def test_a_chart_is_written_and_its_csv_holds_what_is_drawn(command, tmp_path):
    done = command("chart", "nz=2", "--metric", "train/loss", "-o", "loss.csv")
    assert done.stdout == "loss.csv\n"
    rows = [*csv.DictReader(io.StringIO((tmp_path / "loss.csv").read_text()))]
    assert {row["line"] for row in rows} == {"lr 0.1 (3)", "lr 0.01 (3)"}
    assert len(rows) == 20
    assert float(rows[-1]["train/loss"]) == pytest.approx(0.2)
    assert command("chart", "nz=2").stdout == "train-loss.pdf\n"
    assert (tmp_path / "train-loss.pdf").read_bytes().startswith(b"%PDF")
    for name in ("a.svg", "b.svg"):
        command("chart", "k", "--smooth", "0.9", "--log-y", "--x", "epoch", "-o", name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    for words, problem in (
        (["--metric", "nosuch"], "metrics they share: train/loss"),
        (["--smooth", "1"], "below 1"),
        (["--x", "day"], "step, epoch, time"),
        (["-o", "a.doc"], "must end in"),
        (["-o", "nowhere/a.pdf"], "cannot be written"),
    ):
        with pytest.raises(PhospheneError, match=problem):
            command("chart", "k", *words)


@pytest.mark.slow
def test_a_table_of_a_run_is_written_for_documents(launch, finish, phosphene):
    finish(launch("count"))
    shown = phosphene("show", "last", "--table", "squares", "--format", "latex").stdout
    assert r"n & n squared \\" in shown
    assert "|   n | n squared |" in phosphene("show", "last", "--table", "squares", "--format", "md").stdout
    refused = phosphene("show", "last", "--table", "squares", "--format", "doc")
    assert refused.returncode == 2
    assert "md, latex, csv" in refused.stderr
    assert phosphene("show", "last", "--format", "md").returncode == 2


def test_further_seeds_are_named_before_they_are_launched(command):
    rows = json.loads(command("replicate", "nz=2", "--seeds", "1", "--dry", "--json").stdout)
    assert rows == [
        {"group": "lr 0.01", "seed": 3, "run": "", "what": "would be launched"},
        {"group": "lr 0.1", "seed": 3, "run": "", "what": "would be launched"},
    ]
