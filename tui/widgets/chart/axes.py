"""The axes of a chart: lines, ticks and their labels, and the place of the crosshair among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.widgets.chart.canvas import Canvas, Ink
from tui.widgets.chart.labels import position_label
from tui.widgets.chart.ticks import x_ticks, y_ticks

if TYPE_CHECKING:
    from tui.widgets.chart.model import Scene


def tick_count(height: int) -> int:
    """Return how many ticks a y axis of this height has, about."""
    return max(2, min(8, height // 3))


def draw_y_axis(canvas: Canvas, scene: Scene) -> None:
    """Draw the line left of the plot, with ticks where their labels fit."""
    area, column = scene.area, scene.area.left - 1
    for y in range(area.top, area.top + area.height):
        canvas.write(column, y, "│", Ink.AXIS)
    for value, label in y_ticks(area.y, tick_count(area.height)):
        if not -0.01 <= area.y.at(value) <= 1.01:
            continue
        y = area.row_at(value)
        if canvas.blank(0, y, column):
            canvas.write(column, y, "┤", Ink.AXIS)
            canvas.write(column - len(label), y, label, Ink.LABEL)


def draw_x_axis(canvas: Canvas, scene: Scene) -> None:
    """Draw the line under the plot, if it has one, and the labels that fit around the crosshair's."""
    area, settings = scene.area, scene.settings
    axis, row = area.top + area.height, area.top + area.height + area.axis
    if area.axis:
        canvas.write(area.left - 1, axis, "└" + "─" * area.width, Ink.AXIS)
    name: str = settings.x_axis
    if settings.x_axis == "time":
        name = "h:mm" if area.x.high - area.x.low >= 3600 else "m:ss"
    room = canvas.width
    if area.width >= 30:
        canvas.write(canvas.width - len(name), row, name, Ink.NOTE)
        room -= len(name) + 1
    busy = 0
    if settings.crosshair is not None and (cell := area.cell_at(settings.crosshair)) is not None:
        label = position_label(settings.crosshair, settings.x_axis)
        start = max(0, min(cell - len(label) // 2, room - len(label)))
        canvas.write(start, row, label, Ink.CROSSHAIR)
    for value, label in x_ticks(area.x, max(2, area.width // 12), settings.x_axis):
        at = area.cell_at(value)
        if at is None:
            continue
        start = max(0, at - len(label) // 2)
        if area.axis:
            canvas.write(at, axis, "┬", Ink.AXIS)
        padded = max(start - 1, 0)
        end = min(start + len(label) + 1, canvas.width)
        if start >= busy and start + len(label) <= room and canvas.blank(padded, row, end - padded):
            busy = canvas.write(start, row, label, Ink.LABEL) + 1
