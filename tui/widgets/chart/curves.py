"""The curves of a chart in braille, behind each other, with marks where a value cannot be drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tui.widgets.chart import braille
from tui.widgets.chart.canvas import Canvas, Ink

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine import Columns
    from tui.widgets.chart.model import Curve, PlotArea, Scene

POINTS = "●■▲◆▼○"
"""How points are marked, by the number of the curve's style."""
NAN_MARK = "\N{MULTIPLICATION SIGN}"
_CROWDED = 5  # dots in a cell above which a line in front replaces what is behind it instead of joining it


def draw_curves(canvas: Canvas, scene: Scene) -> None:
    """Draw every curve, a faint raw one behind each smoothed one, and what cannot be drawn as marks and a note."""
    area, positive = scene.area, scene.settings.log_y
    edges = _edges(area)
    raw = [trace.columns(edges, positive=positive) for _, trace in scene.items]
    layers = [(Ink.faint(c.style), _band_bits(c, area)) for c, _ in scene.items if c.band is not None]
    layers += [(Ink.faint(c.style), _error_bits(c, area)) for c, _ in scene.items if c.error is not None]
    front = []
    for (curve, trace), weight, columns in zip(scene.items, scene.weights, raw, strict=True):
        if weight:
            layers.append((Ink.faint(curve.style), _bits(columns, area, 0)))
        drawn = trace.columns(edges, weight=weight, positive=positive) if weight else columns
        bits = _point_bits(curve, area) if curve.points else _bits(drawn, area, curve.style)
        if curve.faint:
            layers.append((Ink.faint(curve.style), bits))
        else:
            front.append((Ink.curve(curve.style), bits))
    layers += sorted(front, key=lambda layer: -int(np.bitwise_count(layer[1]).sum()))
    _lay(canvas, area, layers)
    for (curve, _), weight in zip(scene.items, scene.weights, strict=True):
        if curve.marks:
            _mark_points(canvas, area, curve, Ink.faint(curve.style) if weight else Ink.curve(curve.style))
    inside = [_inside(columns) for columns in raw]
    _mark_faults(canvas, area, inside)
    _note(canvas, scene, inside)


def _edges(area: PlotArea) -> NDArray[np.float64]:
    """Edges of the dot columns, with one column for all that is left of the view and one for all right of it."""
    inside = area.x.edges(area.width * 2)
    inside[-1] = math.nextafter(area.x.high, math.inf)
    first = math.ulp(0.0) if area.x.log else -np.inf  # x <= 0 is in no column of a logarithmic axis
    return np.concatenate([[first], inside, [np.inf]])


def _bits(columns: Columns, area: PlotArea, dash: int) -> NDArray[np.uint8]:
    values = np.stack((columns.high, columns.low, columns.first, columns.last))
    with np.errstate(over="ignore"):  # points beside the view may lie as far away as floats go
        rows = (1 - area.y.position(values)) * (area.height * 4 - 1)
        places = area.x.position(np.stack((columns.first_x, columns.last_x))) * area.width * 2 + 1
    top, bottom, present = braille.trace_line(columns, rows, places)
    return braille.cells(top[1:-1], bottom[1:-1], present[1:-1], area.height, dash)


def _point_bits(curve: Curve, area: PlotArea) -> NDArray[np.uint8]:
    """Draw each point as four dots, which stand out as a single one does not."""
    places, heights = area.x.position(curve.x), area.y.position(curve.y)
    seen = (places >= 0) & (places <= 1) & (heights >= 0) & (heights <= 1)
    column = np.minimum((places[seen] * area.width * 2).astype(int), area.width * 2 - 2)
    row = np.minimum(((1 - heights[seen]) * (area.height * 4 - 1)).astype(int), area.height * 4 - 2)
    dots = np.zeros((area.height * 4, area.width * 2), np.bool_)
    for down in (0, 1):
        for right in (0, 1):
            dots[row + down, column + right] = True
    return braille.pack(dots)


def _error_bits(curve: Curve, area: PlotArea) -> NDArray[np.uint8]:
    """Draw the error bars as columns of dots."""
    rows = _spread_rows(curve, area)
    places = area.x.position(curve.x)
    column = np.floor(np.clip(places, 0, 1 - 1e-12) * area.width * 2)
    seen = (places >= 0) & (places <= 1) & np.isfinite(rows[0]) & np.isfinite(rows[1])
    dots = np.zeros((area.height * 4, area.width * 2), np.bool_)
    for at, top, end in zip(column[seen].astype(int), *(row[seen].astype(int) for row in rows), strict=True):
        dots[max(top, 0) : end + 1, at] = True
    return braille.pack(dots)


