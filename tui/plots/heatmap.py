"""A heatmap: a coloured cell with its number for each value; column names that are too long stand in a legend."""

from __future__ import annotations

import math
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from engine import paper
from tui.plots.colours import confusion, difference, on, ramp
from tui.plots.text import cut, legend, letters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.plots import Heatmap

LONGEST_NAME = 18
"""Cells of a row's name, at most; a third of the width if that is less."""

LONGEST_NUMBER = 8
"""Cells of a number; longer ones are written with an exponent."""


def draw(plot: Heatmap, width: int, height: int, *, light: bool = False) -> list[Text]:
    """Draw the matrix in as many blocks of columns as the width asks for, on a dark or light background."""
    del height
    digits = plot.digits
    cells = _cells(plot, digits)
    # Fewer decimals rather than a second block.
    while digits > 2 and _wide(cells) * len(plot.columns) + _label_width(plot, width) > width:
        digits -= 1
        cells = _cells(plot, digits)
    column = _wide(cells)
    longest = max((cell_len(name) for name in plot.columns), default=0) + 1
    # Names stand over their columns if there is room for that, else letters do.
    short = max(longest, column) * len(plot.columns) + _label_width(plot, width) <= width
    column = max(longest, column) if short else column
    names = [*plot.columns] if short else letters(len(plot.columns))
    square = not short and plot.rows == plot.columns
    rows = [f"{letter} {name}" for letter, name in zip(names, plot.rows, strict=True)] if square else [*plot.rows]
    label = min(max(map(len, rows), default=0), _label_width(plot, width))
    shades = paper.shares(plot)
    per_block = max(1, (width - label) // column)
    drawn: list[Text] = []
    for start in range(0, len(names), per_block):
        block = range(start, min(start + per_block, len(names)))
        says = [f"{what} {way}" for what, way in ((plot.row_label, "↓"), (plot.column_label, "→")) if what]
        if says:
            drawn.append(Text(cut("  ".join(says), width).rstrip(), style="dim", no_wrap=True))
        head = " " * label + "".join(" " * (column - cell_len(names[n])) + names[n] for n in block)
        drawn.append(Text(head, style="bold", no_wrap=True))
        for row, name in enumerate(rows):
            line = Text(cut(name, label), no_wrap=True)
            for n in block:
                line.append(
                    f"{cells[row][n]:>{column}}", style=_style(plot, row, n, float(shades[row, n]), light=light)
                )
            drawn.append(line)
    if not short and not square:
        drawn += legend(((letter, "bold", name) for letter, name in zip(names, plot.columns, strict=True)), width)
    return drawn + _legend(plot, width, light=light)


def _label_width(plot: Heatmap, width: int) -> int:
    longest = max((len(name) for name in plot.rows), default=0) + 2
    return min(longest, LONGEST_NAME, width // 3)


def _cells(plot: Heatmap, digits: int) -> list[list[str]]:
    """Write the numbers; those in [0, 1] without the zero in front, zero counts as a dot, differences with a sign."""
    if plot.shade == "difference":
        return [[f"+{text}" if value > 0 else text for value, text in _row(row, digits)] for row in plot.values]
    return [[text for _, text in _row(row, digits)] for row in plot.values]


def _row(values: Iterable[float], digits: int) -> list[tuple[float, str]]:
    return [(value, _number(value, digits)) for value in values]


def _number(value: float, digits: int) -> str:
    if math.isnan(value):
        return ""
    if not digits and not value:
        return "·"
    text = f"{value:.{digits}f}"
    if len(text) > LONGEST_NUMBER:
        return f"{value:.3g}"
    return text.removeprefix("0") if 0 <= value < 1 and digits else text


def _wide(cells: list[list[str]]) -> int:
    return max((len(cell) for row in cells for cell in row), default=1) + 1


def _style(plot: Heatmap, row: int, column: int, share: float, *, light: bool) -> str:
    if math.isnan(share) or (plot.shade == "row" and not plot.values[row][column]):
        return "dim"
    if plot.diagonal:
        return on(confusion(share, right=row == column, light=light))
    return on(difference(share, light=light) if plot.shade == "difference" else ramp(share))


def _legend(plot: Heatmap, width: int, *, light: bool) -> list[Text]:
    """Say what the numbers are, and of a difference what its colours are."""
    lines = [Text(cut(line, width).rstrip(), style="dim", no_wrap=True) for line in wrap(plot.legend, width)]
    if plot.shade == "difference":
        far = _number(paper.farthest(plot), plot.digits)
        scale = Text(no_wrap=True)
        for share, text in ((0.0, f" -{far} "), (0.25, "   "), (0.5, " 0 "), (0.75, "   "), (1.0, f" +{far} ")):
            scale.append(text, on(difference(share, light=light)))
        scale.truncate(width)
        lines.append(scale)
    return lines
