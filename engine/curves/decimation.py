"""Reduces a curve to the columns of a picture, exactly: minimum and maximum of every column, gaps, values out of sight.

A curve is `x` and `y`, float64 `[N]`, x non-decreasing; y may hold NaN and infinities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


_BLOCK = 128  # points per block of the minimum/maximum summary
_FEW = 16_384  # points that are looked at one by one more quickly than through the summary


@dataclass(frozen=True)
class Columns:
    """A curve reduced to C columns; every array is `[C]`, the floats are NaN in a column without a finite point.

    `joined[c]` tells that the line runs unbroken from the last finite point of the previous filled column to the
    first of column c. `nan`, `above`, `below` count NaN, +inf and -inf; `dropped` counts values <= 0 that were
    left out because only positive ones were asked for.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    first: NDArray[np.float64]
    last: NDArray[np.float64]
    first_x: NDArray[np.float64]
    last_x: NDArray[np.float64]
    joined: NDArray[np.bool_]
    nan: NDArray[np.int64]
    above: NDArray[np.int64]
    below: NDArray[np.int64]
    dropped: NDArray[np.int64]

    @property
    def filled(self) -> NDArray[np.bool_]:
        """Which columns hold at least one finite point."""
        return ~np.isnan(self.low)


def decimate(x: NDArray[np.float64], y: NDArray[np.float64], edges: NDArray[np.float64]) -> Columns:
    """Reduce a curve to the columns between `edges` `[C + 1]` (half-open; the last one includes its right edge).

    Nothing is sampled away: `low` and `high` are the exact extremes of each column's finite points. Raises
    ValueError when x and y differ in length.
    """
    if len(x) != len(y):
        raise ValueError(f"x has {len(x)} points and y {len(y)}; they must match.")
    summary = Summary()
    summary.extend(y)
    return summary.columns(x, y, edges)


