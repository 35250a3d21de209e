"""One look at compared runs: everything the screen shows, worked out in a thread. No widget is touched here."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine import PhospheneError, gallery, tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from engine import Axis, Chart, Comparison, Group, Line, Listed, Origin, Replicate, Sheet, Style, Workspace

MOST_CHARTS = 24
"""Metrics that are drawn, at most."""
STATED = 3
"""Results of which it is said what the seeds prove, at most: the first ones."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user wants to see.

    Attributes:
        axis: of the charts; None for that on which the runs can be compared.
        weight: of smoothing.
        log_y: whether y is logarithmic.
        members: whether the runs of a group are drawn, too.
        every: whether fields in which the runs are alike are named as well.
        baseline: id of a run of the group that others are compared with; empty for none.
    """

    axis: Axis | None = None
    weight: float = 0.0
    log_y: bool = False
    members: bool = False
    every: bool = False
    baseline: str = ""


@dataclass(frozen=True)
class Drawn:
    """A chart, and the single runs behind its means."""

    chart: Chart
    members: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Shelf:
    """The pictures and plots of one group, by name and step: those of its first run that keeps that name."""

    caption: str
    style: Style
    albums: dict[str, dict[int, gallery.Kept]]


@dataclass(frozen=True)
class Seen:
    """What a look found.

    Attributes:
        runs: how many there are.
        ids: of the runs.
        keys: of the groups, in their order.
        differing: the fields in which groups differ, a column a group.
        results: a row a group.
        figures: the same as plain figures.
        statements: what the seeds prove.
        apart: groups that are single runs for a reason, with it.
        troubles: what is wrong with some of the runs.
        baseline: caption of the group that others are compared with; empty for none.
        axis: what x is.
        origins: of the table of results, by its format.
        charts: by metric.
        shelves: of the groups that keep pictures or plots.
    """

    runs: int
    ids: tuple[str, ...]
    keys: tuple[str, ...]
    differing: Sheet
    results: Sheet
    figures: Sheet
    statements: tuple[str, ...]
    apart: tuple[str, ...]
    troubles: tuple[str, ...]
    baseline: str
    axis: Axis
    origins: dict[str, Origin]
    charts: dict[str, Drawn] = field(default_factory=dict)
    shelves: tuple[Shelf, ...] = ()


class Looking:
    """Reads runs again and again; its methods are called in threads, one at a time.

    Args:
        workspace: lists the runs as they are now.
        runs: that are compared, as they were listed.
    """

    def __init__(self, workspace: Workspace, runs: Sequence[Listed]) -> None:
        self._workspace = workspace
        self._runs = tuple(runs)
        self._comparison: Comparison | None = None
        self._before: Any = None
        self._joining: set[str] = set()
        self._lock = threading.Lock()

    def look(self, asked: Asked) -> Seen | None:
        """Return what there is to see, or None if that is the same as at the last look."""
        from engine import Comparison, Histories

        with self._lock:
            if self._comparison is not None:
                self._list()
            state = (asked, [(run.id, run.name, run.status) for run in self._runs])
            if state == self._before and all(run.status.ended for run in self._runs):
                return None
            self._before = state
            if self._comparison is None:
                self._comparison = Comparison(self._runs, Histories())
            else:
                self._comparison.refresh(self._runs)
            return see(self._comparison, asked)

    @property
    def ids(self) -> list[str]:
        """The runs that are compared."""
        return [run.id for run in self._runs]

    def further(self, count: int) -> tuple[Replicate, ...]:
        """Return the next seeds of each group; see :func:`engine.replicates`."""
        from engine import replicates

        with self._lock:
            groups = self._comparison.groups if self._comparison is not None else ()
            return replicates(groups, self._workspace.list(), count)

    def join(self, runs: Iterable[str]) -> None:
        """Compare these runs too, from the next look on."""
        self._joining.update(runs)

    def _list(self) -> None:
        """Take the runs as they are listed now, those that join included, without those that were removed."""
        wanted = {run.id for run in self._runs} | self._joining
        now = {run.id: run for run in self._workspace.list() if run.id in wanted}
        self._runs = tuple(now[run] for run in dict.fromkeys([run.id for run in self._runs] + [*now]) if run in now)


def see(comparison: Comparison, asked: Asked) -> Seen:
    """Return everything that is shown of a comparison; nothing raises for a run that is damaged or at work."""
    from engine import comparison_sheets

    try:
        comparison.set_baseline(asked.baseline)
    except PhospheneError:  # its run was removed
        comparison.set_baseline("")
    columns = comparison.default_columns()
    results = comparison_sheets.results(comparison, columns, columns[:STATED])
    said = comparison_sheets.differing(comparison)
    base = comparison.baseline
    axis = asked.axis or comparison.natural_axis()
    return Seen(
        runs=len(comparison.runs),
        ids=tuple(run.id for run in comparison.runs),
        keys=tuple(group.key for group in comparison.groups),
        differing=comparison_sheets.configured(comparison, every=asked.every),
        results=results,
        figures=comparison_sheets.figures(comparison, columns),
        statements=results.remarks[len(said) :],
        apart=tuple(comparison_sheets.titled(group) for group in comparison.groups if group.why_apart),
        troubles=comparison.troubles,
        baseline=base.caption if base is not None else "",
        axis=axis,
        origins={form: comparison_sheets.origin(comparison, columns, form) for form in tables.FORMATS},
        charts=_charts(comparison, replace(asked, axis=axis)),
        shelves=tuple(shelf for group in comparison.groups if (shelf := shelf_of(comparison, group)).albums),
    )


def _charts(comparison: Comparison, asked: Asked) -> dict[str, Drawn]:
    from engine import comparison_chart, comparison_members

    assert asked.axis is not None
    found = {}
    for metric in comparison.metrics[:MOST_CHARTS]:
        try:
            chart = comparison_chart(comparison, metric, asked.axis, asked.weight, log_y=asked.log_y)
        except PhospheneError:  # nothing of it can be drawn over this axis
            continue
        members = comparison_members(comparison, metric, asked.axis, asked.weight) if asked.members else ()
        found[metric] = Drawn(chart, members)
    return found


def shelf_of(comparison: Comparison, group: Group) -> Shelf:
    """Return what the runs of a group keep."""
    albums: dict[str, dict[int, gallery.Kept]] = {}
    for run in group.runs:
        for name, steps in gallery.album(run.directory, comparison.history(run)).items():
            albums.setdefault(name, steps)
    return Shelf(group.caption, comparison.styles[group.key], albums)
