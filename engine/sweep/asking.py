"""A sweep as somebody asks for it: checked whole before anything is written, counted, and priced by earlier runs."""

from __future__ import annotations

import contextlib
import itertools
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine import wording
from engine.catalogue import experiment as find_experiment
from engine.control import resolving
from engine.control.threads import thread_count
from engine.declaration import RunOptions, better, validate
from engine.errors import InvalidHyperparameters, PhospheneError
from engine.selection.columns import parse_column
from engine.slurm.asking import Wanted, check, is_slurm, require_asked
from engine.slurm.asking import options as slurm_options
from engine.sweep import plan, search
from engine.sweep.axes import axes
from engine.sweep.pricing import price
from engine.sweep.record import BY, PRUNE, SweepRecord
from engine.sweep.reuse import Earlier
from engine.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from engine.declaration import Better, Experiment, Hyperparameters
    from engine.record.workspace import Listed, Workspace
    from engine.sweep.axes import Axis
    from engine.sweep.pricing import Price

DOUBTED = 100
"""Combinations that are looked through for what is hardly meant."""
RECENT = 50
"""How many earlier runs of an experiment tell which metrics it measures."""
CHECKED = 200
"""Combinations up to which every one is looked up on disks and servers; of more, only the first."""
MOST_PARALLEL = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """A sweep as somebody asks for it, before anything of it is checked.

    Attributes:
        experiment: its name.
        fixed: hyperparameters that no axis varies, as typed.
        over: axes by field, as typed.
        together: axes of fields that vary together, by their names separated by commas.
        seeds: how many seeds each combination gets, from the seed of the options on.
        by: grid, random or tpe.
        trials: how many combinations; 0 for all of a grid.
        metric: the column by which trials are judged; empty for :func:`usual_metric`.
        prune: median, percentile, or empty.
        parallel: how many runs wait or run at most; of an array of Slurm, how many of its jobs run at a time.
        per_job: how many runs a job of such an array carries out, one after the other.
        budget: seconds that the runs may take together; 0 for no limit.
        retries: how often a failed run is resumed.
        stop_after: failures in a row after which no more is launched; 0 for no limit.
        reuse: whether runs of equal configuration are taken instead of new ones.
        options: of the runs, as typed.
        name: of the sweep.
    """

    experiment: str
    fixed: Mapping[str, Any]
    over: Mapping[str, str]
    together: Mapping[str, str]
    seeds: int = 1
    by: str = "grid"
    trials: int = 0
    metric: str = ""
    prune: str = ""
    parallel: int = 1
    per_job: int = 1
    budget: float = 0.0
    retries: int = 0
    stop_after: int = 0
    reuse: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a sweep would be.

    Attributes:
        record: as it would be written.
        runs: how many it is to have.
        there: how many of them exist already, with equal configuration; None where results choose combinations.
        price: what the others will take.
        doubts: what it varies or holds and is hardly meant, in sentences.
    """

    record: SweepRecord
    runs: int
    there: int | None
    price: Price
    doubts: tuple[str, ...] = ()


def planned(workspace: Workspace, asked: Asked) -> Planned:
    """Return what a sweep would be; nothing is written.

    Raises:
        UnknownExperiment, InvalidHyperparameters, DataUnavailable, PhospheneError: naming every mistake.
    """
    declared = find_experiment(asked.experiment)
    record = record_of(workspace, declared, asked)
    runs = plan.total(record)
    _require_ready(workspace, declared, record)
    if wanted := Wanted.of(record.options):
        check(slurm_options(wanted, workspace.home, threads=record.options["threads"]))
    listed = workspace.list()
    to_come = _to_come(workspace, declared, record, listed)
    there = None if record.by == "tpe" else runs - len(to_come)
    earlier = [run for run in listed if run.record and run.record.experiment == declared.name]
    finished = [run for run in earlier if run.status.state == "finished"]
    histories = [run.directory.history() for run in finished[:RECENT]]
    measured = {name for history in histories for name in (*history.latest, *history.results)}
    doubts = (*_doubts(declared, record), *_unmeasured(record, measured))
    return Planned(record, runs, there, price(declared, to_come, finished), doubts)


def _doubts(declared: Experiment, record: SweepRecord) -> tuple[str, ...]:
    """Return a sentence for each field, about the first value that is hardly meant, of the first combinations."""
    found: dict[str, dict[str, None]] = {}
    for setting in itertools.islice(_spanning(record), DOUBTED):
        for name, sentence in resolving.doubts(declared, {**record.fixed, **setting}).items():
            found.setdefault(name, {})[sentence] = None
    told = []
    for sentences in found.values():
        first, *more = sentences
        told.append(f"{first}; and so on for {len(more)} more" if more else first)
    return tuple(told)


def _unmeasured(record: SweepRecord, known: set[str]) -> tuple[str, ...]:
    """Return a sentence if the metric is none of those that finished runs are known to have."""
    source = parse_column(record.metric).source if record.metric else ""
    if not known or not source or source in known:
        return ()
    hint = wording.meant(source, known, f"they have {', '.join(sorted(known))}")
    return (f"metric: no run of {record.experiment} so far has {source}; {hint}",)


def record_of(workspace: Workspace, declared: Experiment, asked: Asked) -> SweepRecord:
    """Return the record of a sweep, checked by the declarations alone; nothing is looked up on disks.

    Raises:
        InvalidHyperparameters: naming every mistake.
    """
    problems = dict(_choices(asked))
    try:
        found = axes(declared, asked.over, asked.together, asked.fixed)
    except InvalidHyperparameters as error:
        found = ()
        problems |= error.problems
    fixed: dict[str, Any] = {}
    try:
        # Every value is written down, so that a later version with other defaults runs the same.
        fixed = declared.validate(asked.fixed).model_dump(mode="json")
    except InvalidHyperparameters as error:
        problems = {**error.problems, **problems}
    try:
        options = validate(RunOptions, {**asked.options, "name": asked.name})
        require_asked(options)
    except InvalidHyperparameters as error:
        options = RunOptions()
        problems = {**error.problems, **problems}
    spread = [*_spread(declared, found, fixed)]
    metric = asked.metric or usual_metric(declared, validated=all(values.validated for values in spread))
    better_values: Better = "neither"
    try:
        better_values = direction(declared, metric)
        _require_judged(declared, asked, metric, better_values)
    except PhospheneError as error:
        problems["metric"] = str(error)
    if problems:
        raise InvalidHyperparameters(problems)
    created = time.time()
    at_slurm = Wanted.of(options.model_dump())
    small = _small(workspace, declared, spread)
    varied = {name for axis in found for name in axis.fields}
    return SweepRecord(
        id=workspace.new_id(declared.name, created),
        experiment=declared.name,
        fixed={name: value for name, value in fixed.items() if name not in varied},
        axes=found,
        seeds=tuple(range(options.seed, options.seed + asked.seeds)),
        by=asked.by,  # type: ignore[arg-type]  # one of them, as was checked above
        trials=asked.trials,
        metric=metric,
        better=better_values,
        prune=asked.prune,  # type: ignore[arg-type]
        parallel=asked.parallel,
        per_job=asked.per_job,
        budget=asked.budget,
        retries=asked.retries,
        stop_after=asked.stop_after,
        reuse=asked.reuse,
        options={
            "device": options.device,
            "slots": max(options.slots, asked.parallel),
            # As many for all, so that it does not matter for the results which runs lay beside each other.
            "threads": options.threads or (0 if at_slurm else max(1, thread_count(0, small=small) // asked.parallel)),
            **(at_slurm.to_json() if at_slurm else {}),
        },
        name=asked.name,
        created=created,
        version=VERSION,
    )


def _choices(asked: Asked) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the sweep's own options, by option."""
    if asked.by not in BY:
        yield "by", f"must be one of {', '.join(BY)}, not {asked.by!r}"
    elif asked.by != "grid" and not asked.trials:
        yield "trials", f"say how many combinations {asked.by} is to try, as in --trials 30"
    if asked.prune and asked.prune not in PRUNE:
        yield "prune", f"must be one of {', '.join(PRUNE)}, not {asked.prune!r}"
    if not 1 <= asked.parallel <= MOST_PARALLEL:
        yield "parallel", f"must be 1 .. {MOST_PARALLEL}, not {asked.parallel}"
    if not 1 <= asked.seeds <= plan.MOST_TRIALS:
        yield "seeds", f"must be 1 .. {plan.MOST_TRIALS:,}, not {asked.seeds:,}"
    if not 0 <= asked.trials <= plan.MOST_TRIALS:
        yield "trials", f"must be 0 .. {plan.MOST_TRIALS:,}, not {asked.trials:,}"
    yield from _packing(asked)
    for name, number in (("budget", asked.budget), ("retries", asked.retries), ("stop_after", asked.stop_after)):
        if number < 0:
            yield name, f"must not be negative, {number:g} is"


