"""Which range of x a chart shows: all of it, or the part that the user zoomed to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.chart.model import Curve, Scale, XAxis

_FARTHEST = 8e307  # an x beyond this is out of view, so that no width overflows
_NEAREST = 1e-300  # an x closer to zero than this is out of view of a logarithmic axis
_LADDER = 16  # the right end of a growing chart moves in steps of 2 ** (1 / 16), so that columns stay put between
_SMALLEST = 1e-9  # of the whole range of x: no zoom shows less


def extent(curves: Sequence[Curve], axis: XAxis) -> tuple[float, float] | None:
    """Return the range of x that shows every curve, rounded so that it stays put while they grow a little.

    None if no curve has a point that the axis can show.
    """
    if axis.names:
        return -0.5, len(axis.names) - 0.5
    if axis.scale == "log":
        return _log_extent(curves)
    ends = [(float(c.x[0]), float(c.x[-1])) for c in curves if len(c.x)]
    ends = [(a, b) for a, b in ends if math.isfinite(a) and math.isfinite(b)]
    if not ends:
        return None
    low = min(max(min(a for a, _ in ends), -_FARTHEST), _FARTHEST)
    high = max(min(max(b for _, b in ends), _FARTHEST), low)
    if 0 < low <= (high - low) / 20:
        low = 0.0
    span = high - low
    if span <= abs(low) * 1e-12:
        pad = max(abs(low) * 1e-6, 0.5)
        return low - pad, high + pad
    if 1e-300 < span < 1e300:
        span = 2 ** (math.ceil(math.log2(span) * _LADDER - 1e-6) / _LADDER)
    return low, max(min(low + span, _FARTHEST), high, math.nextafter(low, math.inf))


def _log_extent(curves: Sequence[Curve]) -> tuple[float, float] | None:
    positive = [c.x[np.searchsorted(c.x, 0, side="right") :] for c in curves]
    ends = [(float(x[0]), float(x[-1])) for x in positive if len(x) and math.isfinite(x[-1])]
    if not ends:
        return None
    low, high = max(min(a for a, _ in ends), _NEAREST), min(max(b for _, b in ends), _FARTHEST)
    if high <= low * (1 + 1e-9):
        return low / 3, low * 3
    return low, max(high, 10 ** (math.ceil(math.log10(high) * _LADDER - 1e-6) / _LADDER))


def zoomed(
    full: Scale, view: tuple[float, float] | None, factor: float, around: float | None
) -> tuple[float, float] | None:
    """Return the view that shows `1 / factor` of this one around an x (default: the middle); None for all of it."""
    low, high = _positions(full, view)
    centre = full.at(around) if around is not None else math.nan
    if not low <= centre <= high:
        centre = low + (high - low) / 2
    span = max((high - low) / factor, _SMALLEST)
    return _inside(full, centre - (centre - low) / (high - low) * span, span)


def panned(full: Scale, view: tuple[float, float], fraction: float) -> tuple[float, float] | None:
    """Return the view moved by a fraction of its width, to the right where positive, but never past an end."""
    low, high = _positions(full, view)
    return _inside(full, low + fraction * (high - low), high - low)


def _positions(full: Scale, view: tuple[float, float] | None) -> tuple[float, float]:
    return (full.at(view[0]), full.at(view[1])) if view is not None else (0.0, 1.0)


def _inside(full: Scale, low: float, span: float) -> tuple[float, float] | None:
    if not span < 1:
        return None
    low = min(max(low, 0.0), 1 - span)
    start, end = full.value(low), full.value(low + span)
    # Far from zero, floats that are closer together than this are the same number.
    return start, max(end, start + abs(start) * 1e-12, math.nextafter(start, math.inf))
