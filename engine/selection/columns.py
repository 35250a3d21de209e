"""Columns of a list of runs: a field as filters know it, or a figure of a metric's curve.

::

    column = FIELD | ("max" | "min" | "last" | "mean") METRIC ["step"]

``min validation/loss step`` is the step at which the metric was lowest. Points that are not finite are left out, but
by ``last``: a run that has diverged ends as it did.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine import wording
from engine.errors import PhospheneError
from engine.selection.completion import fields
from engine.selection.values import MISSING, SIZES, SPANS, getter, is_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engine.record.histories import Histories
    from engine.record.series import Series
    from engine.record.workspace import Listed

FIGURES = ("max", "min", "last", "mean")


@dataclass(frozen=True, slots=True)
class Column:
    """What a column shows.

    Attributes:
        source: the field, or the metric.
        figure: which figure of the metric's curve, or empty for a field.
        step: whether the step is shown at which the figure was reached.
    """

    source: str
    figure: str = ""
    step: bool = False

    def __str__(self) -> str:
        return " ".join(part for part in (self.figure, self.source, "step" if self.step else "") if part)

    def value(self, run: Listed, histories: Histories) -> Any:
        """Return the value for a run, `MISSING` if it has none."""
        if not self.figure:
            return getter(self.source)(run, histories)
        series = histories.of(run.directory).curves.series.get(self.source)
        return MISSING if series is None else self._of(series)

    def shown(self, value: Any) -> str:
        """Write one of its values for a list: time spans as clocks, bytes as GiB, nothing for one that is missing."""
        if self.source in SPANS and not self.figure and is_number(value):
            return wording.clock(value) if round(value) else ""
        if self.source in SIZES and not self.figure and is_number(value):
            return wording.size(value)
        return shown(value)

    def _of(self, series: Series) -> Any:
        import numpy as np

        meant = np.isfinite(series.value) | (self.figure == "last")
        steps, values = series.step[meant], series.value[meant]
        if not len(values):
            return MISSING
        if self.figure == "mean":
            return float(values.mean())
        at = _AT[self.figure](values)
        return float(steps[at]) if self.step else float(values[at])


_AT: dict[str, Callable[[NDArray[np.float64]], int]] = {
    "max": lambda values: int(values.argmax()),
    "min": lambda values: int(values.argmin()),
    "last": lambda values: len(values) - 1,
}


def parse_column(text: str) -> Column:
    """Return the column that a text means.

    Raises:
        PhospheneError: if it is none.
    """
    figure, _, source = " ".join(text.split()).partition(" ")
    if not figure:
        raise PhospheneError("a column is missing; for example lr, or max validation/accuracy step")
    if figure not in FIGURES or not source:
        return Column(f"{figure} {source}".rstrip())
    metric, _, last = source.rpartition(" ")
    step = last == "step" and bool(metric)
    if step and figure == "mean":
        raise PhospheneError(f"column {text!r}: a mean is reached at no step; leave step out")
    return Column(metric if step else source, figure, step)


def parse_columns(text: str) -> list[Column]:
    """Return the columns that a text names, separated by commas; raises as :func:`parse_column` does."""
    return [parse_column(part) for part in text.split(",") if part.strip()]


def absent(columns: Iterable[Column], runs: Sequence[Listed], histories: Histories) -> list[str]:
    """Return a sentence for each column that none of some runs has a value in, with the most similar name of some."""
    said = []
    for column in dict.fromkeys(columns):
        if not runs or any(column.value(run, histories) is not MISSING for run in runs):
            continue
        known = {*fields(runs), *(name for run in runs for name in histories.latest(run.directory))}
        hint = wording.meant(column.source, known - {column.source}, "")
        said.append(f"none of these runs has {column}{hint and f'; {hint}'}")
    return said


def shown(value: Any) -> str:
    """Write a value for a list; nothing for one that is missing."""
    if value is MISSING:
        return ""
    return wording.figure(value) if isinstance(value, float) and not math.isnan(value) else wording.setting(value)


def in_order(runs: Iterable[Listed], column: Column, histories: Histories, *, falling: bool = False) -> list[Listed]:
    """Return runs by a column: numbers before texts, rising unless ``falling``; those without a value last."""

    def key(pair: tuple[Listed, Any]) -> tuple[bool, float, str]:
        _, value = pair
        return (False, float(value), "") if is_number(value) else (True, 0.0, wording.setting(value).casefold())

    pairs = [(run, column.value(run, histories)) for run in runs]
    there = [pair for pair in pairs if pair[1] is not MISSING and pair[1] == pair[1]]
    last = [run for run, value in pairs if value is MISSING or value != value]  # noqa: PLR0124
    return [run for run, _ in sorted(there, key=key, reverse=falling)] + last
