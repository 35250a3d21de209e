"""A curve that grows: smoothed and reduced to columns again and again, at the cost of its new points alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.curves.decimation import Columns, Summary
from engine.curves.smoothing import Smoother

if TYPE_CHECKING:
    from numpy.typing import NDArray


_KEPT = 4
"""Reductions that a curve keeps, at most: those of a frame and of the range of its values, smoothed and not."""


class Trace:
    """A curve that grows: remembers what it worked out and redoes only the points that are new.

    `update` takes the whole curve each time; when its beginning is no longer the one seen before (a resumed run that
    repeats steps), everything is worked out afresh.
    """

    def __init__(self) -> None:
        self.x = self.y = np.empty(0)
        self._probe: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]] | None = None
        self._smoother: Smoother | None = None
        self._summaries: dict[str, Summary] = {}
        self._reduced: dict[tuple[float, bool, int], tuple[int, NDArray[np.float64], Columns]] = {}

    def update(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
        """Take the curve's present points `[N]`; returns whether the points seen before were kept."""
        if len(x) != len(y):
            raise ValueError(f"x has {len(x)} points and y {len(y)}; they must match.")
        kept = self._continues(x, y)
        if not kept:
            self._smoother = None
            self._summaries.clear()
            self._reduced.clear()
        self.x, self.y = x, y
        size = len(y)
        at = np.unique(np.r_[np.linspace(0, max(size - 1, 0), 64).astype(np.int64), max(0, size - 64) : size])
        self._probe = (at, x[at], y[at]) if size else None
        return kept

    def _continues(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
        if self._probe is None or len(y) < len(self.y):
            return False
        at, x_before, y_before = self._probe
        if not (_equal(x[at], x_before) and _equal(y[at], y_before)):
            return False
        if _address(x) == _address(self.x) and _address(y) == _address(self.y):
            return True  # a longer view of the same buffer
        return _equal(x[: len(self.x)], self.x) and _equal(y[: len(self.y)], self.y)

    def smoothed(self, weight: float) -> NDArray[np.float64]:
        """Return the curve's values `[N]` smoothed with `weight` (0: as they are)."""
        if weight == 0:
            return self.y
        if self._smoother is None or self._smoother.weight != weight:
            self._smoother = Smoother(weight)
            self._summaries.pop("smooth", None)
        self._smoother.extend(self.y[len(self._smoother.values) :])
        return self._smoother.values

    def columns(self, edges: NDArray[np.float64], *, weight: float = 0.0, positive: bool = False) -> Columns:
        """Reduce the curve, smoothed with `weight`, to the columns between `edges`; `positive` leaves out y <= 0."""
        y = self.smoothed(weight)
        key = "smooth" if weight else "raw"
        summary = self._summaries.get(key)
        if summary is None or summary.positive != positive:
            summary = self._summaries[key] = Summary(positive=positive)
        summary.extend(y)
        asked = (weight, positive, len(edges))
        known = self._reduced.get(asked)
        if known is None or known[0] != len(y) or not np.array_equal(known[1], edges):
            if asked not in self._reduced and len(self._reduced) >= _KEPT:
                self._reduced.clear()
            known = self._reduced[asked] = (len(y), edges, summary.columns(self.x, y, edges))
        return known[2]


def _equal(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def _address(values: NDArray[np.float64]) -> tuple[int, tuple[int, ...]]:
    return int(values.__array_interface__["data"][0]), values.strides
