"""The face of studies: list, look at, run and write them. A study keeps no state: equal runs are its runs."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from engine import wording
from engine.catalogue import experiment as find_experiment
from engine.comparison.groups import differences
from engine.control import resolving
from engine.control.background import in_thread
from engine.errors import InvalidHyperparameters, PhospheneError, RunStateError, UnknownExperiment, UnknownRun
from engine.record.files import disk_errors, write_atomically
from engine.record.histories import Histories
from engine.record.shared import shared_folder
from engine.selection.choosing import select
from engine.selection.columns import parse_column
from engine.selection.values import comparable, is_number
from engine.studies import study as declared
from engine.studies import words
from engine.studies.verdict import judge
from engine.sweep import plan
from engine.sweep.asking import Asked, record_of
from engine.sweep.reuse import Earlier
from engine.sweep.sweeps import Sweeps
from engine.sweep.trials import Trial

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from engine.declaration import Experiment
    from engine.record.workspace import Listed
    from engine.studies.study import Published, Study, Tier
    from engine.studies.verdict import Judged
    from engine.sweep.asking import Planned
    from engine.sweep.record import SweepDirectory, SweepRecord
    from engine.sweep.sweeps import ListedSweep


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a tier of a study has come.

    Attributes:
        study: as declared.
        tier: that is looked at.
        changed: values that are set otherwise than the study says, by field.
        record: the sweep that it is.
        trials: those of its runs that have finished, found by their configuration.
        runs: how many it is to have.
        missing: why it cannot be run here, by field; empty if it can.
        judged: the published values beside the measured ones.
    """

    study: Study
    tier: Tier
    changed: Mapping[str, Any]
    record: SweepRecord
    trials: tuple[Trial, ...]
    runs: int
    missing: Mapping[str, str]
    judged: tuple[Judged, ...]


