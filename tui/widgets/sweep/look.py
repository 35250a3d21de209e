"""One look at a sweep: everything the screen shows, worked out in a thread. No widget is touched here."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from engine import gallery, sweep_wording
from tui.widgets.table import TableModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine import Chart, Outcome, PictureGrid, Status, SweepDirectory, SweepRecord, Sweeps, Trial

RESULTS = 3
"""Results besides the metric that the table shows, at most: the first ones."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user wants to see.

    Attributes:
        pictures: whether pictures are shown, which must be looked for in the logs of runs.
        kind: of the pictures; empty for that which most runs have.
        across: axis across; empty for the first one.
        down: axis, ``step`` or ``seed`` down; empty for the second axis, or steps.
        metric: column by which combinations are judged; empty for that of the sweep.
    """

    pictures: bool = False
    kind: str = ""
    across: str = ""
    down: str = ""
    metric: str = ""


@dataclass(frozen=True)
class Body:
    """What follows from the results alone.

    Attributes:
        trials: all of them.
        table: the combinations.
        outcomes: the same, in the order of its rows.
        charts: the metric over each axis, by its name, or over seeds; None while they are still to be worked out.
        parallel: all axes beside each other, if there are any.
        remarks: what the results suggest; None likewise.
    """

    trials: tuple[Trial, ...]
    table: TableModel
    outcomes: tuple[Outcome, ...]
    charts: dict[str, Chart] | None = None
    parallel: dict[str, Chart] = field(default_factory=dict)
    remarks: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Seen:
    """What a look found.

    Attributes:
        record: what is asked for.
        status: of the controller.
        head: what it is, what it goes over, how far it is.
        body: of the results; the same object as at the last look where none has changed.
        grid: the pictures; None if there are none, or none were asked for.
        kinds: the names of all kinds of pictures.
    """

    record: SweepRecord
    status: Status
    head: tuple[str, ...]
    body: Body
    grid: PictureGrid | None = None
    kinds: tuple[str, ...] = ()


class Looking:
    """Reads a sweep again and again; its methods are called in threads, one at a time.

    Args:
        sweeps: of the workspace.
        sweep: that is looked at.
    """

    def __init__(self, sweeps: Sweeps, sweep: SweepDirectory) -> None:
        from engine import Histories

        self._sweeps = sweeps
        self._sweep = sweep
        self._histories = Histories()
        self._trials: Any = None
        self._before: Any = None
        self._body: Body | None = None
        self._lock = threading.Lock()

    def look(self, asked: Asked) -> Seen:
        """Return what there is to see.

        Raises:
            WorkspaceError: if the sweep cannot be read.
        """
        from engine import sweep_outlook, sweep_plan

        with self._lock:
            record, status = self._sweeps.judged(self._sweep, asked.metric), self._sweep.status()
            if self._trials is None or self._trials.record.metric != record.metric:
                self._trials = self._sweeps.trials(self._sweep, record, self._histories)
            self._trials.record = record
            trials = self._trials.read()
            state = (record, [(trial.run, trial.state, trial.value) for trial in trials])
            if self._body is None or state != self._before:
                self._before = state
                self._body = see(record, trials)
            elif self._body.charts is None:
                self._body = with_charts(record, self._body)
            elif self._body.remarks is None:
                self._body = replace(self._body, remarks=tuple(sweep_outlook.remarks(record, trials)))
            *lines, last = sweep_wording.head(record, status)
            lines[-1] += f" · judged by {record.metric}" if record.metric else ""
            counts = sweep_outlook.counted(trials, sweep_plan.total(record))
            grid, kinds = self._pictures(record, trials, asked) if asked.pictures else (None, [])
            return Seen(record, status, (*lines, f"{last} · {counts}"), self._body, grid, tuple(kinds))

    def _pictures(
        self, record: SweepRecord, trials: Sequence[Trial], asked: Asked
    ) -> tuple[PictureGrid | None, list[str]]:
        from engine import sweep_pictures

        def album(trial: Trial) -> dict[str, dict[int, gallery.Kept]]:
            run = self._sweeps.workspace.run(trial.run)
            return gallery.album(run, self._histories.of(run))

        across, down = laid_out(record, asked)
        return sweep_pictures.picture_grid(record, trials, album, across, down, asked.kind)


def laid_out(record: SweepRecord, asked: Asked) -> tuple[str, str]:
    """Return what pictures are laid out by, across and down."""
    from engine import sweep_pictures, sweep_views

    names = [axis.name for axis in record.axes]
    # A sweep over nothing but seeds has no axis.
    across = asked.across if asked.across in names else next(iter(names), sweep_views.SEEDS)
    downs = [name for name in (*names, sweep_pictures.STEPS, sweep_views.SEEDS) if name != across]
    return across, asked.down if asked.down in downs else downs[0]


def see(record: SweepRecord, trials: Sequence[Trial]) -> Body:
    """Return the table of the results, which of thousands of runs is there first."""
    from engine import Table, sweep_outlook, sweep_views

    ranked = sweep_views.ranked(record, trials, sweep_outlook.results_of(trials, record.metric)[:RESULTS])
    table = Table(ranked.columns, ranked.rows, len(ranked.rows))
    return Body(tuple(trials), TableModel(table, ranked.figures), ranked.outcomes)


def with_charts(record: SweepRecord, body: Body) -> Body:
    """Return the results with their charts, if there is a metric to draw."""
    from engine import sweep_views

    if not record.metric:
        return replace(body, charts={})
    parallel = {"parallel": sweep_views.over_all_axes(record, body.outcomes)} if record.axes else {}
    return replace(body, charts=sweep_views.over_each_axis(record, body.trials), parallel=parallel)
