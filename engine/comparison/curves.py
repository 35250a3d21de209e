"""Curves of one metric over a common axis: thinned for drawing, and averaged where all members have points."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from engine.comparison.statistics import LEVEL, quantile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from engine.record.history import History

Axis = Literal["step", "epoch", "time"]
AXES: tuple[Axis, ...] = ("step", "epoch", "time")
POINTS = 2000
"""Points of a drawn curve, at most; more than a page or a screen has columns."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of a curve, ``[N]`` each; ``y`` may hold NaN and infinities, which are gaps."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Band:
    """Mean of several curves and its interval, ``[N]`` each, at positions where every member has points.

    For two members the interval is their range; for one it is NaN.
    """

    x: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n: int


def natural_axis(histories: Iterable[History]) -> Axis:
    """Return the axis on which runs can be compared: epochs if theirs have different numbers of steps, else steps."""
    ratios = set()
    for history in histories:
        for series in history.curves.series.values():
            if not series.length:
                continue
            epoch = float(series.epoch[-1])
            if not (math.isfinite(epoch) and epoch > 0):
                return "step"
            ratios.add(f"{series.step[-1] / epoch:.3g}")
    return "epoch" if len(ratios) > 1 else "step"


def positions(history: History, metric: str, axis: Axis) -> NDArray[np.float64]:
    """Return where the points of a metric lie, ``[N]``: steps, epochs, or seconds since the first point of the run.

    Where a program counts no epochs, its positions on that axis are NaN.
    """
    series = history.curves.series[metric]
    if axis == "time":
        first = min((float(one.t[0]) for one in history.curves.series.values() if one.length), default=0.0)
        return series.t - first
    return series.epoch if axis == "epoch" else series.step


def thinned(curve: Curve, most: int = POINTS) -> Curve:
    """Return a curve of at most ``most`` points, in which the extremes of every stretch are kept; gaps stay."""
    count = len(curve.x)
    if count <= most:
        return curve
    stretches = most // 2
    size = -(-count // stretches)
    y = np.full(stretches * size, np.nan)
    y[:count] = curve.y
    finite = np.isfinite(y)
    lowest = np.where(finite, y, np.inf).reshape(stretches, size).argmin(axis=1)
    highest = np.where(finite, y, -np.inf).reshape(stretches, size).argmax(axis=1)
    base = np.arange(stretches) * size
    kept = np.unique(np.concatenate([base + lowest, base + highest]))
    kept = kept[kept < count]
    return Curve(curve.x[kept], curve.y[kept])


def band(curves: Sequence[Curve], most: int = POINTS) -> Band | None:
    """Return the mean of curves with its interval at each position; None if there is none where all have points.

    Between its points a curve is straight. Beyond the last point of the shortest one there is no mean: the others
    alone would shift it.
    """
    curves = [Curve(one.x[known], one.y[known]) for one in curves for known in (np.isfinite(one.x),)]
    if not curves or any(not len(curve.x) for curve in curves):
        return None
    first, last = max(curve.x[0] for curve in curves), min(curve.x[-1] for curve in curves)
    x = np.unique(np.concatenate([curve.x for curve in curves]))
    x = x[(x >= first) & (x <= last)]
    if not len(x):
        return None
    if len(x) > most:
        x = x[np.unique(np.linspace(0, len(x) - 1, most).astype(np.int64))]
    y = np.array([np.interp(x, curve.x, np.where(np.isfinite(curve.y), curve.y, np.nan)) for curve in curves])
    return Band(x, y.mean(axis=0), *_interval(y), len(curves))


def _interval(y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of the interval of the mean of ``y`` ``[members, N]``, as `statistics.mean` gives it."""
    count = len(y)
    if count == 1:
        nothing = np.full(y.shape[1], np.nan)
        return nothing, nothing
    if count == 2:
        return y.min(axis=0), y.max(axis=0)
    centre = y.mean(axis=0)
    half = quantile(LEVEL, count - 1) * y.std(axis=0, ddof=1) / math.sqrt(count)
    return centre - half, centre + half
