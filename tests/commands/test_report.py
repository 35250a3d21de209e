"""Reports from the command line: formats by option or ending, outlines that are written, edited and read."""

from __future__ import annotations

import pytest

from engine import PhospheneError, UnknownRun, provenance


def test_the_ending_or_the_option_says_the_format(command, tmp_path):
    assert command("report", "count").stdout == "report.html\n"
    assert command("report", "count").stdout == "report-2.html\n"
    assert (tmp_path / "report.html").read_bytes() == (tmp_path / "report-2.html").read_bytes()
    done = command("report", "count", "-o", "mine.md", "--title", "Mine", "--author", "A. Student")
    assert done.stdout == "mine.md\n"
    assert "and 1 figures in mine-figures" in done.stderr
    assert (tmp_path / "mine.md").read_text().startswith("# Mine\n\nA. Student · 2033-05-18 03:33 UTC\n")
    known = provenance.found(tmp_path / "mine-figures/001-train-loss.svg").origin
    assert known.runs == ("1122-0831-count-k1k", "1122-0830-count-k0k")
    assert known.command == "phosphene report count --title Mine --author 'A. Student' --group=-seed --to md"
    assert known == provenance.found(tmp_path / "mine.md").origin
    assert command("report", "count", "--to", "latex").stdout == "report.tex\n"
    assert "\\documentclass" in (tmp_path / "report.tex").read_text()


def test_an_outline_is_written_edited_and_read(command, tmp_path):
    assert command("report", "count", "-o", "mine.toml").stdout == "mine.toml\n"
    text = (tmp_path / "mine.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace('heading = "Results"', 'heading = "What came out"'))
    assert command("report", "mine.toml", "--to", "md").stdout == "mine.md\n"
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
            command("report", *words)
    for words in (["a.toml", "--to", "toml"], ["a.toml", "--title", "x"]):
        assert command("report", *words).exit_code == 2
