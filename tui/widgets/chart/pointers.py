"""Vertical lines that point at an x: markers with a text, and the crosshair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tui.widgets.chart.canvas import Canvas, Ink

if TYPE_CHECKING:
    from tui.widgets.chart.model import PlotArea, Scene


def draw_markers(canvas: Canvas, scene: Scene) -> None:
    """Draw every marker in view, its text beside it in the first row of the upper half that is free."""
    area = scene.area
    for x, text in scene.settings.markers:
        column = area.cell_at(x)
        if column is None:
            continue
        _draw_line(canvas, area, column, "┊", Ink.MARKER)
        start = column + 1 if column + 1 + len(text) <= canvas.width else column - len(text)
        upper = range(area.top, area.top + max(1, area.height // 2))
        row = next((y for y in upper if canvas.blank(start, y, len(text))), None)
        if row is not None and start >= area.left:
            canvas.write(start, row, text, Ink.MARKER)


def draw_crosshair(canvas: Canvas, scene: Scene) -> None:
    """Draw the crosshair, if it is in view; what it crosses stays readable, on the crosshair's background."""
    x = scene.settings.crosshair
    column = scene.area.cell_at(x) if x is not None else None
    if column is not None:
        rows = slice(scene.area.top, scene.area.top + scene.area.height)
        _draw_line(canvas, scene.area, column, "│", Ink.CROSSHAIR)
        canvas.inks[rows, column] += np.uint8(Ink.CROSSED) * (canvas.inks[rows, column] != Ink.CROSSHAIR)


def _draw_line(canvas: Canvas, area: PlotArea, column: int, sign: str, ink: int) -> None:
    for y in range(area.top, area.top + area.height):
        if canvas.blank(column, y):
            canvas.write(column, y, sign, ink)
