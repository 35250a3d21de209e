"""A scatter: a mark for the points of a cell, coloured by group and shaped by shape; the most frequent kind wins."""

from __future__ import annotations

import math
import sys
from collections import Counter
from typing import TYPE_CHECKING

from rich.text import Text

from engine import wording
from engine.plots import shares_between
from tui.plots.colours import GROUPS, MARKS
from tui.plots.text import cut, legend

if TYPE_CHECKING:
    from engine.plots import Scatter

BLANK = 0x2800
"""The code point of the braille cell without dots; a cell's dots are added to it."""
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a braille cell's dots, by row and column."""


def draw(plot: Scatter, width: int, height: int) -> list[Text]:
    """Draw the points: dots of braille if all have one shape, else a mark a cell."""
    groups, shapes = sorted(set(plot.groups), key=_natural), sorted(set(plot.shapes), key=_natural)
    colours = {name: GROUPS[number % len(GROUPS)] for number, name in enumerate(groups)}
    marks = {name: MARKS[number % len(MARKS)] for number, name in enumerate(shapes)}
    below = legend(((marks[name], "", name) for name in shapes), width) if shapes else []
    below = [*legend((("●", colours[name], name) for name in groups), width), *below]
    title = " · ".join(
        f"{what}: {label}" for what, label in (("colour", plot.group_label), ("shape", plot.shape_label)) if label
    )
    below = [Text(cut(title, width).rstrip(), style="dim"), *below] if title else below
    finite = [n for n, (x, y) in enumerate(plot.points) if math.isfinite(x) and math.isfinite(y)]
    if not finite:
        return [Text("no points", style="dim"), *below]
    rows = max(6, height - len(below) - bool(plot.x_label) - 1)
    low_x, high_x = _range([plot.points[n][0] for n in finite])
    low_y, high_y = _range([plot.points[n][1] for n in finite])
    kinds: dict[tuple[int, int], Counter[tuple[str, str]]] = {}
    dots: dict[tuple[int, int], int] = {}
    for n in finite:
        across = shares_between(plot.points[n][0], low_x, high_x) * (2 * width - 1)
        down = (1 - shares_between(plot.points[n][1], low_y, high_y)) * (4 * rows - 1)
        cell = round(down) // 4, round(across) // 2
        shape = plot.shapes[n] if plot.shapes else ""
        kinds.setdefault(cell, Counter())[plot.groups[n], shape] += 1
        dots[cell] = dots.get(cell, 0) | DOTS[round(down) % 4][round(across) % 2]
    drawn = []
    for row in range(rows):
        line = Text(no_wrap=True)
        for column in range(width):
            if (row, column) not in kinds:
                line.append(" ")
                continue
            (group, shape), _ = kinds[row, column].most_common(1)[0]
            line.append(marks[shape] if shape else chr(BLANK + dots[row, column]), style=colours[group])
        drawn.append(line)
    if plot.x_label or plot.y_label:
        spans = f"{plot.x_label} {wording.figure(low_x)} .. {wording.figure(high_x)}"
        spans = f"{spans}   {plot.y_label} {wording.figure(low_y)} .. {wording.figure(high_y)}"
        drawn.append(Text(cut(spans, width).rstrip(), style="dim"))
    return drawn + below


def _range(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if high > low:
        return low, high
    half = max(0.5, abs(low) / 2)
    return max(low - half, -sys.float_info.max), min(high + half, sys.float_info.max)


def _natural(name: str) -> tuple[bool, float, str]:
    """Sort numbers as numbers, before names."""
    return (False, float(name), "") if name.replace(".", "", 1).isdecimal() else (True, 0.0, name)
