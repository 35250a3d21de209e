"""Ticks of an axis, and scales that end on them: plain arithmetic that holds from subnormals to 1e308."""

from __future__ import annotations

import math

import numpy as np

from tui.widgets.chart.labels import clock, compact, tick_labels
from tui.widgets.chart.model import Scale, XAxis

_LARGEST = float(np.finfo(np.float64).max)
_CLOCK = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


def scale_around(low: float, high: float, *, log: bool, ticks: int) -> Scale:
    """Return a scale for values in [low, high]; it ends on half ticks, so that growing data seldom changes it."""
    if log:
        return _log_scale_around(low, high)
    if high <= low:
        pad = abs(low) / 2 or 1.0
        return _opened(Scale(max(low - pad, -_LARGEST), min(low + pad, _LARGEST)))
    step = nice_step(high / ticks - low / ticks) / 2
    if not (0 < step < math.inf):
        return Scale(low, high)
    lower, upper = math.floor(low / step) * step, math.ceil(high / step) * step
    return Scale(max(min(lower, low), -_LARGEST), min(max(upper, high), _LARGEST))


def _log_scale_around(low: float, high: float) -> Scale:
    grain = 4 if math.log10(high) - math.log10(low) > 1 else 16
    lower = math.floor(math.log10(low) * grain) / grain
    upper = math.ceil(math.log10(high) * grain) / grain
    if high <= low:
        lower, upper = math.log10(low) - 0.5, math.log10(low) + 0.5
    bottom = 10.0 ** max(lower, -323)
    top = 10.0**upper if upper < 308.25 else _LARGEST
    return _opened(Scale(min(bottom, low), max(top, high), log=True))


def _opened(scale: Scale) -> Scale:
    """Return the scale, or one that begins there where both ends are the same number."""
    if scale.high > scale.low:
        return scale
    return Scale(scale.low, math.nextafter(scale.low, math.inf) * 2 + 5e-324, scale.log)


def nice_step(raw: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is at least `raw` (0 where `raw` is too small)."""
    if not (0 < raw < math.inf):
        return 0.0
    power = 10.0 ** max(math.floor(math.log10(raw)), -323)
    return next((power * factor for factor in (1, 2, 5) if power * factor >= raw * (1 - 1e-9)), power * 10)


def linear_ticks(low: float, high: float, count: int, *, least: float = 0.0) -> list[float]:
    """Return about `count` round numbers in [low, high], at least `least` apart."""
    step = max(nice_step(high / count - low / count), least)
    if not (0 < step < math.inf):
        return []
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last - first > 4 * count or max(abs(first), abs(last)) > 1e15:
        return []
    return [k * step + 0.0 for k in range(first, last + 1)]


def log_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` ticks in [low, high], both positive: decades, or 1-2-5 within few decades."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = [10.0**k for k in range(max(first, -323), min(last, 308) + 1)]
    inside = [t for t in decades if low <= t <= high]
    if len(inside) > count:
        return inside[:: -(-len(inside) // count)]
    if len(inside) * 3 <= count * 2 or len(inside) < 3:
        fine = [t * m for t in decades for m in (1, 2, 5) if low <= t * m <= high]
        if 3 <= len(fine) <= count * 2:
            return fine
        if len(fine) < 3:
            return [t for t in linear_ticks(low, high, count) if t > 0]
    return inside


def clock_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` ticks in seconds, on round seconds, minutes, hours or days."""
    raw = high / count - low / count
    if raw < 1 or raw > 86400:
        return linear_ticks(low, high, count, least=86400 if raw > 86400 else 0)
    step = next(s for s in _CLOCK if s >= raw)
    return [float(k * step) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def x_ticks(scale: Scale, count: int, axis: XAxis) -> list[tuple[float, str]]:
    """Return positions and labels for the x axis; names all of them, however many."""
    low, high = scale.low, scale.high
    if axis.names:
        return [(float(place), name) for place, name in enumerate(axis.names) if low <= place <= high]
    if scale.log:
        return number_ticks(scale, count)
    if axis.ticks == "clock":
        values = clock_ticks(low, high, count)
        return [(v, clock(v, whole=high - low >= 3600)) for v in values]
    values = linear_ticks(low, high, count, least=1 if axis.ticks == "whole" else 0)
    return list(zip(values, tick_labels(values), strict=True))


def number_ticks(scale: Scale, count: int) -> list[tuple[float, str]]:
    """Return positions and labels for an axis of numbers."""
    if scale.log:
        values = log_ticks(scale.low, scale.high, count)
        steps = {round(math.log10(v) % 1, 3) for v in values}
        labels = [compact(v) for v in values] if steps <= {0, 0.301, 0.699, 1} else tick_labels(values)
    else:
        values = linear_ticks(scale.low, scale.high, count)
        labels = tick_labels(values)
    return list(zip(values, labels, strict=True))
