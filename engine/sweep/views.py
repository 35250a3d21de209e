"""What a sweep looks like: its metric over each axis, and all axes beside each other."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine import wording
from engine.comparison import statistics
from engine.comparison.chart import Chart, Line
from engine.comparison.styles import DASHES, Style
from engine.errors import PhospheneError
from engine.provenance import Origin
from engine.selection.values import comparable, is_number, rank
from engine.sweep import outlook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from engine.plots import Heatmap
    from engine.sweep.axes import Axis
    from engine.sweep.record import SweepRecord
    from engine.sweep.trials import Trial

MOST_CELLS = 600
"""Cells of a heatmap, at most."""
MOST_COMBINATIONS = 200
"""Combinations drawn beside each other over all axes, at most: the best ones."""
LINES = 5
"""Combinations of the other axes that are lines of their own over one axis, at most."""
FEWEST_SPACED = 3
"""Values without which nothing is said of how they are spaced."""
NAMED = 3
"""Of these, how many have a colour and a name."""
SEEDS = "seed"
"""What runs lie over that differ in nothing else."""


def axis_of(record: SweepRecord, name: str) -> Axis:
    """Return the axis of that name, ``nz`` or ``ngf,ndf``.

    Raises:
        PhospheneError: if there is none.
    """
    for axis in record.axes:
        if axis.name == name:
            return axis
    raise PhospheneError(f"{name!r} is no axis; there are: {', '.join(axis.name for axis in record.axes)}")


def value_on(axis: Axis, trial: Trial) -> tuple[Any, ...]:
    """Return a trial's values of an axis, one of each of its fields."""
    return tuple(trial.setting[name] for name in axis.fields)


def written(value: tuple[Any, ...]) -> str:
    """Write the values of an axis: ``10``, or ``256,32`` where fields vary together."""
    return ",".join(map(wording.setting, value))


def places(axis: Axis, trials: Sequence[Trial]) -> list[tuple[Any, ...]]:
    """Return the values of an axis that were tried: numbers rising, others as they were written."""
    found = {comparable(list(value)): value for value in (value_on(axis, trial) for trial in trials)}
    if axis.ordered:
        return sorted(found.values(), key=lambda value: float(value[0]))
    order = {comparable(list(value)): place for place, value in enumerate(axis.values)}
    return sorted(found.values(), key=lambda value: order.get(comparable(list(value)), len(order)))


