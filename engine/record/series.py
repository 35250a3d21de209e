"""The curves of a run as growing arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.record.events import Metrics


@dataclass(frozen=True, slots=True)
class Points:
    """``N`` consecutive metrics records of the same ``K`` series, column by column.

    Attributes:
        names: of the series, ``K``.
        step: ``[N]``.
        epoch: ``[N]``; NaN where the program has none.
        t: seconds since the epoch, ``[N]``.
        values: ``[N, K]``.
        attempt: number of the worker that wrote them.
    """

    names: tuple[str, ...]
    step: NDArray[np.float64]
    epoch: NDArray[np.float64]
    t: NDArray[np.float64]
    values: NDArray[np.float64]
    attempt: int = 1


class Series:
    """One metric: step, epoch, time and value of each of its points, in buffers that double when full."""

    def __init__(self) -> None:
        self._buffer = np.empty((4, 256), dtype=np.float64)
        self.length = 0

    def append(self, step: float, epoch: float, t: float, value: float) -> None:
        """Add a point."""
        if self.length == self._buffer.shape[1]:
            self._buffer = np.concatenate([self._buffer, np.empty_like(self._buffer)], axis=1)
        self._buffer[:, self.length] = step, epoch, t, value
        self.length += 1

    def extend(
        self,
        step: NDArray[np.float64],
        epoch: NDArray[np.float64],
        t: NDArray[np.float64],
        value: NDArray[np.float64],
    ) -> None:
        """Add points, ``[N]`` each."""
        end = self.length + len(step)
        if end > self._buffer.shape[1]:
            grown = np.empty((4, max(end, 2 * self._buffer.shape[1])), dtype=np.float64)
            grown[:, : self.length] = self._buffer[:, : self.length]
            self._buffer = grown
        for row, values in zip(self._buffer, (step, epoch, t, value), strict=True):
            row[self.length : end] = values
        self.length = end

    def truncate(self, step: float) -> None:
        """Drop the points after ``step``; those that follow go into a fresh buffer, so that views stay valid."""
        keep = int(np.searchsorted(self.step, step, side="right"))
        if keep < self.length:
            self._buffer = self._buffer.copy()
            self.length = keep

    @property
    def step(self) -> NDArray[np.float64]:
        """Steps, ``[N]``."""
        return self._buffer[0, : self.length]

    @property
    def epoch(self) -> NDArray[np.float64]:
        """Epochs as fractions, ``[N]``; NaN where the program has none."""
        return self._buffer[1, : self.length]

    @property
    def t(self) -> NDArray[np.float64]:
        """Seconds since the epoch, ``[N]``."""
        return self._buffer[2, : self.length]

    @property
    def value(self) -> NDArray[np.float64]:
        """Values, ``[N]``; NaN and infinities as logged."""
        return self._buffer[3, : self.length]


class Curves:
    """All series of a run by name, in the order in which they first appeared."""

    def __init__(self) -> None:
        self.series: dict[str, Series] = {}

    def __getitem__(self, name: str) -> Series:
        if name not in self.series:
            self.series[name] = Series()
        return self.series[name]

    def append(self, event: Metrics) -> None:
        """Add the values of one step."""
        epoch = np.nan if event.epoch is None else event.epoch
        for name, value in event.values.items():
            self[name].append(event.step, epoch, event.t, value)

    def extend(self, points: Points) -> None:
        """Add the values of many steps."""
        for column, name in enumerate(points.names):
            self[name].extend(points.step, points.epoch, points.t, points.values[:, column])

    def truncate(self, step: float) -> None:
        """Drop the points of all series after ``step``."""
        for series in self.series.values():
            series.truncate(step)
