"""Reports put together on the command line, as in the workbench."""

from __future__ import annotations

import json

import pytest

from engine import KeptReports, PhospheneError, UnknownRun, provenance


def test_a_report_is_put_together_reordered_annotated_and_written(command, home, tmp_path):
    path = home / "reports/My-rates.toml"
    done = command("outline", "add", "My rates", "curves train/loss", "results", "--of", "count", "--smooth", "0.6")
    assert done.stdout == f"{path}\n"
    assert "write it: phosphene report My-rates -o My-rates.html" in done.stderr
    assert "already" in command("outline", "add", "My rates", "results", "--of", "count").stderr
    command(
        "outline", "add", "My-rates", "curves train/loss", "--of", "k0k", "--x", "step", "--log-y", "--heading", "One"
    )
    command("outline", "part", "My-rates", "What we did", "--note", "Two **runs**.", "--at", "1")
    command("outline", "part", "My-rates", "The end")
    command("outline", "edit", "My-rates", "2", "--heading", "Losses", "--note", "<script>_x_ 50 % 😀")
    command("outline", "edit", "My-rates", "4", "--of", "experiment=count")
    command("outline", "edit", "My-rates", "--title", "Mine", "--author", "A. Student")
    command("outline", "move", "Mine", "4", "2")
    command("outline", "remove", "Mine", "5")
    shown = command("outline", "show", "Mine")
    assert [line.split()[:2] for line in shown.stdout.splitlines()[1:]] == [
        *(["1", "What"], ["2", "One"], ["2.1", "curves"], ["3", "Losses"], ["3.1", "curves"], ["4", "Results"]),
        ["4.1", "results"],
    ]
    assert "k0k · by step, log y" in shown.stdout
    told = json.loads(command("outline", "show", "Mine", "--json").stdout)
    assert told["parts"][2]["note"] == "<script>_x_ 50 % 😀"
    assert told["parts"][2]["of"] == {"runs": ["1122-0831-count-k1k", "1122-0830-count-k0k"]}
    assert json.loads(command("outline", "list", "--json").stdout) == [
        {"name": "My-rates", "title": "Mine", "parts": 4, "path": str(path), "problem": ""}
    ]
    assert command("report", "Mine", "-o", "by-title.md").stdout == "by-title.md\n"
    written = command("report", "My-rates", "--to", "md")
    assert written.stdout == "My-rates.md\n"
    assert f"of the outline {path}" in written.stderr
    text = (tmp_path / "My-rates.md").read_text()
    assert text.startswith("# Mine\n\nA. Student · 2033")
    assert text.index("What we did") < text.index("## One") < text.index("&#60;script>") < text.index("## Results")
    assert provenance.found(tmp_path / "My-rates.md").origin.command == "phosphene report My-rates --to md"
    assert command("report", "My-rates", "-o", "copy.toml").stdout == "copy.toml\n"
    assert (tmp_path / "copy.toml").read_text() == path.read_text()


def test_mistakes_are_one_sentence_and_change_nothing(command, home):
    command("outline", "add", "rates", "results", "--of", "count")
    before = (home / "reports/rates.toml").read_text()
    for words, error, problem in (
        (["add", "rates", "curves nothing", "--of", "count"], PhospheneError, "no run has points of 'nothing'"),
        (["add", "rates", "curve x", "--of", "count"], PhospheneError, "did you mean curves"),
        (["add", "rates", "axes", "--of", "count"], PhospheneError, "axes is of a sweep"),
        (["add", "rates", "results", "--of", "nosuch"], UnknownRun, "no run is named 'nosuch'"),
        (["add", "rates", "curves train/loss", "--of", "count", "--x", "weeks"], PhospheneError, "no axis 'weeks'"),
        (["add", "other", "curves nothing", "--of", "count"], PhospheneError, "no run has points"),
        (["move", "rates", "2", "1"], PhospheneError, "there is no part 2; there are 1"),
        (["remove", "rates", "1.2"], PhospheneError, "no thing 2; it shows 1"),
        (["show", "rats"], PhospheneError, "did you mean rates"),
    ):
        with pytest.raises(error, match=problem):
            command("outline", *words)
    for words in (["edit", "rates"], ["edit", "rates", "--note", "x"], ["remove", "rates", "one"]):
        assert command("outline", *words).exit_code == 2
    assert command("report", "rates", "--title", "x").exit_code == 2
    assert KeptReports(home).names() == ["rates"]
    assert (home / "reports/rates.toml").read_text() == before


def test_a_report_without_parts_and_one_with_a_mistake_are_told(command, home):
    command("outline", "add", "rates", "results", "--of", "count")
    command("outline", "remove", "rates", "1")
    with pytest.raises(PhospheneError, match="has no part"):
        command("report", "rates")
    (home / "reports/rates.toml").write_text("titel = 3")
    with pytest.raises(PhospheneError, match="line 1: there is no 'titel'"):
        command("report", "rates")
    assert "line 1: there is no 'titel'" in command("outline", "list").stdout
