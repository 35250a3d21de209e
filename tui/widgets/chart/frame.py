"""One picture of a chart: the parts in their order on a canvas. It knows nothing of widgets, keys or timers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tui.widgets.chart.axes import draw_x_axis, draw_y_axis, label_rows, tick_count
from tui.widgets.chart.canvas import Canvas, Ink
from tui.widgets.chart.curves import draw_curves
from tui.widgets.chart.legend import legend_rows, write_legend
from tui.widgets.chart.model import PlotArea, Scale, Scene
from tui.widgets.chart.pointers import draw_crosshair, draw_markers
from tui.widgets.chart.smoothing import weight_of
from tui.widgets.chart.ticks import number_ticks, scale_around
from tui.widgets.chart.viewport import extent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.chart.model import Item, Settings

PARTS = (draw_y_axis, draw_x_axis, draw_curves, draw_markers, draw_crosshair)
"""What is drawn, in this order; each part writes only where it finds room."""
BAND = 0.5
"""By which part of the range of the values a band may lie above and below it; the rest of it is cut off."""


@dataclass(frozen=True)
class Frame:
    """A drawn canvas, where its plot is, and the weight that each curve is smoothed with, if any is drawn."""

    canvas: Canvas
    area: PlotArea = field(default_factory=PlotArea)
    weights: tuple[float, ...] = ()


def draw(items: Sequence[Item], settings: Settings) -> Frame:
    """Draw the curves; never raises, whatever the values and sizes are."""
    canvas = Canvas(max(settings.width, 0), max(settings.height, 0))
    if not canvas.width or not canvas.height:
        return Frame(canvas)
    full = settings.full or extent([curve for curve, _ in items], settings.x_axis)
    if full is None or not any(len(curve.x) for curve, _ in items):
        _centre(canvas, "no x > 0 on the log scale" if any(len(c.x) for c, _ in items) else "no data yet", Ink.NOTE)
        return Frame(canvas)
    view = Scale(*(settings.view or full), log=settings.x_axis.scale == "log")
    weights = tuple(weight_of(trace, settings, view) for _, trace in items)
    range_y = _range_y(items, weights, settings, view)
    small = canvas.width < 16 or canvas.height < 3
    if range_y is None:
        write_legend(canvas, [] if small else legend_rows(items, settings))
        _centre(canvas, *_why_empty(items, settings, view))
        return Frame(canvas)
    if small:
        scale = scale_around(*range_y, log=settings.log_y, ticks=2)
        area = PlotArea(0, 0, canvas.width, canvas.height, view, scale)
        draw_curves(canvas, Scene(tuple(items), settings, area, weights))
        return Frame(canvas, area, weights)
    rows = legend_rows(items, settings) if canvas.height >= 4 else []
    write_legend(canvas, rows)
    area = _area(canvas, settings, view, range_y, top=len(rows))
    for draw_part in PARTS:
        draw_part(canvas, Scene(tuple(items), settings, area, weights))
    return Frame(canvas, area, weights)


def _area(canvas: Canvas, settings: Settings, view: Scale, range_y: tuple[float, float], top: int) -> PlotArea:
    """Return the place of the plot, which leaves room for the legend, both axes and their labels."""
    axis = canvas.height >= 7
    rows = 1
    while True:
        height = canvas.height - top - rows - axis
        count = tick_count(height)
        scale = scale_around(*range_y, log=settings.log_y, ticks=count)
        longest = max((len(label) for _, label in number_ticks(scale, count)), default=0)
        left = min(longest + 1, canvas.width // 2)
        area = PlotArea(left, top, canvas.width - left, height, view, scale, axis, rows)
        wanted = label_rows(canvas, area, settings)
        if wanted <= rows:
            return area
        rows = wanted


def _centre(canvas: Canvas, text: str, ink: int) -> None:
    text = text[: canvas.width]
    canvas.write((canvas.width - len(text)) // 2, canvas.height // 2, text, ink)


def _range_y(
    items: Sequence[Item], weights: Sequence[float], settings: Settings, view: Scale
) -> tuple[float, float] | None:
    """Return the smallest and the largest value in view, or None if none can be drawn.

    A band makes the range at most twice as large as its values do: the wide interval of a few seeds would leave them a
    line without shape.
    """
    lows, highs = [], []
    for (_, trace), smoothing in zip(items, weights, strict=True):
        for weight in {0.0, smoothing}:
            column = trace.columns(np.array([view.low, view.high]), weight=weight, positive=settings.log_y)
            if column.filled[0]:
                lows.append(float(column.low[0]))
                highs.append(float(column.high[0]))
    if not lows:
        return None
    low, high = min(lows), max(highs)
    further = BAND * (high - low) if high > low and not settings.log_y else math.inf
    for curve, _ in items:
        if curve.spread is not None:
            seen = (curve.x >= view.low) & (curve.x <= view.high)
            ends = np.concatenate([edge[seen] for edge in curve.spread])
            ends = ends[np.isfinite(ends) & ((ends > 0) | (not settings.log_y))]
            if len(ends):
                lows.append(max(float(ends.min()), low - further))
                highs.append(min(float(ends.max()), high + further))
    return min(lows), max(highs)


def _why_empty(items: Sequence[Item], settings: Settings, view: Scale) -> tuple[str, int]:
    """Return in words why no value can be drawn, and the ink for them."""
    seen = [curve.y[(curve.x >= view.low) & (curve.x <= view.high)] for curve, _ in items]
    if not any(map(len, seen)):
        return "no points in view", Ink.NOTE
    if settings.log_y and any(np.isfinite(y).any() for y in seen):
        return "no value > 0 on the log scale", Ink.NOTE
    if any(np.isinf(y).any() for y in seen):
        return "no finite value", Ink.ERROR
    return "every value is NaN", Ink.ERROR
