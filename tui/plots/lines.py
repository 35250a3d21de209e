"""Lines: the same chart that draws a run's curves, with positions that may be logarithmic or names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from rich.text import Text

from engine import Trace
from tui.plots.colours import GROUPS
from tui.widgets.chart.canvas import Ink
from tui.widgets.chart.frame import draw as draw_frame
from tui.widgets.chart.model import Curve, Settings, XAxis

if TYPE_CHECKING:
    from engine.plots import Lines
    from tui.widgets.chart.canvas import Canvas

TALLEST = 24
"""Rows of a chart that is printed, at most."""
STYLES = {Ink.AXIS: "dim", Ink.LABEL: "", Ink.NAME: "bold", Ink.NOTE: "dim", Ink.MARKER: "dim", Ink.ERROR: "bold red"}


def curves_of(plot: Lines) -> tuple[list[Curve], XAxis, tuple[tuple[float, str], ...]]:
    """Return a plot's curves, its x axis, and the position that is pointed out as a marker."""
    if plot.named:
        places = np.arange(len(plot.x), dtype=np.float64)
        axis = XAxis(plot.x_label, "any", "linear", tuple(map(str, plot.x)))
    else:
        places = np.array(plot.x, dtype=np.float64)
        axis = XAxis(plot.x_label, "any", plot.x_scale)
    kept = np.isfinite(places)
    order = np.flatnonzero(kept)[np.argsort(places[kept], kind="stable")]
    curves = []
    for number, (name, values) in enumerate(plot.series.items()):
        error = np.array(plot.errors[name], dtype=np.float64)[order] if name in plot.errors else None
        y = np.array(values, dtype=np.float64)[order]
        curves.append(Curve(name=name, x=places[order], y=y, style=number, marks=True, error=error))
    marked = [float(places[index]) for index, place in enumerate(plot.x) if place == plot.marked]
    marked = [place for place in marked if np.isfinite(place)]
    axis = replace(axis, chosen=marked[0] if marked else None)
    return curves, axis, tuple((place, str(plot.marked)) for place in marked)


def draw(plot: Lines, width: int, height: int) -> list[Text]:
    """Draw the chart, at most `TALLEST` rows high."""
    curves, axis, markers = curves_of(plot)
    items = []
    for curve in curves:
        trace = Trace()
        trace.update(curve.x, curve.y)
        items.append((curve, trace))
    settings = Settings(
        width,
        min(max(height, 8), TALLEST),
        title=plot.y_label,
        log_y=plot.y_scale == "log",
        x_axis=axis,
        markers=markers,
    )
    canvas = draw_frame(items, settings).canvas
    return [_line(canvas, row) for row in range(canvas.height)]


def _line(canvas: Canvas, row: int) -> Text:
    line = Text(no_wrap=True)
    for code, ink in zip(canvas.characters[row].tolist(), canvas.inks[row].tolist(), strict=True):
        if code:  # 0 is the second cell of a wide character
            line.append(chr(code), _style(ink))
    return line


def _style(ink: int) -> str:
    if ink >= Ink.FAINT:
        return f"dim {GROUPS[(ink - Ink.FAINT) % len(GROUPS)]}"
    return GROUPS[(ink - Ink.CURVE) % len(GROUPS)] if ink >= Ink.CURVE else STYLES.get(Ink(ink), "")