def _spread_rows(curve: Curve, area: PlotArea) -> list[NDArray[np.float64]]:
    """Return the dot rows of the upper and the lower ends of error bars or a band, `[N]` each; NaN where none is."""
    assert curve.spread is not None
    low, high = curve.spread
    bottom = area.height * 4 - 1
    if area.y.log:
        low = np.where(low <= 0, area.y.low, low)  # it ends below every logarithmic axis
    return [np.clip(np.rint((1 - area.y.position(ends)) * bottom), -1, bottom + 1) for ends in (high, low)]


def _band_bits(curve: Curve, area: PlotArea) -> NDArray[np.uint8]:
    """Draw a band as a pattern of dots, so that what lies in it can be told from it; that of one point is a bar."""
    if len(curve.x) < 2:
        return _error_bits(curve, area)
    places = area.x.position(curve.x) * area.width * 2 - 0.5
    column = np.arange(area.width * 2)
    # A place between two points is in the band if both of them are.
    top, end = (np.interp(column, places, rows, np.nan, np.nan) for rows in _spread_rows(curve, area))
    there = np.isfinite(top) & np.isfinite(end)
    first, last = (np.rint(np.where(there, rows, 0.0)).astype(np.int64) for rows in (top, end))
    return braille.dotted(first, last, there, area.height)


def _mark_points(canvas: Canvas, area: PlotArea, curve: Curve, ink: int) -> None:
    """Write a mark at every point, unless they are closer together than every second cell."""
    seen = (curve.x >= area.x.low) & (curve.x <= area.x.high)
    if 2 * np.count_nonzero(seen) > area.width:
        return
    for x, y in zip(curve.x[seen].tolist(), curve.y[seen].tolist(), strict=True):
        cell = area.cell_at(x)
        if cell is not None and math.isfinite(y) and 0 <= area.y.at(y) <= 1:
            canvas.write(cell, area.row_at(y), POINTS[curve.style % len(POINTS)], ink)


def _lay(canvas: Canvas, area: PlotArea, layers: list[tuple[int, NDArray[np.uint8]]]) -> None:
    """Lay the dots of the layers over each other and onto the canvas; the ink of a cell is that of the last layer."""
    dots = np.zeros((area.height, area.width), np.uint8)
    inks = np.zeros_like(dots)
    for ink, bits in layers:
        drawn = bits > 0
        replaced = drawn & ((np.bitwise_count(dots) >= _CROWDED) | (inks >= Ink.FAINT))
        dots = np.where(replaced, bits, dots | bits)
        inks = np.where(drawn, np.uint8(ink), inks)
    filled = dots > 0
    cells = np.s_[area.top : area.top + area.height, area.left : area.left + area.width]
    canvas.characters[cells] = np.where(filled, dots.astype(np.uint32) + braille.BLANK, canvas.characters[cells])
    canvas.inks[cells] = np.where(filled, inks, canvas.inks[cells])


def _inside(columns: Columns) -> Columns:
    return type(columns)(**{name: values[1:-1] for name, values in vars(columns).items()})


def _mark_faults(canvas: Canvas, area: PlotArea, columns: list[Columns]) -> None:
    """Mark NaN at the lower edge and infinities at the edge that they lie beyond."""
    bottom = area.top + area.height - 1
    for name, sign, row in (("nan", NAN_MARK, bottom + area.axis), ("above", "↑", area.top), ("below", "↓", bottom)):
        dots = np.sum([getattr(one, name) for one in columns], axis=0)
        for cell in np.flatnonzero(dots.reshape(-1, 2).any(axis=1)):
            canvas.write(area.left + int(cell), row, sign, Ink.ERROR)


def _note(canvas: Canvas, scene: Scene, columns: list[Columns]) -> None:
    """Say how many points the logarithmic axes leave out."""
    area = scene.area
    hidden = int(sum(one.dropped.sum() for one in columns))
    if area.x.log:
        hidden += sum(int(np.searchsorted(curve.x, 0, side="right")) for curve, _ in scene.items)
    if hidden:
        note = f"{hidden:,} point{'s' * (hidden > 1)} ≤ 0 not shown"
        note = note if len(note) < area.width else f"{hidden:,} ≤ 0"
        canvas.write(canvas.width - len(note), area.top, note, Ink.NOTE)
