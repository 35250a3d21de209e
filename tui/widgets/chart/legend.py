"""The legend of a chart: a sample of each line, its name and a value, in aligned columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len, set_cell_size

from tui.widgets.chart.braille import SAMPLES
from tui.widgets.chart.canvas import Canvas, Ink
from tui.widgets.chart.labels import value_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine import Trace
    from tui.widgets.chart.model import Item, Settings

_VALUE = 7  # cells kept for a value, so that the legend stands still while values change
_GAP = 3
Row = list[tuple[int, str, int]]  # x, text, ink


def legend_rows(items: Sequence[Item], settings: Settings) -> list[Row]:
    """Lay out the legend within the settings' width and a third of their height; at least one row."""
    names = [curve.label or curve.name for curve, _ in items]
    start = cell_len(settings.title) + _GAP if settings.title else 0
    start = start if start <= settings.width // 3 else 0
    room = settings.width - start
    longest = min(max(map(cell_len, names), default=0), max(room - _VALUE - 4, 1))
    entry = 2 + 1 + longest + 1 + _VALUE
    across = max(1, (room + _GAP) // (entry + _GAP))
    limit = max(1, settings.height // 3)
    shown = list(items) if len(items) <= across * limit else list(items)[: max(1, across * limit - 1)]
    rows: list[Row] = [[] for _ in range(-(-len(shown) // across))]
    for number, (curve, trace) in enumerate(shown):
        row, x = rows[number // across], start + number % across * (entry + _GAP)
        value = value_label(_value(trace, settings))
        name = curve.label or curve.name
        name = name if cell_len(name) <= longest else set_cell_size(name, max(longest - 1, 0)) + "…"
        row.append((x, SAMPLES[curve.style % len(SAMPLES)], Ink.curve(curve.style)))
        row.append((x + 3, name, Ink.NAME))
        ink = Ink.ERROR if value in {"NaN", "inf", "-inf"} else Ink.LABEL
        row.append((x + 4 + longest, value.rjust(_VALUE), ink))
    if len(shown) < len(items):
        x = start + len(shown) % across * (entry + _GAP)
        target = rows[len(shown) // across] if len(shown) // across < len(rows) else rows[-1]
        text = f"+{len(items) - len(shown)} more"
        x = x if len(shown) // across < len(rows) else max(0, settings.width - len(text))
        target.append((x, text, Ink.NOTE))
    if settings.title and rows:
        rows[0].insert(0, (0, settings.title, Ink.NOTE) if start else (0, "", Ink.NOTE))
    return rows


def write_legend(canvas: Canvas, rows: list[Row]) -> None:
    """Write the laid-out rows from the top of the canvas."""
    for y, row in enumerate(rows):
        for x, text, ink in row:
            canvas.write(x, y, text, ink)


def _value(trace: Trace, settings: Settings) -> float:
    """Return the curve's value at the crosshair's nearest point, or its last one; smoothed when smoothing is on."""
    values = trace.smoothed(settings.smoothing)
    if not len(values):
        return float("nan")
    if settings.crosshair is None:
        return float(values[-1])
    right = int(np.searchsorted(trace.x, settings.crosshair))
    left = max(right - 1, 0)
    right = min(right, len(values) - 1)
    nearer = trace.x[right] - settings.crosshair < settings.crosshair - trace.x[left]
    return float(values[right if nearer else left])
