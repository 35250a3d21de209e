"""Tables for documents: escapes, alignment, and what a reader of CSV gets back."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import PhospheneError
from engine.tables import latex, written

ODD = r"_ % # & $ ~ ^ \ { } ± < > | [a] *"
ROWS = [["lr 0.1", "0.910 ± 0.025 (3)"], ["a_b | 50 %", "0.5 (1)"]]


def test_markdown_has_a_rule_and_escapes_bars():
    assert written(["group", "test/accuracy"], ROWS, "md").splitlines() == [
        r"| group       |     test/accuracy |",
        r"| ----------- | ----------------: |",
        r"| lr 0.1      | 0.910 ± 0.025 (3) |",
        r"| a_b \| 50 % |           0.5 (1) |",
    ]


def test_latex_is_a_booktabs_table():
    assert written(["group", "test/accuracy"], ROWS, "latex").splitlines() == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"group & test/accuracy \\",
        r"\midrule",
        r"lr 0.1 & 0.910 $\pm$ 0.025 (3) \\",
        r"a\_b \textbar{} 50 \% & 0.5 (1) \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_every_letter_that_latex_takes_for_a_command_is_escaped():
    assert latex(ODD) == (
        r"\_ \% \# \& \$ \textasciitilde{} \textasciicircum{} \textbackslash{} \{ \} $\pm$ $<$ $>$ \textbar{} {[}a] {*}"
    )
    assert latex("two\nlines\x1b") == "two lines"


@given(st.lists(st.lists(st.text(max_size=10), min_size=2, max_size=2), max_size=4))
def test_csv_comes_back_as_it_was_and_others_keep_one_line_a_row(rows):
    read = [*csv.reader(io.StringIO(written(["a", "b"], rows, "csv"), newline=""))]
    assert read == [["a", "b"], *([cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in rows)]
    assert written(["a", "b"], rows, "md").count("\n") == 2 + len(rows)
    assert written(["a", "b"], rows, "latex").count("\n") == 6 + len(rows)


def test_other_formats_are_refused_by_name():
    with pytest.raises(PhospheneError, match="md, latex, csv"):
        written(["a"], [], "doc")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_latex_compiles(tmp_path):
    table = written([ODD, "n"], [[ODD, "1"], ["[x]", "2"], ["*", "3"]], "latex")
    head = "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n"
    (tmp_path / "t.tex").write_text(f"{head}{table}\\end{{document}}\n")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_markdown_keeps_columns_apart_and_numbers_flush_right():
    assert written(("a|b", "n"), (("x", "1"), ("long one", "100")), "md").splitlines() == [
        r"| a\|b     |   n |",
        "| -------- | --: |",
        "| x        |   1 |",
        "| long one | 100 |",
    ]
    assert written(("a",), (), "md") == "| a   |\n| --- |\n"
