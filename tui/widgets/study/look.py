"""One look at a tier of a study: everything the screen shows, worked out in a thread. No widget is touched here."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine import PhospheneError
from tui.widgets.study.drawing import drawn
from tui.widgets.sweep.look import see
from tui.widgets.table import TableModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine import (
        Comparison,
        Listed,
        ListedSweep,
        Sheet,
        Studies,
        StudyProgress,
        StudyTier,
        Trial,
        Trials,
    )
    from tui.widgets.study.drawing import Figure
    from tui.widgets.sweep.look import Body

AGAIN_SECONDS = 5.0
"""After which it is looked again for data that were missing."""
TIERS: tuple[StudyTier, ...] = ("quick", "full")
LAST = ("one more run", "source")
"""Columns that stand behind the verdict, where there is less room than on paper."""
REFUSED = "✗"
"""The count of a tier that its experiment refuses."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user wants to see.

    Attributes:
        tier: of the study; empty for the full one if it has runs, and else the quick one.
        changed: values in place of the study's, as typed.
        seeds: in place of the study's; 0 for these.
    """

    tier: StudyTier | None = None
    changed: Mapping[str, str] = field(default_factory=dict)
    seeds: int = 0


@dataclass(frozen=True)
class Seen:
    """What a look found.

    Attributes:
        asked: for.
        progress: of the tier.
        counts: of both tiers.
        sweep: that runs it, or has run it; None if there is none.
        standing: of the sweep, in words.
        trials: those that have finished, wherever they come from, and those that the sweep has begun.
        body: the combinations.
        published: beside measured values; None if there are none.
        metric: of all these values, where they share it.
        sheet: the same as a table for documents.
        plan: what is left to be run and what it takes, in sentences; None while that is still to be worked out.
        figure: of the study.
    """

    asked: Asked
    progress: StudyProgress
    counts: Mapping[StudyTier, str]
    sweep: ListedSweep | None
    standing: str
    trials: tuple[Trial, ...]
    body: Body
    published: TableModel | None
    metric: str
    sheet: Sheet
    plan: tuple[str, ...] | None
    figure: Figure

    @property
    def under_way(self) -> bool:
        """Whether its sweep runs."""
        return self.sweep is not None and not self.sweep.status.ended


class Looking:
    """Reads the runs of a study again and again; its methods are called in threads, one at a time.

    Args:
        studies: of the workspace.
        name: of the study.
    """

    def __init__(self, studies: Studies, name: str) -> None:
        from engine import Histories

        self._studies = studies
        self._name = name
        self._histories = Histories()
        self._comparison: Comparison | None = None
        self._known: _Known | None = None
        self._trials: tuple[object, Trials] | None = None
        self._before: object = None
        self._seen: Seen | None = None
        self._lock = threading.Lock()

    def look(self, asked: Asked) -> Seen | None:
        """Return what there is to see, or None if that is the same as at the last look.

        Raises:
            PhospheneError: if the study's file has a mistake, or a changed value is refused.
        """
        with self._lock:
            runs = {run.id: run for run in self._studies.workspace.list() if run.record is not None}
            known = self._read(asked, runs)
            sweep = self._studies.sweep_of(known.progress.record)
            trials, standing = self._begun(known.progress, sweep)
            states = [(trial.run, trial.state, trial.value, trial.status) for trial in trials]
            progress = known.progress
            state = (asked, progress.study, progress.tier, progress.missing, known.counts, sweep, standing, states)
            if self._seen is None or state != self._before:
                self._before = state
                self._seen = self._see(asked, known, sweep, standing, trials, runs)
            elif self._seen.plan is None:
                self._seen = replace(self._seen, plan=self._plan(self._seen))
            else:
                return None
            return self._seen

    def _read(self, asked: Asked, runs: Mapping[str, Listed]) -> _Known:
        """Return how far the study has come; worked out again where runs have ended, or data may have come."""
        from engine import study_wording

        finished = tuple(run.id for run in runs.values() if run.status.state == "finished")
        if self._known and self._known.asked == (asked, finished) and time.monotonic() < self._known.until:
            return self._known
        study = self._studies.find(self._name)
        own = [run for run in runs.values() if run.record and run.record.experiment == study.experiment]
        found: dict[StudyTier, StudyProgress] = {}
        counts: dict[StudyTier, str] = {}
        refused: dict[StudyTier, PhospheneError] = {}
        for tier in TIERS:
            try:
                found[tier] = self._studies.progress(study, tier, asked.changed, asked.seeds, own, self._histories)
                counts[tier] = study_wording.count(found[tier])
            except PhospheneError as error:
                refused[tier], counts[tier] = error, REFUSED
        chosen = asked.tier or ("full" if "full" in found and found["full"].trials else "quick")
        if chosen in refused:
            raise refused[chosen]
        self._known = _Known((asked, finished), time.monotonic() + AGAIN_SECONDS, found[chosen], counts)
        return self._known

    def _begun(self, progress: StudyProgress, sweep: ListedSweep | None) -> tuple[tuple[Trial, ...], str]:
        """Return the trials that have finished or are begun, and how the sweep stands."""
        from engine import sweep_outlook, sweep_wording

        if sweep is None:
            return progress.trials, ""
        sweeps = self._studies.sweeps
        record = sweeps.judged(sweep.directory, progress.record.metric)
        key = (sweep.id, record.metric)
        if self._trials is None or self._trials[0] != key:
            self._trials = (key, sweeps.trials(sweep.directory, record, self._histories))
        self._trials[1].record = record
        begun = [trial for trial in self._trials[1].read() if trial.state != "removed"]
        there = {trial.key for trial in progress.trials}
        said = f"{sweep_wording.head(record, sweep.status)[-1]} · {sweep_outlook.counted(begun, progress.runs)}"
        return (*progress.trials, *(trial for trial in begun if trial.key not in there)), said

    def _see(
        self,
        asked: Asked,
        known: _Known,
        sweep: ListedSweep | None,
        standing: str,
        trials: Sequence[Trial],
        runs: Mapping[str, Listed],
    ) -> Seen:
        from engine import study_wording, sweep_outlook, sweep_views

        progress = known.progress
        ordered = sweep_views.in_order(progress.record, trials)
        body = replace(see(progress.record, trials), remarks=tuple(sweep_outlook.remarks(progress.record, trials)))
        sheet = study_wording.beside(progress)
        published, metric = _published(sheet)
        figure = self._figure(progress, ordered, runs)
        return Seen(
            asked,
            progress,
            known.counts,
            sweep,
            standing,
            tuple(trials),
            body,
            published,
            metric,
            sheet,
            None,
            figure,
        )

    def _plan(self, seen: Seen) -> tuple[str, ...]:
        """Return what is left to be run and what it takes; nothing while it runs, or where it cannot be run."""
        from engine import sweep_wording

        progress = seen.progress
        if seen.under_way or progress.missing or len(progress.trials) == progress.runs:
            return ()
        try:
            planned = self._studies.plan(progress.study, progress.tier, seen.asked.changed, seeds=seen.asked.seeds)
        except PhospheneError as error:
            return (str(error),)
        return tuple(sweep_wording.plan(planned)[1:])

    def _figure(self, progress: StudyProgress, trials: Sequence[Trial], runs: Mapping[str, Listed]) -> Figure:
        from engine import Comparison

        shown = [runs[trial.run] for trial in trials if trial.run in runs]
        if self._comparison is None:
            self._comparison = Comparison(shown, self._histories)
        else:
            self._comparison.refresh(shown)
        return drawn(progress, self._comparison, trials)


@dataclass(frozen=True)
class _Known:
    """How far a study had come.

    Attributes:
        asked: what was asked for, and the finished runs of the workspace.
        until: when it is to be worked out again.
        progress: of the tier that is shown.
        counts: of both tiers.
    """

    asked: tuple[Asked, tuple[str, ...]]
    until: float
    progress: StudyProgress
    counts: Mapping[StudyTier, str]


def _published(sheet: Sheet) -> tuple[TableModel | None, str]:
    """Return published values beside measured ones, what matters first, and the metric of all of them if they share it.

    Columns that say nothing are left out.
    """
    from engine import Table

    if not sheet.rows:
        return None, ""
    columns = dict(zip(sheet.columns, zip(*sheet.rows, strict=True), strict=True))
    columns = {name: columns[name] for name in sorted(columns, key=lambda name: name in LAST) if any(columns[name])}
    shared = {*columns["metric"]}
    if len(shared) == 1:
        del columns["metric"]
    rows = tuple(zip(*columns.values(), strict=True))
    model = TableModel(Table((*columns,), rows, len(rows)), [None] * len(columns))
    return model, shared.pop() if len(shared) == 1 else ""
