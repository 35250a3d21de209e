"""Reports from the command line: formats by option or ending, outlines that are written, edited and read."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from commands.main import app
from engine import PhospheneError, UnknownRun
from engine.record.events import Metrics, StateChanged, encode
from engine.record.files import write_json
from engine.record.run_directory import RunRecord


@pytest.fixture
def command(home, tmp_path, monkeypatch):
    """Run ``phosphene report`` beside two runs."""
    monkeypatch.chdir(tmp_path)
    for number in range(2):
        path = home / f"runs/1122-083{number}-count-k{number}k"
        (path / "attempts/0001").mkdir(parents=True)
        write_json(path / "run.json", RunRecord(path.name, "count", {"lr": 0.1}, number, "cpu", 1e9).to_json())
        curve = [Metrics(1e9 + step, step, {"train/loss": 1 / step}) for step in range(1, 5)]
        end = StateChanged(2e9, "finished", "", 4, 4, {"test/accuracy": 0.9})
        (path / "attempts/0001/events.jsonl").write_bytes(b"".join(map(encode, [*curve, end])))

    def run(*words):
        done = CliRunner().invoke(app, ["report", *words])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    return run


def test_the_ending_or_the_option_says_the_format(command, tmp_path):
    assert command("count").stdout == "report.html\n"
    assert command("count").stdout == "report-2.html\n"
    assert (tmp_path / "report.html").read_bytes() == (tmp_path / "report-2.html").read_bytes()
    done = command("count", "-o", "mine.md", "--title", "Mine", "--author", "A. Student")
    assert done.stdout == "mine.md\n"
    assert "and 1 figures in mine-figures" in done.stderr
    assert (tmp_path / "mine.md").read_text().startswith("# Mine\n\nA. Student · 2033-05-18 03:33 UTC\n")
    assert command("count", "--to", "latex").stdout == "report.tex\n"
    assert "\\documentclass" in (tmp_path / "report.tex").read_text()


def test_an_outline_is_written_edited_and_read(command, tmp_path):
    assert command("count", "-o", "mine.toml").stdout == "mine.toml\n"
    text = (tmp_path / "mine.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace('heading = "Results"', 'heading = "What came out"'))
    assert command("mine.toml", "--to", "md").stdout == "mine.md\n"
    assert "## What came out" in (tmp_path / "mine.md").read_text()


def test_mistakes_are_one_sentence(command):
    for words, error, problem in (
        (["nosuch"], UnknownRun, "no run is named"),
        (["nosuch.toml"], PhospheneError, "cannot be read"),
        (["count", "-o", "a.doc"], PhospheneError, "must end in .html, .md, .tex, .pdf"),
        (["count", "--to", "doc"], PhospheneError, "no format 'doc'"),
        (["count", "-o", "nowhere/a.html"], PhospheneError, "cannot be written"),
        (["count", "--baseline", "nosuch"], UnknownRun, "nosuch"),
    ):
        with pytest.raises(error, match=problem):
            command(*words)
    for words in (["a.toml", "--to", "toml"], ["a.toml", "--title", "x"]):
        assert command(*words).exit_code == 2