def _packing(asked: Asked) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with how many runs a job is to carry out."""
    if not 1 <= asked.per_job <= plan.MOST_TRIALS:
        yield "per_job", f"must be 1 .. {plan.MOST_TRIALS:,}, not {asked.per_job:,}"
    elif asked.per_job > 1 and not is_slurm(str(asked.options.get("on", ""))):
        yield "per_job", "packs runs into jobs of Slurm: add --on slurm"
    elif asked.per_job > 1 and (asked.by == "tpe" or asked.budget or asked.stop_after):
        yield "per_job", "needs all runs to be submitted at once: leave out --by tpe, --budget and --stop-after"


def _spread(declared: Experiment, found: Sequence[Axis], fixed: Mapping[str, Any]) -> Iterator[Hyperparameters]:
    """Yield hyperparameters that have, together, each value of each axis; refused ones are left out."""
    varied = {name for axis in found for name in axis.fields}
    rest = {name: value for name, value in fixed.items() if name not in varied}
    settings = [dict(zip(axis.fields, values, strict=True)) for axis in found for values in axis.values]
    for setting in settings or [{}]:
        with contextlib.suppress(InvalidHyperparameters):  # is said of the whole combination
            yield declared.validate({**rest, **setting})


def _small(workspace: Workspace, declared: Experiment, spread: Iterable[Hyperparameters]) -> bool:
    """Tell whether all runs compute with small networks; a name that nothing answers to is refused elsewhere."""
    try:
        return all(resolving.small(workspace, declared, values) for values in spread)
    except PhospheneError:
        return False


def usual_metric(declared: Experiment, *, validated: bool = True) -> str:
    """Return the column by which trials are judged if nobody says otherwise: the headline, or its like in validation.

    What is chosen by its accuracy on test data looks better there than it is. Of an experiment that holds out images to
    validate, the best value of the same quantity on these is taken, if the runs do.
    """
    if declared.headline is None:
        return ""
    part, _, quantity = declared.headline.result.partition("/")
    held_out = f"validation/{quantity}"
    drawn = {name for group in declared.charts for name in group}
    if part != "test" or held_out not in drawn or not validated:
        return declared.headline.result
    return f"{'max' if declared.headline.better == 'higher' else 'min'} {held_out}"


def direction(declared: Experiment | None, metric: str) -> Better:
    """Return which values of a column are better.

    Raises:
        PhospheneError: if it is no column.
    """
    if not metric:
        return "neither"
    column = parse_column(metric)
    if column.figure in {"max", "min"} and not column.step:
        return "higher" if column.figure == "max" else "lower"
    return better(column.source, declared.headline if declared else None)


def _require_judged(declared: Experiment, asked: Asked, metric: str, better_values: Better) -> None:
    """Check that a search or a pruner has something to go by, and what it needs is installed.

    Raises:
        PhospheneError: saying which metric to name, or what to install.
    """
    what = "--by tpe" if asked.by == "tpe" else "--prune" if asked.prune else ""
    if not what:
        return
    if better_values == "neither":
        told = f"of {metric} neither high nor low values are better" if metric else "the experiment has no headline"
        raise PhospheneError(f"{what} needs a metric to judge by, and {told}: name one, as in --metric test/accuracy")
    drawn = [name for group in declared.charts for name in group]
    if asked.prune and parse_column(metric).source not in drawn:
        judged = [name for name in drawn if better(name, declared.headline) != "neither"]
        figure = {"higher": "max", "lower": "min"}
        hints = [f"--metric '{figure[better(name, declared.headline)]} {name}'" for name in judged]
        hint = f"write {' or '.join(hints)}" if judged else "leave it out"
        raise PhospheneError(f"--prune needs a metric with a curve, and {metric} is known at the end alone: {hint}")
    search.require(what)


def _require_ready(workspace: Workspace, declared: Experiment, record: SweepRecord) -> None:
    """Check every combination by the declaration, and look up what it names.

    Raises:
        InvalidHyperparameters: naming every field that is refused somewhere.
        PhospheneError: if something else hinders a launch, as that of a run does.
    """
    problems: dict[str, str] = {}
    settings = _spanning(record)
    for setting in settings:
        try:
            declared.validate({**record.fixed, **setting})
        except InvalidHyperparameters as error:
            problems = {**error.problems, **problems}
    if problems:
        raise InvalidHyperparameters(problems)
    errors: dict[str, PhospheneError] = {}
    for setting in settings if len(settings) <= CHECKED else settings[:1]:
        try:
            resolving.ready(workspace, declared, {**record.fixed, **setting}, record.options)
        except PhospheneError as error:
            if not error.problems:
                raise
            errors.setdefault(str(error), error)
    resolving.refuse(errors.values())


def _spanning(record: SweepRecord) -> list[dict[str, Any]]:
    """Return all combinations of a grid or of random search; of ranges that are searched, those of their ends."""
    if record.by != "tpe":
        return plan.combinations(record)
    ends = [axis.values if axis.range is None else ((axis.range.low,), (axis.range.high,)) for axis in record.axes]
    first = [values[0] for values in ends]
    star = [[*first[:at], value, *first[at + 1 :]] for at, values in enumerate(ends) for value in values]
    return [record.setting(tuple(one)) for one in star]


def _to_come(
    workspace: Workspace, declared: Experiment, record: SweepRecord, listed: Sequence[Listed]
) -> list[Mapping[str, Any]]:
    """Return the hyperparameters of each run that does not exist already.

    Where results choose what is run they are not known: those of a search are the ends of its ranges in turn.
    """
    if record.by == "tpe":
        every = itertools.cycle(_spanning(record))
        return [{**record.fixed, **next(every)} for _ in range(plan.total(record))]
    earlier = Earlier(listed, declared)
    if not earlier:  # and so nobody asks what they mean
        return [{**record.fixed, **cell.setting} for cell in plan.cells(record)]
    found: list[Mapping[str, Any]] = []
    for cell in plan.cells(record):
        values, _ = resolving.resolved(workspace, declared.validate({**record.fixed, **cell.setting}))
        written = values.model_dump(mode="json")
        if not record.reuse or earlier.equal(written, cell.seed) is None:
            found.append(written)
    return found