def in_order(record: SweepRecord, trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials by their values on the axes, then by their seeds, as figures should show them."""
    return sorted(trials, key=lambda one: ([rank(one.setting[name]) for name in record.fields], one.seed))


# -- the metric -------------------------------------------------------------------------------------------------------


def over_each_axis(record: SweepRecord, trials: Sequence[Trial]) -> dict[str, Chart]:
    """Return the metric over each axis by its name; over the seeds, where runs differ in nothing else."""
    if not record.axes:
        return {SEEDS: over_seeds(record, trials)}
    return {axis.name: over_axis(record, trials, axis.name) for axis in record.axes}


def over_seeds(record: SweepRecord, trials: Sequence[Trial]) -> Chart:
    """Return the metric at the seed of each finished run; of two or more, the mean with its interval across them."""
    import numpy as np

    done = sorted(_judged(trials), key=lambda trial: trial.seed)
    x, y = np.arange(len(done), dtype=np.float64), np.array([one.value for one in done], dtype=np.float64)
    lines = [Line("runs", Style(1, 0), x, y, form="points")] if done else []
    if len(done) > 1:
        mean = statistics.mean(y.tolist())
        across, low, high = (np.full(2, value) for value in (mean.mean, mean.low, mean.high))
        lines.append(Line(f"mean of {mean.n} seeds", Style(0, 0), x[[0, -1]], across, low, high))
    names, origin = tuple(str(trial.seed) for trial in done), Origin.of(trial.run for trial in done)
    return Chart(tuple(lines), SEEDS, record.metric, names=names, origin=origin)


def _judged(trials: Iterable[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.state == "finished" and trial.value is not None]


def over_axis(record: SweepRecord, trials: Sequence[Trial], name: str) -> Chart:
    """Return the metric over the values of an axis: a point a finished run, and the means with their intervals.

    Numbers lie where they are, on a logarithmic scale if the axis has one or they are spaced like that; texts beside
    each other. Each combination of the other axes has a line of its own: the means of its seeds, with their intervals.
    Of more than `LINES` combinations there is one line, the means over all of them, without an interval: what chance
    does cannot be told there from what the other axes do. Where random search draws from a range, hardly two values
    are alike, and there are no means.

    Raises:
        PhospheneError: if there is no such axis.
    """
    import numpy as np

    axis = axis_of(record, name)
    done = _judged(trials)
    values = places(axis, done)
    at = {comparable(list(value)): float(place) for place, value in enumerate(values)}
    if axis.ordered:
        at = {key: float(value[0]) for key, value in zip(at, values, strict=True)}
    beside: dict[str, list[tuple[float, float]]] = {}
    for trial in in_order(record, done):
        others = [f"{field} {wording.setting(trial.setting[field])}" for field in _others(record, axis)]
        point = (at[comparable(list(value_on(axis, trial)))], float(trial.value or 0.0))
        beside.setdefault(", ".join(others), []).append(point)
    every = sorted(itertools.chain.from_iterable(beside.values()))
    points = np.array(every, dtype=np.float64).reshape(-1, 2)
    lines = [Line("runs", Style(1, 0), points[:, 0], points[:, 1], form="points", faint=True)]
    if record.by == "grid" or axis.range is None or axis.range.step:
        lines += _means(beside, every, f"mean over {', '.join(_others(record, axis))}", joined=axis.rises)
    log = axis.log or (axis.range is not None and axis.range.log) or _spaced_by_factors(at.values())
    return Chart(
        tuple(line for line in lines if len(line.x)),
        name,
        record.metric,
        log_x=log and axis.ordered and all(place > 0 for place in at.values()),
        names=() if axis.ordered else tuple(map(written, values)),
        origin=Origin.of(trial.run for trial in done),
    )


def _spaced_by_factors(places: Iterable[float]) -> bool:
    """Tell whether positive numbers, of which the last is ten times the first or more, are evener on a log scale."""
    found = sorted(places)
    if len(found) < FEWEST_SPACED or found[0] <= 0 or found[-1] < 10 * found[0]:
        return False
    gaps = [later - earlier for earlier, later in itertools.pairwise(found)]
    factors = [math.log(later / earlier) for earlier, later in itertools.pairwise(found)]
    return max(factors) / min(factors) < max(gaps) / min(gaps)


def _others(record: SweepRecord, axis: Axis) -> list[str]:
    """Return the fields of the other axes."""
    return [field for field in record.fields if field not in axis.fields]


def _means(
    beside: Mapping[str, list[tuple[float, float]]], every: Sequence[tuple[float, float]], over: str, *, joined: bool
) -> list[Line]:
    """Return the means of the points at each place: a line a combination of the other axes, or one over all of them.

    Args:
        beside: the points of each combination by its label.
        every: all points.
        over: what the means over all combinations are called.
        joined: whether they are joined.
    """
    if len(beside) > LINES:
        return [replace(_mean(over, Style(0, 0), every, joined=joined), low=None, high=None)]
    # The second colour is that of the runs.
    styles = [Style(0, 0), *(Style(place, place % DASHES) for place in range(2, LINES + 1))]
    return [
        _mean(label or "mean", style, points, joined=joined)
        for (label, points), style in zip(beside.items(), styles, strict=False)
    ]


def _mean(label: str, style: Style, points: Sequence[tuple[float, float]], *, joined: bool) -> Line:
    import numpy as np

    own: dict[float, list[float]] = {}
    for at, value in sorted(points):
        own.setdefault(at, []).append(value)
    found = [statistics.mean(values) for values in own.values()]
    x, y, low, high = (
        np.array(row, dtype=np.float64)
        for row in ([*own], [one.mean for one in found], [one.low for one in found], [one.high for one in found])
    )
    return Line(label, style, x, y, low, high, "line" if joined else "points")


def over_two_axes(trials: Sequence[Trial], row: str, column: str) -> Heatmap | None:
    """Return the mean of the metric for each pair of values of two fields; None if they make no grid.

    Args:
        trials: of a sweep; those without a finite value are left out.
        row: field whose values are the rows.
        column: field whose values are the columns.
    """
    from engine.plots import Heatmap

    cells: dict[Any, list[float]] = {}
    shown: tuple[dict[Any, Any], dict[Any, Any]] = ({}, {})
    for trial in trials:
        if trial.state == "finished" and trial.value is not None and math.isfinite(trial.value):
            pair = trial.setting[row], trial.setting[column]
            keys = tuple(map(comparable, pair))
            for own, key, value in zip(shown, keys, pair, strict=True):
                own[key] = value
            cells.setdefault(keys, []).append(trial.value)
    rows, columns = (sorted(own.values(), key=rank) for own in shown)
    count = sum(map(len, cells.values()))
    # Of a range that was searched nearly every value is met once: that is no grid.
    if len(rows) * len(columns) > min(MOST_CELLS, 4 * count) or min(len(rows), len(columns)) < 2:
        return None
    values = [
        tuple(statistics.mean(cells.get((comparable(one), comparable(other)), [])).mean for other in columns)
        for one in rows
    ]
    names = [tuple(map(wording.setting, own)) for own in (rows, columns)]
    largest = max(abs(value) for own in values for value in own if math.isfinite(value))
    digits = 3 if largest < 10 else 1 if largest < 1000 else 0
    return Heatmap(tuple(values), names[0], names[1], row, column, digits=digits)


def over_all_axes(record: SweepRecord, outcomes: Sequence[outlook.Outcome]) -> Chart:
    """Return parallel coordinates: a line a combination through its place on every axis, and on the metric last.

    Places are shares, 0 at the smallest value or the first text and 1 at the largest or the last; the names of the
    axes say which these are. The best combinations have names, those behind are faint.

    Args:
        record: of the sweep.
        outcomes: its combinations, the best first.
    """
    import numpy as np

    found = [one for one in outcomes if one.mean is not None and math.isfinite(one.mean.mean)]
    found = found[:MOST_COMBINATIONS]
    held = [trial for one in found for trial in one.trials[:1]]
    scales = [_scale(axis, held) for axis in record.axes]
    means = [one.mean.mean for one in found if one.mean is not None]
    low, high = (min(means), max(means)) if means else (0.0, 0.0)
    rows = [
        [*(share(trial) for _, share in scales), _between(mean, low, high)]
        for trial, mean in zip(held, means, strict=True)
    ]
    x = np.arange(len(record.axes) + 1, dtype=np.float64)
    lines = []
    for place in reversed(range(len(rows))):
        label = ", ".join(f"{name} {wording.setting(value)}" for name, value in found[place].setting.items())
        faint = place >= NAMED or record.better == "neither"
        style = Style(0 if faint else place, 0)
        lines.append(Line(label, style, x, np.array(rows[place], dtype=np.float64), faint=faint))
    names = (*(name for name, _ in scales), f"{record.metric} {wording.figure(low)}..{wording.figure(high)}")
    origin = Origin.of(trial.run for one in found for trial in one.trials)
    return Chart(tuple(lines), "", "share of each axis", names=names, origin=origin)


def _scale(axis: Axis, trials: Sequence[Trial]) -> tuple[str, Callable[[Trial], float]]:
    """Return an axis with its ends in words, and what tells where on it a trial lies."""
    values = places(axis, trials)
    if not values:
        return axis.name, lambda _: 0.5
    name = f"{axis.name} {written(values[0])}..{written(values[-1])}"
    if not axis.ordered:
        order = {comparable(list(value)): place for place, value in enumerate(values)}
        return name, lambda trial: _between(order[comparable(list(value_on(axis, trial)))], 0, len(values) - 1)
    low, high = float(values[0][0]), float(values[-1][0])
    log = (axis.log or (axis.range is not None and axis.range.log)) and low > 0
    scaled: Callable[[float], float] = math.log if log else float
    return name, lambda trial: _between(scaled(float(trial.setting[axis.fields[0]])), scaled(low), scaled(high))


def _between(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


# -- the table --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ranked:
    """The combinations as a table that can be sorted.

    Attributes:
        columns: their heads.
        rows: the cells of each combination, the best first; see :func:`engine.sweep.outlook.table`.
        figures: of each column what its cells count as, NaN for an empty one; None for a column of texts.
        outcomes: the combinations, in the order of the rows.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures: tuple[tuple[float, ...] | None, ...]
    outcomes: tuple[outlook.Outcome, ...]


def ranked(record: SweepRecord, trials: Sequence[Trial], results: Sequence[str] = ()) -> Ranked:
    """Return the combinations, the best first, with what their columns are sorted by."""
    found = tuple(outlook.outcomes(record, trials))
    columns: list[tuple[float, ...] | None] = []
    for name in record.fields:
        values = [one.setting[name] for one in found]
        columns.append(tuple(map(float, values)) if all(map(is_number, values)) else None)
    columns.append(tuple(math.nan if one.mean is None else one.mean.mean for one in found) if record.metric else None)
    for name in results:
        means = (one.results(name) for one in found)
        columns.append(tuple(math.nan if mean is None else mean.mean for mean in means))
    return Ranked(*outlook.table(record, found, results), (*columns, None), found)
