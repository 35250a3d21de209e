"""The debiased exponential moving average that TensorBoard draws, extended as points are appended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROW = 32  # points that one product with a triangular matrix smooths


def smooth(y: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Return the debiased exponential moving average of y `[N]`, as TensorBoard draws it.

    `weight` in [0, 1): 0 returns y as it is. Values that are not finite stay where they are and do not enter the
    average. Raises ValueError for a weight outside that range.
    """
    smoother = Smoother(weight)
    smoother.extend(y)
    return smoother.values


class Smoother:
    """The same average, extended as points are appended; `values` `[N]` is a view that later calls may replace."""

    def __init__(self, weight: float) -> None:
        if not 0 <= weight < 1:
            raise ValueError(f"The smoothing weight must be at least 0 and below 1; {weight} is not.")
        self.weight = weight
        self._state = 0.0
        self._count = 0
        self._size = 0
        self._buffer = np.empty(0)

    @property
    def values(self) -> NDArray[np.float64]:
        """The smoothed points so far, `[N]`."""
        return self._buffer[: self._size]

    def extend(self, new: NDArray[np.float64]) -> None:
        """Append points `[M]`; the cost is that of M points."""
        end = self._size + len(new)
        if end > len(self._buffer):
            grown = np.empty(end if not self._size else max(end, len(self._buffer) * 3 // 2))
            grown[: self._size] = self.values
            self._buffer = grown
        self._buffer[self._size : end] = self._smoothed(new)
        self._size = end

    def _smoothed(self, new: NDArray[np.float64]) -> NDArray[np.float64]:
        finite = np.isfinite(new)
        complete = bool(finite.all())
        values = new if complete else new[finite]
        if self.weight == 0 or not len(values):
            return new
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            averaged = _recur(values * (1 - self.weight), self.weight, self._state)
            self._state = float(averaged[-1])
            # beyond this count the correction is 1 to the last bit
            settled = int(min(len(values), max(0.0, 1 - self._count - 40 / np.log(self.weight))))
            steps = np.arange(self._count + 1, self._count + settled + 1)
            averaged[:settled] /= -np.expm1(steps * np.log(self.weight))
        self._count += len(values)
        if complete:
            return averaged
        result = new.copy()
        result[finite] = averaged
        return result


def _recur(u: NDArray[np.float64], weight: float, state: float) -> NDArray[np.float64]:
    """Solve s[k] = weight * s[k - 1] + u[k], s[-1] = state, by blocks: a product, then the carries recursively."""
    row = min(_ROW, len(u))
    lag = np.arange(row)[None, :] - np.arange(row)[:, None]
    matrix = np.where(lag >= 0, weight ** np.maximum(lag, 0), 0.0)
    full = len(u) // row * row
    result = np.empty(len(u))
    local = u[:full].reshape(-1, row) @ matrix
    carries = np.array([state])
    if len(local) > 1:
        carries = np.append(carries, _recur(local[:-1, -1].copy(), weight**row, state))
    local += carries[:, None] * weight ** np.arange(1, row + 1)
    result[:full] = local.ravel()
    if full < len(u):
        result[full:] = _recur(u[full:], weight, float(result[full - 1]))
    return result
