"""Tables for documents: rows of text written as Markdown, LaTeX (booktabs) or CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from engine import wording
from engine.errors import PhospheneError

if TYPE_CHECKING:
    from collections.abc import Iterable

Rows = Sequence[Sequence[str]]

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "<": "$<$",
    ">": "$>$",
    "|": r"\textbar{}",
    # After the end of the row before, these would be its options.
    "[": "{[}",
    "*": "{*}",
    **{letter: f"\\{letter}" for letter in "_%#&${}"},
}
_NUMBER = re.compile(r"[-+]?[\d.,]+(e[-+]?\d+)?( ± [\d.e+-]+)?( \[.*\])?( \(\d+( of \d+)?\))?( \*)?|nan|inf|")
"""What is set flush right: a figure with its interval and the number of values, or nothing."""


def written(columns: Sequence[str], rows: Iterable[Sequence[str]], form: str) -> str:
    """Return a table in one of `FORMATS`, with a line feed at its end.

    Args:
        columns: their names.
        rows: as many cells in each as there are columns.
        form: ``md``, ``latex`` or ``csv``.

    Raises:
        PhospheneError: if there is no such format.
    """
    if form not in FORMATS:
        raise PhospheneError(f"there is no format {form!r} of tables; there are: {', '.join(FORMATS)}")
    return FORMATS[form]([*columns], [[*row] for row in rows])


def latex(text: str) -> str:
    """Return a text as LaTeX prints it."""
    return "".join(_LATEX.get(letter, letter) for letter in _line(text))


def _line(text: str) -> str:
    return " ".join(wording.printable(text).split())


def flush_right(columns: Sequence[str], rows: Rows) -> list[bool]:
    """Tell for each column whether it holds nothing but figures."""
    return [bool(rows) and all(_NUMBER.fullmatch(row[place]) for row in rows) for place in range(len(columns))]


def _markdown(columns: Sequence[str], rows: Rows) -> str:
    """Write columns as wide as their longest cells, so that the source can be read as a table, too."""
    right = flush_right(columns, rows)
    cells = [[_line(cell).replace("\\", "\\\\").replace("|", "\\|") for cell in row] for row in (columns, *rows)]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    head, *body = [
        [
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        ]
        for row in cells
    ]
    rule = [f"{'-' * (width - 1)}:" if flush else "-" * width for width, flush in zip(widths, right, strict=True)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rule, *body))


def _booktabs(columns: Sequence[str], rows: Rows) -> str:
    head, *body = [" & ".join(map(latex, row)) + r" \\" for row in (columns, *rows)]
    letters = "".join("r" if right else "l" for right in flush_right(columns, rows))
    lines = [
        rf"\begin{{tabular}}{{{letters}}}",
        r"\toprule",
        head,
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _csv(columns: Sequence[str], rows: Rows) -> str:
    text = io.StringIO()
    # A carriage return would end a row without being put in quotes.
    cells = [[cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row] for row in (columns, *rows)]
    csv.writer(text, lineterminator="\n").writerows(cells)
    return text.getvalue()


FORMATS: dict[str, Callable[[Sequence[str], Rows], str]] = {"md": _markdown, "latex": _booktabs, "csv": _csv}
