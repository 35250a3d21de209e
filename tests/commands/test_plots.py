"""Plots on the command line: drawn as text, printed as data, written to files."""

from __future__ import annotations

import json


def test_a_plot_is_drawn_printed_and_written_and_one_that_is_not_there_is_one_sentence(phosphene, tmp_path):
    assert phosphene("run", "plot").returncode == 0
    drawn = phosphene("show", "last", "--plot", "confusion").stdout
    assert "true ↓  predicted →" in drawn
    assert [line.split() for line in drawn.splitlines() if line.startswith(("no", "yes"))] == [
        ["no", "17", "2"],
        ["yes", "·", "15"],
    ]
    data = json.loads(phosphene("show", "last", "--plot", "squares", "--step", "1", "--json").stdout)
    assert (data["kind"], data["x"], data["series"]) == ("lines", [1, 10, 100], {"n squared": [1, 4, 9]})
    assert "n squared" in phosphene("show", "last", "--plot", "squares").stdout
    for ending, begins in ((".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")):
        target = tmp_path / f"squares{ending}"
        done = phosphene("picture", "last", "squares", "-o", target)
        assert (done.returncode, done.stdout) == (0, f"{target}\n")
        assert target.read_bytes().startswith(begins)
    for arguments, says in (
        (("show", "last", "--plot", "confusoin"), "did you mean confusion?"),
        (("show", "last", "--plot", "squares", "--step", "9"), "the nearest is of step 2"),
        (("picture", "last", "squares", "-o", tmp_path / "squares.jpg"), "must end in .png"),
    ):
        refused = phosphene(*arguments)
        assert refused.returncode == 2
        assert says in " ".join(refused.stderr.split())
        assert "Traceback" not in refused.stderr
