"""Charts of compared runs on paper, in the width of one column. No screen, no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.captions import shortened
from engine.drawing.paper import COLOURS, DASHES, axes_of_size, literal, save

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from engine.comparison.chart import Chart, Line
    from engine.provenance import Origin

WIDTH, HEIGHT = 3.4, 2.5
"""Inches: a column of a page in two columns."""
FONT = 8
LEGEND_LETTERS = 44
"""Of a label, at most."""
LEGEND_LINES = 5
"""Lines that a legend inside the axes can name; that of more stands beside them."""


def write(chart: Chart, path: Path, origin: Origin) -> None:
    """Write a chart as PNG, SVG or PDF; errors as those of :func:`engine.drawing.paper.write`."""
    save(lambda: figure(chart), path, origin)


def figure(chart: Chart) -> Figure:
    """Return a chart as a matplotlib figure."""
    from matplotlib import rc_context

    many = sum(not line.faint for line in chart.lines) > LEGEND_LINES
    with rc_context({"font.size": FONT, "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6}):
        drawn, axes = axes_of_size(WIDTH * (1.5 if many else 1), HEIGHT)
        labels = shortened([line.label for line in chart.lines], LEGEND_LETTERS)
        for line, label in zip(chart.lines, labels, strict=True):
            _draw(axes, line, literal(label))
        for x, text in chart.marks:
            axes.axvline(x, color="0.5", linewidth=0.6, linestyle=":")
            axes.annotate(
                literal(text),
                xy=(x, 1),
                xycoords=("data", "axes fraction"),
                xytext=(2, -2),
                textcoords="offset points",
                va="top",
                rotation=90,
                fontsize=FONT - 2,
            )
        axes.set_xscale("log" if chart.log_x else "linear")  # takes the names of ticks away
        axes.set_yscale("log" if chart.log_y else "linear")
        if chart.names:
            names = [literal(name) for name in chart.names]
            axes.set_xticks(range(len(names)), names, rotation=30, ha="right", rotation_mode="anchor")
        axes.set_xlabel(literal(chart.x_label))
        axes.set_ylabel(literal(chart.y_label))
        axes.grid(axis="y", alpha=0.25, linewidth=0.5)
        place = {"loc": "center left", "bbox_to_anchor": (1, 0.5)} if many else {"loc": "best"}
        axes.legend(frameon=False, fontsize=FONT - 1 - many, handlelength=2.2, **place)
    return drawn


def _draw(axes: Axes, line: Line, label: str) -> None:
    colour, dash = COLOURS[line.style.colour], DASHES[line.style.dash]
    y = np.where(np.isfinite(line.y), line.y, np.nan)
    label, alpha = ("_", 0.3) if line.faint else (label, 1.0)
    if line.form == "points":
        axes.plot(line.x, y, color=colour, linestyle="none", marker="o", markersize=3, alpha=alpha, label=label)
    else:
        axes.plot(line.x, y, color=colour, linestyle=dash, linewidth=1.0, alpha=alpha, label=label)
    if line.low is None or line.high is None or not np.isfinite(line.low).any():
        return
    if line.form == "points":
        axes.vlines(line.x, line.low, line.high, color=colour, linewidth=0.8)
    else:
        axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.18, linewidth=0)
