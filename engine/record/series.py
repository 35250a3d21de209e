"""The curves of a run as growing arrays, built by replaying its events. Needs numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.record.events import Event, Metrics, StateChanged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


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

    def truncate(self, step: float) -> None:
        """Drop the points behind ``step``; those that follow go into a fresh buffer, so that views stay valid."""
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

    def feed(self, events: Iterable[Event]) -> bool:
        """Take in events; return whether any curve changed. Of repeated steps the later attempt's points stay."""
        changed = False
        for event in events:
            if isinstance(event, Metrics):
                epoch = np.nan if event.epoch is None else event.epoch
                for name, value in event.values.items():
                    if name not in self.series:
                        self.series[name] = Series()
                    self.series[name].append(event.step, epoch, event.t, value)
                changed = True
            elif isinstance(event, StateChanged) and event.state == "running" and event.attempt > 1:
                for series in self.series.values():
                    series.truncate(event.step)
                changed = True
        return changed
