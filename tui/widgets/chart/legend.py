"""The legend of a chart: a sample of each line, its name, a value, where that was logged, and the best one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len

from engine import shortened_captions
from tui.widgets.chart.braille import SAMPLES
from tui.widgets.chart.canvas import Canvas, Ink
from tui.widgets.chart.labels import position_label, value_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine import Trace
    from tui.widgets.chart.model import Curve, Item, Settings

_VALUE = 8  # cells kept for a value, so that the legend stands still while values change
_GAP = 3
_LEAST_NAME = 12  # cells of a name that is cut to leave room for other curves
_BEST = {"higher": "▲", "lower": "▼"}
Row = list[tuple[int, str, int]]  # x, text, ink


@dataclass(frozen=True)
class _Entry:
    """What the legend says of one curve.

    Attributes:
        style: number of the curve in the cycles of colours and dashes.
        name: of the curve.
        value: the logged one at the crosshair or else at the marker, or the last one.
        place: where that one was logged, while something points there.
        best: the best value and its place, if one is better than another.
    """

    style: int
    name: str
    value: str
    place: str
    best: str


@dataclass(frozen=True)
class _Layout:
    """The widths of an entry's columns, how many entries stand beside each other, and how many rows they need."""

    name: int
    place: int
    best: int
    entry: int
    across: int
    rows: int


def legend_rows(items: Sequence[Item], settings: Settings) -> list[Row]:
    """Lay out the legend within the settings' width and a third of their height; at least one row.

    What does not fit beside every curve is left out: first the best values, then the places of the values.
    """
    entries = [_entry(curve, trace, settings) for curve, trace in items if not curve.faint]
    start = cell_len(settings.title) + _GAP if settings.title else 0
    start = start if start <= settings.width // 3 else 0
    room = settings.width - start
    limit = max(1, settings.height // 3)
    place, best = _longest(entry.place for entry in entries), _longest(entry.best for entry in entries)
    layouts = [_layout(entries, room, *kept) for kept in ((place, best), (place, 0), (0, 0))]
    layouts += _narrower(entries, room)
    chosen = next((one for one in layouts if one.entry <= room and one.rows <= limit), layouts[-1])
    across = chosen.across
    shown = entries if len(entries) <= across * limit else entries[: max(1, across * limit - 1)]
    names = _short(tuple(entry.name for entry in shown), chosen.name)
    shown = [replace(entry, name=name) for entry, name in zip(shown, names, strict=True)]
    rows: list[Row] = [[] for _ in range(-(-len(shown) // across))]
    for number, entry in enumerate(shown):
        rows[number // across] += _written(entry, chosen, start + number % across * (chosen.entry + _GAP))
    if len(shown) < len(entries):
        x = start + len(shown) % across * (chosen.entry + _GAP)
        target = rows[len(shown) // across] if len(shown) // across < len(rows) else rows[-1]
        text = f"+{len(entries) - len(shown)} more"
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


def _longest(texts: Iterable[str]) -> int:
    return max(map(cell_len, texts), default=0)


def _layout(entries: Sequence[_Entry], room: int, place: int, best: int) -> _Layout:
    rest = 3 + 1 + _VALUE + (place + 1 if place else 0) + (best + 2 if best else 0)
    full = _longest(entry.name for entry in entries)
    name = full if place or best else min(full, max(room - rest, 1))
    across = max(1, (room + _GAP) // (rest + name + _GAP))
    return _Layout(name, place, best, rest + name, across, -(-len(entries) // across))


def _narrower(entries: Sequence[_Entry], room: int) -> list[_Layout]:
    """Return the layouts in which names are cut so that more of them stand beside each other."""
    rest, full = 3 + 1 + _VALUE, _longest(entry.name for entry in entries)
    names = ((across, (room + _GAP) // across - _GAP - rest) for across in range(1, 1 + room // rest))
    return [
        _Layout(name, 0, 0, rest + name, across, -(-len(entries) // across))
        for across, name in names
        if min(_LEAST_NAME, full) <= name < full
    ]


@lru_cache(maxsize=64)
def _short(names: tuple[str, ...], width: int) -> list[str]:
    return shortened_captions(names, width, cell_len)


def _written(entry: _Entry, layout: _Layout, x: int) -> Row:
    ink = Ink.ERROR if entry.value in {"NaN", "inf", "-inf"} else Ink.LABEL
    row: Row = [(x, SAMPLES[entry.style % len(SAMPLES)], Ink.curve(entry.style)), (x + 3, entry.name, Ink.NAME)]
    at = x + 4 + layout.name
    row.append((at, entry.value.rjust(_VALUE), ink))
    at += _VALUE + 1
    if layout.place:
        row.append((at + layout.place - cell_len(entry.place), entry.place, Ink.CROSSHAIR))
        at += layout.place + 1
    if layout.best:
        row.append((at + 1, entry.best, Ink.NOTE))
    return row


def _entry(curve: Curve, trace: Trace, settings: Settings) -> _Entry:
    """Describe a curve by values as they were logged, never by smoothed or interpolated ones."""
    axis, name = settings.x_axis, curve.label or curve.name
    if not len(trace.y):
        return _Entry(curve.style, name, value_label(float("nan")), "", "")
    pointed = settings.pointed
    at = len(trace.y) - 1 if pointed is None else _nearest(trace, pointed)
    place = f"@{position_label(float(trace.x[at]), axis)}" if pointed is not None else ""
    # A place is as wide as the last one: the legend stands still while the crosshair moves.
    place = place.rjust(len(position_label(float(trace.x[-1]), axis)) + 1) if place else ""
    best = _best(curve, trace)
    says = "" if best is None else f"{_BEST[curve.better]} {value_label(float(trace.y[best]))}"
    says += "" if best is None else f" @{position_label(float(trace.x[best]), axis)}"
    return _Entry(curve.style, name, value_label(float(trace.y[at])), place, says)


def _nearest(trace: Trace, x: float) -> int:
    right = int(np.searchsorted(trace.x, x))
    left = max(right - 1, 0)
    right = min(right, len(trace.x) - 1)
    return right if trace.x[right] - x < x - trace.x[left] else left


def _best(curve: Curve, trace: Trace) -> int | None:
    """Return the place of the first best point; None where no value is better than another."""
    finite = np.flatnonzero(np.isfinite(trace.y))
    if curve.better == "neither" or not len(finite):
        return None
    values = trace.y[finite]
    return int(finite[values.argmax() if curve.better == "higher" else values.argmin()])
