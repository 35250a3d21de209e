"""The comparison of a selection: groups, what differs, the metrics shared, results, and differences to a baseline."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine import catalogue
from engine.comparison import statistics
from engine.comparison.curves import Axis, Band, Curve, band, natural_axis, positions
from engine.comparison.groups import SEEDS, Group, Grouping, differences, groups
from engine.comparison.styles import Style, styles
from engine.curves.trace import Trace
from engine.declaration import better
from engine.errors import UnknownRun
from engine.record.histories import Histories
from engine.selection.columns import Column
from engine.selection.values import is_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.comparison.groups import Differing
    from engine.comparison.statistics import Difference, Mean
    from engine.declaration import Better, Experiment
    from engine.record.history import History
    from engine.record.workspace import Listed


@dataclass(frozen=True, slots=True)
class Row:
    """The results of one group, column by column.

    Attributes:
        group: whose they are.
        means: over its runs; None where no run has a number.
        differences: from the baseline; None for the baseline itself, without one, and where one side has no number.
        best: whether it is the best of all groups, where a direction is known.
    """

    group: Group
    means: tuple[Mean | None, ...]
    differences: tuple[Difference | None, ...]
    best: tuple[bool, ...]


class Comparison:
    """Runs side by side. ``refresh`` reads on what has been logged since; nothing raises for a damaged run.

    Attributes:
        runs: that are compared, in the order of the selection.
        grouping: which fields keep runs apart.
        groups: of runs that are replicates of each other.
        differences: what differs in the configuration, with a value for each run.
        metrics: names of the metrics that all runs with metrics share.
        styles: colour and dash of each run by id.
    """

    def __init__(
        self,
        runs: Sequence[Listed],
        histories: Histories | None = None,
        grouping: Grouping = SEEDS,
    ) -> None:
        self.histories = histories or Histories()
        self.grouping = grouping
        self._baseline = ""
        self._traces: dict[tuple[str, str], Trace] = {}
        self.refresh(runs)

    def refresh(self, runs: Sequence[Listed]) -> None:
        """Take the runs as they are listed now, and read on in their logs."""
        self.runs = tuple(runs)
        self._by_id: dict[str, History] = {run.id: self.histories.of(run.directory) for run in runs}
        self.groups = groups(self.runs, self._by_id, self.grouping)
        self.differences: tuple[Differing, ...] = differences(self.runs)
        self.metrics = self._shared([[*history.curves.series] for history in self._by_id.values()])
        self.styles: dict[str, Style] = styles(self._by_id)

    @property
    def baseline(self) -> Group | None:
        """The group of the run that was named as the baseline; None if none was, or it is not compared any more."""
        return next((group for group in self.groups if any(run.id == self._baseline for run in group.runs)), None)

    def set_baseline(self, run: str) -> None:
        """Compare with the group of the run of this id from now on; with none for the empty string.

        Raises:
            UnknownRun: if it is not among those compared.
        """
        if run and run not in self._by_id:
            raise UnknownRun(f"the baseline {run} is not among the runs that are compared")
        self._baseline = run

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong with some of the runs, a sentence each."""
        said = [f"{run.id} cannot be read: {run.status.reason}" for run in self.runs if run.record is None]
        unread = [self.histories.troubles[run.id] for run in self.runs if run.id in self.histories.troubles]
        damaged = [
            f"{run.id}: {history.damaged} damaged records were skipped"
            for run, history in zip(self.runs, self._by_id.values(), strict=False)
            if history.damaged
        ]
        installed = catalogue.experiments()
        records = [run.record for run in self.runs if run.record]
        names = {record.experiment for record in records if not record.imported} - installed.keys()
        return (*said, *unread, *damaged, *(f"experiment {name} is not installed" for name in sorted(names)))

    def history(self, run: Listed) -> History:
        """Return what a run had logged at the last refresh."""
        return self._by_id[run.id]

    # -- results ------------------------------------------------------------------------------------------------------

    def default_columns(self) -> tuple[Column, ...]:
        """Return the results that runs with results share, headlines first; without any, the last shared metrics."""
        headlines = {catalogue.headline_of(run.record.experiment) for run in self.runs if run.record}
        names = self._shared([[*(run.status.result or self.history(run).results)] for run in self.runs])
        names = tuple(sorted(names, key=lambda name: name not in headlines))
        return tuple(map(Column, names)) or tuple(Column(name, "last") for name in self.metrics)

    def direction(self, column: Column) -> Better:
        """Return which values of a column are better: as the figure asked for says it, a headline, or the quantity."""
        if column.step or column.figure in {"max", "min"}:
            return "neither" if column.step else "higher" if column.figure == "max" else "lower"
        headlines = [one for run in self.runs if (declared := _declared(run)) and (one := declared.headline)]
        if column.source == "result":
            ways = {one.better for one in headlines}
            return ways.pop() if len(ways) == 1 else "neither"
        return better(column.source, next((one for one in headlines if one.result == column.source), None))

    def values(self, group: Group, column: Column) -> list[float]:
        """Return the numbers that the runs of a group have in a column, NaN among them; others have none."""
        found = [column.value(run, self.histories) for run in group.runs]
        return [float(value) for value in found if is_number(value)]

    def rows(self, columns: Sequence[Column]) -> tuple[Row, ...]:
        """Return the results of all groups."""
        values = {group.key: [self.values(group, column) for column in columns] for group in self.groups}
        means = {key: tuple(statistics.mean(one) if one else None for one in own) for key, own in values.items()}
        best = [
            _best([means[group.key][at] for group in self.groups], self.direction(column))
            for at, column in enumerate(columns)
        ]
        base = self.baseline
        found = []
        for place, group in enumerate(self.groups):
            apart = (
                tuple(map(statistics.difference, values[group.key], values[base.key]))
                if base is not None and group is not base
                else (None,) * len(columns)
            )
            found.append(Row(group, means[group.key], apart, tuple(own[place] for own in best)))
        return tuple(found)

    # -- curves -------------------------------------------------------------------------------------------------------

    def natural_axis(self) -> Axis:
        """Return the axis on which these runs can be compared."""
        return natural_axis(self._by_id.values())

    def curve(self, run: Listed, metric: str, axis: Axis = "step", weight: float = 0.0) -> Curve | None:
        """Return all points of a metric of a run, smoothed with a weight; None if it has none."""
        history = self.history(run)
        series = history.curves.series.get(metric)
        if series is None or not series.length:
            return None
        trace = self._traces.setdefault((run.id, metric), Trace())
        trace.update(positions(history, metric, axis), series.value)
        return Curve(trace.x, trace.smoothed(weight))

    def band(self, group: Group, metric: str, axis: Axis = "step", weight: float = 0.0) -> Band | None:
        """Return the mean of a group's curves with its interval; None if a member has no points of the metric."""
        curves = [self.curve(run, metric, axis, weight) for run in group.runs]
        return band([curve for curve in curves if curve is not None]) if None not in curves else None

    @staticmethod
    def _shared(names: Sequence[Sequence[str]]) -> tuple[str, ...]:
        """Return the names that all lists hold but those that hold none, in the order of the first."""
        lists = [own for own in names if own]
        return tuple(name for name in lists[0] if all(name in own for own in lists)) if lists else ()


def _declared(run: Listed) -> Experiment | None:
    return catalogue.experiments().get(run.record.experiment) if run.record else None


def _best(means: Sequence[Mean | None], direction: Better) -> list[bool]:
    """Tell for each mean whether it is the best; of a single one, and without a direction, none is."""
    known = [one.mean for one in means if one is not None and math.isfinite(one.mean)]
    if direction == "neither" or len(known) < 2:
        return [False] * len(means)
    best = max(known) if direction == "higher" else min(known)
    return [one is not None and one.mean == best for one in means]