class Studies:
    """The studies that come with the program, and those of a workspace.

    Args:
        home: the workspace's folder; ``PHOSPHENE_HOME`` or the user's data folder if None.
        sweeps: of the workspace, so that what is known of its runs need not be read again; new ones if None.
    """

    ALL: ClassVar = "all"
    """What all of them are called together."""

    def __init__(self, home: Path | None = None, sweeps: Sweeps | None = None) -> None:
        self.sweeps = sweeps or Sweeps(home)
        self.workspace = self.sweeps.workspace

    def names(self) -> list[str]:
        """Return the names of all studies."""
        return [*declared.names(self.workspace)]

    def files(self) -> dict[str, Path]:
        """Return the file of each study by its name."""
        return declared.names(self.workspace)

    def find(self, name: str) -> Study:
        """Return the study of that name, or in that file.

        Raises:
            PhospheneError: if there is none or it cannot be read.
        """
        return declared.find(self.workspace, name)

    def asked(
        self, study: Study, tier: Tier, changed: Mapping[str, Any] | None = None, seeds: int = 0, **more: Any
    ) -> Asked:
        """Return the sweep that a tier of a study is.

        Args:
            study: as declared.
            tier: which one.
            changed: values in place of the study's, by field.
            seeds: in place of the study's, if not 0.
            **more: ``parallel``, ``options`` and others of :class:`engine.sweep.asking.Asked`.
        """
        part = study.tier(tier)
        changed = changed or {}
        apart = declared.set_apart(part.together, changed)
        over = {**part.over, **apart.over}
        return Asked(
            study.experiment,
            {**part.fixed, **apart.fixed, **changed},
            {name: declared.axis_text(value) for name, value in over.items() if name not in changed},
            apart.together,
            seeds=seeds or part.seeds,
            metric=part.metric,
            name=f"{study.name} ({tier})",
            **more,
        )

    def plan(self, study: Study, tier: Tier, changed: Mapping[str, Any] | None = None, **more: Any) -> Planned:
        """Return what running a tier of a study would be; see :func:`engine.sweep.asking.planned`.

        Raises:
            PhospheneError: naming what is wrong with it, or what is missing and how to get it.
        """
        return asyncio.run(self.sweeps.plan(self.asked(study, tier, changed, **more)))

    async def run(self, planned: Planned) -> SweepDirectory:
        """Start a study's sweep, or go on with the one that was left before its end, so that nothing is run twice."""
        before = await in_thread(self._unfinished, planned.record)
        if before is None:
            return await self.sweeps.launch(planned)
        with suppress(RunStateError):  # its controller is busy: the sweep goes on as it is
            await self.sweeps.resume(before)
        return before

    def _unfinished(self, record: SweepRecord) -> SweepDirectory | None:
        """Return the newest sweep of the same runs that has not come to its end."""
        found = self.sweep_of(record)
        return found.directory if found is not None and found.status.state != "finished" else None

    def sweep_of(self, record: SweepRecord) -> ListedSweep | None:
        """Return the sweep that runs what a tier asks for: the newest that has not come to its end, or else the newest.

        Args:
            record: of the sweep that the tier is; see :class:`Progress`.
        """
        found = [one for one in self.sweeps.listed() if one.record and _same_runs(one.record, record)]
        return next((one for one in found if one.status.state != "finished"), next(iter(found), None))

    async def look(
        self, study: Study, tier: Tier, changed: Mapping[str, Any] | None = None, seeds: int = 0
    ) -> Progress:
        """Return how far a tier of a study has come, by the runs of equal configuration in the workspace."""
        return await in_thread(self.progress, study, tier, changed, seeds)

    def progress(
        self,
        study: Study,
        tier: Tier,
        changed: Mapping[str, Any] | None = None,
        seeds: int = 0,
        listed: Sequence[Listed] | None = None,
        histories: Histories | None = None,
    ) -> Progress:
        """Return how far a tier has come; see :meth:`look`.

        Args:
            study: as declared.
            tier: that is looked at.
            changed: values in place of the study's.
            seeds: in place of the study's, if not 0.
            listed: all runs, if they were listed before; those of the study's experiment are enough.
            histories: of runs that were read before.

        Raises:
            PhospheneError: if the study does not fit its experiment.
        """
        experiment, record = self._checked(study, tier, changed or {}, seeds)
        histories = histories or Histories()
        earlier = Earlier(self.workspace.list() if listed is None else listed, experiment, histories)
        found: list[tuple[Trial, Listed]] = []
        problems: Mapping[str, str] = {}
        for number, cell in enumerate(plan.cells(record), start=1):
            try:
                values = experiment.validate({**record.fixed, **cell.setting})
            except PhospheneError as error:
                problems = dict(error.problems) or {"": str(error)}
                break
            try:
                # A launch checks the names of cuts; here they only tell whether a run is the same.
                values, _ = resolving.resolved(self.workspace, values, "meanings" if earlier else "nothing")
            except PhospheneError as error:
                # What is missing hinders further runs; those that are there keep their results.
                problems = problems or dict(error.problems) or {"": str(error)}
            run = earlier.listed(values.model_dump(mode="json"), cell.seed)
            if run is not None:
                own = _values(record.metric, [run], histories) if record.metric else []
                value = own[0] if own else None
                trial = Trial(number, cell.setting, cell.seed, run.id, "finished", "", value, run.status, reused=True)
                found.append((trial, run))
        judged = tuple(
            judge(
                one,
                _values(one.metric, [run for trial, run in found if _is_meant(one, trial, record.fixed)], histories),
                judged=tier == "full" and not changed,
            )
            for one in study.published
        )
        trials = tuple(trial for trial, _ in found)
        return Progress(study, tier, changed or {}, record, trials, plan.total(record), problems, judged)

    def _checked(
        self, study: Study, tier: Tier, changed: Mapping[str, Any], seeds: int
    ) -> tuple[Experiment, SweepRecord]:
        """Return the experiment of a study and the sweep that a tier of it is.

        Raises:
            PhospheneError: with the line of what does not fit the experiment, or of the published value that is of no
                combination.
        """
        try:
            experiment = find_experiment(study.experiment)
        except UnknownExperiment as error:
            raise PhospheneError(f"{study.at('experiment')}: {error}") from None
        try:
            record = record_of(self.workspace, experiment, self.asked(study, tier, changed, seeds))
        except InvalidHyperparameters as error:
            if not error.problems.keys().isdisjoint({*changed, *(["seeds"] if seeds else [])}):
                raise
            found = [f"{study.at(*study.place(name, tier))}: {name}: {why}" for name, why in error.problems.items()]
            raise PhospheneError("; ".join(found)) from None
        for number, one in enumerate(study.published):
            if strange := sorted(one.where.keys() - {*record.fields} - record.fixed.keys()):
                place, names = study.at("published", number, "where"), ", ".join(strange)
                raise PhospheneError(f"{place}: a published value names {names}: {study.experiment} has no such field")
        return experiment, record

    def write(self, name: str, source: Sequence[str]) -> Path:
        """Write a study of the workspace from a sweep, or from runs of one experiment that differ in some values.

        Args:
            name: of the new study; its file must not be there yet.
            source: the name of a sweep, or names of runs.

        Raises:
            PhospheneError: if there is such a study, or the runs make none.
        """
        path = declared.folder_of(self.workspace) / f"{name}{declared.ENDING}"
        if not re.fullmatch(r"[\w.-]{1,80}", name):
            raise PhospheneError(f"{name!r} cannot be a study's name: take letters, digits and . _ -")
        if name == self.ALL:
            raise PhospheneError(f"{name!r} cannot be a study's name, since it means all of them: take another")
        if name in declared.names(self.workspace):
            raise PhospheneError(f"there is a study {name} already: take another name")
        try:
            values = _of_sweep(self.sweeps.meant(" ".join(source)).record())
        except UnknownRun:
            values = _of_runs(select(self.workspace, source))
        with disk_errors(path.parent):
            shared_folder(path.parent, self.workspace.home)
            text = words.toml(values)
            write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
        return path


