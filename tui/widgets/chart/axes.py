"""The axes of a chart: lines, ticks and their labels, and the place of the crosshair among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from tui.widgets.chart.canvas import Canvas, Ink
from tui.widgets.chart.labels import position_label
from tui.widgets.chart.ticks import number_ticks, x_ticks

if TYPE_CHECKING:
    from tui.widgets.chart.model import PlotArea, Scene, Settings

_MOST_ROWS = 3  # under the axis, for names that do not fit beside each other


def tick_count(height: int) -> int:
    """Return how many ticks a y axis of this height has, about."""
    return max(2, min(8, height // 3))


def draw_y_axis(canvas: Canvas, scene: Scene) -> None:
    """Draw the line left of the plot, with ticks where their labels fit."""
    area, column = scene.area, scene.area.left - 1
    for y in range(area.top, area.top + area.height):
        canvas.write(column, y, "│", Ink.AXIS)
    for value, label in number_ticks(area.y, tick_count(area.height)):
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
    room = canvas.width - _draw_label(canvas, area, settings)
    if settings.crosshair is not None and (cell := area.cell_at(settings.crosshair)) is not None:
        label = position_label(settings.crosshair, settings.x_axis)
        start = max(0, min(cell - cell_len(label) // 2, room - cell_len(label)))
        canvas.write(start, row, label, Ink.CROSSHAIR)
    for value, _ in _ticks(area, settings):
        if area.axis and (at := area.cell_at(value)) is not None:
            canvas.write(at, axis, "┬", Ink.AXIS)
    for start, line, label in _placed(area, settings, room, area.label_rows - _label_has_row(canvas, settings)):
        padded = max(start - 1, 0)
        end = min(start + cell_len(label) + 1, canvas.width)
        if canvas.blank(padded, row + line, end - padded):
            canvas.write(start, row + line, label, Ink.LABEL)


def label_rows(canvas: Canvas, area: PlotArea, settings: Settings) -> int:
    """Return how many rows the labels under an area of this width need: several where names are long."""
    rows = 1
    if settings.x_axis.names:
        most = min(_MOST_ROWS, max(1, canvas.height // 4))
        rows += max((line for _, line, _ in _placed(area, settings, canvas.width, most)), default=0)
    return rows + _label_has_row(canvas, settings)


def _label_has_row(canvas: Canvas, settings: Settings) -> bool:
    """Return whether the axis's label stands under the ticks' labels, for which it would leave no room beside them."""
    axis = settings.x_axis
    return bool(axis.label) and (bool(axis.names) or axis.scale == "log") and canvas.height >= 10


def _draw_label(canvas: Canvas, area: PlotArea, settings: Settings) -> int:
    """Write the label of the axis and return how many cells it takes of the row of the ticks' labels."""
    label, row = settings.x_axis.label, area.top + area.height + area.axis
    if settings.x_axis.ticks == "clock":
        label = "h:mm" if area.x.high - area.x.low >= 3600 else "m:ss"
    if _label_has_row(canvas, settings):
        start = max(0, area.left + (area.width - cell_len(label)) // 2)
        canvas.write(start, row + area.label_rows - 1, label, Ink.NOTE)
        return 0
    if area.width < 30 or not label:
        return 0
    canvas.write(canvas.width - cell_len(label), row, label, Ink.NOTE)
    return cell_len(label) + 1


def _ticks(area: PlotArea, settings: Settings) -> list[tuple[float, str]]:
    return x_ticks(area.x, max(2, area.width // (8 if area.x.log else 12)), settings.x_axis)


def _placed(area: PlotArea, settings: Settings, room: int, rows: int) -> list[tuple[int, int, str]]:
    """Return column, row under the axis and text of each tick's label, without those that find no room."""
    free = [0] * rows
    placed = []
    moved = bool(settings.x_axis.names) or area.x.log  # into sight; on other axes the last label may be missing
    for value, label in _ticks(area, settings):
        at = area.cell_at(value)
        if at is None:
            continue
        if cell_len(label) > room // 2:
            label = f"{set_cell_size(label, max(room // 2 - 1, 0))}…"  # noqa: PLW2901 - the same label, shorter
        length = cell_len(label)
        start = max(0, at - length // 2)
        if moved:
            start = max(0, min(start, room - length))
        line = next((line for line, busy in enumerate(free) if start >= busy), None)
        if line is not None and start + length <= room:
            free[line] = start + length + 1
            placed.append((start, line, label))
    return placed
