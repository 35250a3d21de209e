"""What the figure of a study shows: what its runs keep under a name, their curves, a table of them, or their means."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from engine import plots, wording
from engine.comparison import statistics
from engine.selection.columns import parse_column
from engine.selection.values import comparable, is_number
from engine.sweep import views

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.comparison.chart import Chart
    from engine.comparison.comparison import Comparison
    from engine.record.histories import Histories
    from engine.record.workspace import Listed
    from engine.studies.study import Study
    from engine.sweep.record import SweepRecord
    from engine.sweep.trials import Trial

Way = Literal["kept", "grid", "table", "curves", "means", "combinations"]
"""``kept``: pictures or plots beside each other; ``grid``: pictures by two axes; ``combinations``: only their table."""


def names(study: Study) -> list[str]:
    """Return what a study shows, the most important first."""
    return [name for part in study.shows.split(",") if (name := part.strip())]


def way(study: Study, record: SweepRecord, comparison: Comparison) -> tuple[Way, str]:
    """Return how the figure of a study is drawn of the runs there are, and the name of what it shows.

    What the runs keep under the name decides first, then the layout: a name may be that of a picture, a plot, a table,
    a curve or a result.

    Args:
        study: as declared.
        record: of the sweep that its tier is.
        comparison: of its runs.
    """
    histories = [comparison.history(run) for run in comparison.runs]
    axes = {axis.name for axis in record.axes}
    for name in names(study):
        if any(name in one.images for one in histories) and {study.rows, study.columns} <= axes:
            return "grid", name
        if any(name in one.images or name in one.plots for one in histories):
            return "kept", name
        if any(name in one.tables for one in histories):
            return "table", name
        drawn = (one.curves.series[name] for one in histories if name in one.curves.series)
        if study.layout == "curves" and any(sum(map(math.isfinite, series.value[:64])) > 1 for series in drawn):
            return "curves", name
    metric = next(iter(names(study)), "") or record.metric
    drawn_over_axes = study.layout in {"curves", "bars", "heatmap"} and bool(record.axes) and bool(metric)
    return ("means", metric) if drawn_over_axes else ("combinations", "")


def valued(trials: Sequence[Trial], metric: str, listed: Mapping[str, Listed], histories: Histories) -> list[Trial]:
    """Return the trials with their values of a metric, which may be another one than that of the sweep.

    Args:
        trials: of the sweep.
        metric: a column.
        listed: the runs by id.
        histories: of them.
    """
    column = parse_column(metric)
    found = []
    for trial in trials:
        value = column.value(listed[trial.run], histories) if trial.run in listed else None
        found.append(replace(trial, value=float(value) if value is not None and is_number(value) else None))
    return found


def means(study: Study, record: SweepRecord, trials: Sequence[Trial]) -> plots.Plot | dict[str, Chart]:
    """Return the metric over the axes: bars, a heatmap over two axes, or a chart over each axis by its name.

    Args:
        study: whose layout says which.
        record: of the sweep, with the metric that is shown.
        trials: with their values of it.
    """
    if study.layout == "heatmap" and len(record.axes) == 2:
        row, column = (axis.fields[0] for axis in record.axes)
        if study.rows == column or study.columns == row:
            row, column = column, row
        if (found := views.over_two_axes(trials, row, column)) is not None:
            return replace(found, legend=record.metric)
    if study.layout == "bars":
        return bars(record, trials)
    return views.over_each_axis(record, trials)


def bars(record: SweepRecord, trials: Sequence[Trial]) -> plots.Bars:
    """Return a bar for each combination, its mean over seeds, with the half of its 95 % interval where it has one."""
    values: dict[object, list[float]] = {}
    captions: dict[object, str] = {}
    for trial in views.in_order(record, trials):
        if trial.state == "finished" and trial.value is not None and math.isfinite(trial.value):
            key = comparable(dict(trial.setting))
            values.setdefault(key, []).append(trial.value)
            captions[key] = ", ".join(map(wording.setting, trial.setting.values()))
    found = [statistics.mean(own) for own in values.values()]
    halves = [one.half for one in found]
    errors = tuple(halves) if found and all(map(math.isfinite, halves)) else ()
    over = ", ".join(record.fields)
    return plots.Bars(tuple(captions.values()), tuple(one.mean for one in found), errors, f"{record.metric} by {over}")