class Summary:
    """Minimum and maximum of every block of points, and where the points are that cannot be drawn.

    Extended as points are appended; a query then reads the summary and at most two ragged blocks per column.
    """

    def __init__(self, *, positive: bool = False) -> None:
        self.positive = positive
        self.size = 0
        empty = np.empty(0, np.int64)
        self._low = self._high = np.empty(0)
        self._nan = self._above = self._below = self._dropped = empty
        self._starts = self._ends = empty  # runs of points that are not drawn, half-open

    def extend(self, y: NDArray[np.float64]) -> None:
        """Take in `y[size:]`; the points before must be those already seen."""
        if len(y) <= self.size:
            return
        drawn = self._drawn(y[self.size :])
        if not drawn.all():
            self._note_gaps(y, np.flatnonzero(~drawn) + self.size)
        start, stop = len(self._low) * _BLOCK, len(y) // _BLOCK * _BLOCK
        if stop > start:
            part, offsets = y[start:stop], np.arange(0, stop - start, _BLOCK)
            low, high = self._masked(part, gaps=len(self._ends) > 0 and bool(self._ends[-1] > start))
            self._low = np.concatenate([self._low, np.minimum.reduceat(low, offsets)])
            self._high = np.concatenate([self._high, np.maximum.reduceat(high, offsets)])
        self.size = len(y)

    def columns(self, x: NDArray[np.float64], y: NDArray[np.float64], edges: NDArray[np.float64]) -> Columns:
        """Reduce the `size` points seen so far to the columns between `edges` `[C + 1]`."""
        x, y = x[: self.size], y[: self.size]
        bounds = np.searchsorted(x, edges, side="left").astype(np.int64)
        bounds[-1] = np.searchsorted(x, edges[-1], side="right")
        bounds = np.maximum.accumulate(bounds)
        start, stop = bounds[:-1], bounds[1:]
        head, tail = self._first_drawn(start), self._last_drawn(stop)
        filled = head <= tail
        low, high = self._extremes(y, start, stop)
        return Columns(
            low=np.where(filled, low, np.nan),
            high=np.where(filled, high, np.nan),
            first=_pick(y, head, filled),
            last=_pick(y, tail, filled),
            first_x=_pick(x, head, filled),
            last_x=_pick(x, tail, filled),
            joined=self._joined(head, tail, filled),
            nan=_counted(self._nan, bounds),
            above=_counted(self._above, bounds),
            below=_counted(self._below, bounds),
            dropped=_counted(self._dropped, bounds),
        )

    def _drawn(self, y: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.isfinite(y) & (y > 0) if self.positive else np.isfinite(y)

    def _masked(self, y: NDArray[np.float64], *, gaps: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if not gaps:
            return y, y
        drawn = self._drawn(y)
        return np.where(drawn, y, np.inf), np.where(drawn, y, -np.inf)

    def _note_gaps(self, y: NDArray[np.float64], at: NDArray[np.int64]) -> None:
        values = y[at]
        self._nan = np.concatenate([self._nan, at[np.isnan(values)]])
        self._above = np.concatenate([self._above, at[values == np.inf]])
        self._below = np.concatenate([self._below, at[values == -np.inf]])
        self._dropped = np.concatenate([self._dropped, at[np.isfinite(values)]])
        breaks = np.flatnonzero(np.diff(at) > 1)
        starts = at[np.concatenate([[0], breaks + 1])]
        ends = at[np.concatenate([breaks, [len(at) - 1]])] + 1
        if len(self._ends) and self._ends[-1] == starts[0]:
            self._ends, starts, ends = np.append(self._ends[:-1], ends[0]), starts[1:], ends[1:]
        self._starts = np.concatenate([self._starts, starts])
        self._ends = np.concatenate([self._ends, ends])

    def _first_drawn(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        if not len(self._starts):
            return at
        run = np.searchsorted(self._starts, at, side="right") - 1
        end = self._ends[np.maximum(run, 0)]
        return np.where((run >= 0) & (end > at), end, at)

    def _last_drawn(self, stop: NDArray[np.int64]) -> NDArray[np.int64]:
        at = stop - 1
        if not len(self._starts):
            return at
        run = np.searchsorted(self._starts, at, side="right") - 1
        known = np.maximum(run, 0)
        return np.where((run >= 0) & (self._ends[known] > at), self._starts[known] - 1, at)

    def _joined(self, head: NDArray[np.int64], tail: NDArray[np.int64], filled: NDArray[np.bool_]) -> NDArray[np.bool_]:
        joined = np.zeros(len(head), np.bool_)
        where = np.flatnonzero(filled)
        if len(where) > 1:
            before = np.searchsorted(self._starts, tail[where[:-1]])
            joined[where[1:]] = before == np.searchsorted(self._starts, head[where[1:]])
        return joined

    def _extremes(
        self, y: NDArray[np.float64], start: NDArray[np.int64], stop: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        low, high = np.full(len(start), np.inf), np.full(len(start), -np.inf)
        if stop[-1] - start[0] <= _FEW:
            some = np.flatnonzero(start < stop)
            if len(some):
                small, large = self._masked(y[start[0] : stop[-1]], gaps=len(self._starts) > 0)
                offsets = start[some] - start[0]
                low[some], high[some] = np.minimum.reduceat(small, offsets), np.maximum.reduceat(large, offsets)
            return low, high
        first, last = -(-start // _BLOCK), np.minimum(stop // _BLOCK, len(self._low))
        whole = np.flatnonzero(first < last)
        if len(whole):
            low[whole] = _reduce(np.minimum, self._low, first[whole], last[whole])
            high[whole] = _reduce(np.maximum, self._high, first[whole], last[whole])
        covered = first < last
        pieces = (
            (start, np.where(covered, first * _BLOCK, stop)),
            (np.where(covered, last * _BLOCK, stop), stop),
        )
        for begin, end in pieces:
            some = np.flatnonzero(begin < end)
            if not len(some):
                continue
            lengths = end[some] - begin[some]
            offsets = np.cumsum(lengths) - lengths
            index = np.repeat(begin[some] - offsets, lengths) + np.arange(int(lengths.sum()))
            small, large = self._masked(y[index], gaps=len(self._starts) > 0)
            low[some] = np.minimum(low[some], np.minimum.reduceat(small, offsets))
            high[some] = np.maximum(high[some], np.maximum.reduceat(large, offsets))
        return low, high


def _counted(places: NDArray[np.int64], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many places lie between neighbouring bounds."""
    if not len(places):
        return np.zeros(len(bounds) - 1, np.int64)
    return np.diff(np.searchsorted(places, bounds)).astype(np.int64, copy=False)


def _reduce(
    ufunc: Any, values: NDArray[np.float64], start: NDArray[np.int64], stop: NDArray[np.int64]
) -> NDArray[np.float64]:
    pairs = np.stack([start, stop], axis=1).ravel()
    if pairs[-1] == len(values):  # reduceat runs to the end by itself and refuses an index there
        pairs = pairs[:-1]
    result: NDArray[np.float64] = ufunc.reduceat(values, pairs)[::2]
    return result


def _pick(values: NDArray[np.float64], index: NDArray[np.int64], filled: NDArray[np.bool_]) -> NDArray[np.float64]:
    picked = np.full(len(index), np.nan)
    picked[filled] = values[index[filled]]
    return picked