def _of_sweep(record: SweepRecord) -> dict[str, Any]:
    over = {
        axis.name: str(axis.range) if axis.range else declared.axis_text([value for (value,) in axis.values])
        for axis in record.axes
        if len(axis.fields) == 1
    }
    together = {axis.name: str(axis).partition("=")[2] for axis in record.axes if len(axis.fields) > 1}
    head = {"title": record.name or f"{record.experiment} over {', '.join(record.fields)}"}
    head |= {"question": "What does it ask?", "experiment": record.experiment, "metric": record.metric}
    return {**head, "seeds": len(record.seeds), "fixed": _unusual(record), "over": over, "zip": together}


def _unusual(record: SweepRecord) -> dict[str, Any]:
    """Return the fixed values that are not the defaults."""
    usual = {view.name: view.default for view in find_experiment(record.experiment).fields()}
    return {name: value for name, value in record.fixed.items() if comparable(value) != comparable(usual.get(name))}


def _of_runs(runs: Sequence[Listed]) -> dict[str, Any]:
    """Return the study that runs make which differ in some values: each combination of these values is a row.

    Raises:
        PhospheneError: if they are of several experiments, or cannot be read.
    """
    records = [run.record for run in runs if run.record is not None]
    experiments = {record.experiment for record in records}
    if len(experiments) != 1:
        raise PhospheneError(f"a study is of one experiment, and these runs are of {', '.join(experiments) or 'none'}")
    experiment = find_experiment(experiments.pop())
    fields = [one.field for one in differences(runs) if one.field in experiment.hyperparameters.model_fields]
    common = {name: value for name, value in records[0].hyperparameters.items() if name not in fields}
    usual = {view.name: view.default for view in experiment.fields()}
    fixed = {name: value for name, value in common.items() if comparable(value) != comparable(usual.get(name))}
    rows = dict.fromkeys(
        tuple(wording.setting(record.hyperparameters.get(name)) for name in fields) for record in records
    )
    over: dict[str, Any] = {}
    together: dict[str, Any] = {}
    if len(fields) == 1:
        over[fields[0]] = declared.axis_text([value for (value,) in rows])
    elif fields:
        together[",".join(fields)] = ";".join(",".join(row) for row in rows)
    head = {"title": f"{experiment.name} over {', '.join(fields)}", "question": "What does it ask?"}
    metric = experiment.headline.result if experiment.headline else ""
    seeds = len({record.seed for record in records})
    return {**head, "experiment": experiment.name, "metric": metric, "seeds": seeds, "fixed": fixed} | {
        "over": over,
        "zip": together,
    }


def _values(metric: str, runs: Sequence[Listed], histories: Histories) -> list[float]:
    """Return the numbers that runs have in a column; those that have none are left out."""
    column = parse_column(metric)
    found = [column.value(run, histories) for run in runs]
    return [float(value) for value in found if is_number(value)]


def _is_meant(published: Published, trial: Trial, fixed: Mapping[str, Any]) -> bool:
    """Tell whether a trial is of the combination of a published value."""
    values = {**fixed, **trial.setting}
    return all(comparable(values[name]) == comparable(value) for name, value in published.where.items())


def _same_runs(one: SweepRecord, other: SweepRecord) -> bool:
    """Tell whether two sweeps ask for the same runs."""
    return all(getattr(one, name) == getattr(other, name) for name in ("experiment", "fixed", "axes", "seeds", "by"))
