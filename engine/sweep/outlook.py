"""What a sweep has come to: combinations with their means, the tables made of them, and remarks. Opens no log."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine import wording
from engine.comparison import statistics
from engine.comparison.sheets import BEST, Sheet
from engine.comparison.statements import interval
from engine.selection.values import comparable, rank
from engine.sweep import search
from engine.sweep.trials import ACTIVE, TrialState, cell_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.sweep.record import SweepRecord
    from engine.sweep.trials import Trial

ORDER: tuple[TrialState, ...] = (
    "finished",
    "running",
    "queued",
    "reserved",
    "crashed",
    "failed",
    "pruned",
    "stopped",
    "removed",
)
"""The states of trials as they are counted."""
OFTEN = 3
"""Beginnings of a run, more of which are told."""
FAILURES = 3
"""How many failed trials are told with their reason."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One combination of the axes' values.

    Attributes:
        setting: the values, by field.
        trials: its runs, one a seed.
        mean: of the metric over those that have finished; None if none has.
        best: whether no other combination has a better mean.
    """

    setting: Mapping[str, Any]
    trials: tuple[Trial, ...]
    mean: statistics.Mean | None
    best: bool = False

    def results(self, name: str) -> statistics.Mean | None:
        """Return the mean of a result of its finished runs; None if none has it."""
        values = [
            trial.status.result[name]
            for trial in self.trials
            if trial.state == "finished" and trial.status is not None and name in trial.status.result
        ]
        return statistics.mean(values) if values else None


def outcomes(record: SweepRecord, trials: Sequence[Trial]) -> list[Outcome]:
    """Return the combinations that were begun, the best mean first, those without a mean last."""
    own: dict[Any, list[Trial]] = {}
    for trial in trials:
        own.setdefault(cell_key(trial.setting, 0), []).append(trial)
    found = []
    for members in own.values():
        values = [trial.value for trial in members if trial.state == "finished" and trial.value is not None]
        found.append(Outcome(members[0].setting, tuple(members), statistics.mean(values) if values else None))
    known = [one for one in found if math.isfinite(_mean(one))]
    rest = [one for one in found if not math.isfinite(_mean(one))]
    if record.better == "neither":
        return [*known, *rest]
    known.sort(key=_mean, reverse=record.better == "higher")
    top = _mean(known[0]) if len(known) > 1 else math.nan
    return [
        *(Outcome(one.setting, one.trials, one.mean, best=_mean(one) == top) for one in known),
        *rest,
    ]


def best(record: SweepRecord, trials: Sequence[Trial]) -> dict[str, float]:
    """Return the best mean of the metric by its name; nothing if there is none."""
    found = outcomes(record, trials)
    return {record.metric: _mean(found[0])} if found and record.better != "neither" and found[0].mean else {}


def _mean(outcome: Outcome) -> float:
    return outcome.mean.mean if outcome.mean is not None else math.nan


def counted(trials: Sequence[Trial], total: int) -> str:
    """Say how many trials are in which state: ``27 finished, 2 running, 1 failed; 3 to come``."""
    counts: Counter[TrialState] = Counter(trial.state for trial in trials)
    said = ", ".join(f"{counts[state]:,} {state}" for state in ORDER if counts[state])
    reused = sum(trial.reused for trial in trials)
    said += f" ({reused:,} of them had been run before)" if reused else ""
    left = total - len(trials)
    return "; ".join(part for part in (said, f"{left:,} to come" if left > 0 else "") if part) or "nothing begun"


def results_of(trials: Sequence[Trial], metric: str) -> list[str]:
    """Return the names of the results of finished runs, without the metric, in the order of the first that has any."""
    names = dict.fromkeys(
        name for trial in trials if trial.state == "finished" and trial.status for name in trial.status.result
    )
    return [name for name in names if name != metric]


def groups(record: SweepRecord, trials: Sequence[Trial], total: int, results: Sequence[str] = ()) -> Sheet:
    """Return a row for each combination: its values, the mean of the metric and of further results, what is missing."""
    head, rows = table(record, outcomes(record, trials), results)
    return Sheet(head, rows, (f"{counted(trials, total)}.".capitalize(), *remarks(record, trials)))


def table(
    record: SweepRecord, found: Sequence[Outcome], results: Sequence[str]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the heads of the columns of combinations, and their rows."""
    head = (*record.fields, record.metric or "finished", *results, "runs")
    rows = []
    for one in found:
        values = [wording.setting(one.setting[name]) for name in record.fields]
        mean = f"{interval(one.mean)}{BEST if one.best else ''}"
        if not record.metric:
            mean = str(sum(trial.state == "finished" for trial in one.trials))
        rows.append((*values, mean, *(interval(one.results(name)) for name in results), _states(one.trials)))
    return head, tuple(rows)


def _states(trials: Sequence[Trial]) -> str:
    """Say in which states some runs are, but for those that have finished; the ids of these."""
    counts: Counter[TrialState] = Counter(trial.state for trial in trials if trial.state != "finished")
    done = " ".join(wording.short_id(trial.run) for trial in trials if trial.state == "finished")
    others = ", ".join(f"{counts[state]} {state}" for state in ORDER if counts[state])
    return "; ".join(part for part in (done, others) if part)


def runs(record: SweepRecord, trials: Sequence[Trial]) -> Sheet:
    """Return a row for each run with all its results as plain figures, for programs that read CSV."""
    results = [name for name in results_of(trials, record.metric) if name not in record.fields]
    head = ("trial", "run", "state", *record.fields, "seed", *([record.metric] if record.metric else []), *results)
    rows = []
    for trial in trials:
        own = trial.status.result if trial.status else {}
        value = [] if not record.metric else ["" if trial.value is None else repr(trial.value)]
        values = [wording.setting(trial.setting[name]) for name in record.fields]
        cells = [repr(own[name]) if name in own else "" for name in results]
        rows.append((str(trial.number), trial.run, trial.state, *values, str(trial.seed), *value, *cells))
    return Sheet(head, tuple(rows))


def pivot(record: SweepRecord, trials: Sequence[Trial], row: str, column: str) -> Sheet:
    """Return the mean of the metric for each pair of values of two fields, over all other fields and seeds."""
    cells: dict[Any, list[float]] = {}
    shown: dict[Any, Any] = {}
    for trial in trials:
        keys = tuple(comparable(trial.setting[name]) for name in (row, column))
        shown |= dict(zip(keys, (trial.setting[row], trial.setting[column]), strict=True))
        if trial.state == "finished" and trial.value is not None:
            cells.setdefault(keys, []).append(trial.value)
    places = [
        sorted({comparable(trial.setting[name]) for trial in trials}, key=lambda key: rank(shown[key]))
        for name in (row, column)
    ]
    body = tuple(
        (
            wording.setting(shown[one]),
            *(interval(statistics.mean(cells[one, other]) if (one, other) in cells else None) for other in places[1]),
        )
        for one in places[0]
    )
    others = [name for name in record.fields if name not in {row, column}]
    over = f", over all values of {', '.join(others)}" if others else ""
    head = (f"{row} \\ {column}", *(wording.setting(shown[key]) for key in places[1]))
    return Sheet(head, body, (f"The cells are {record.metric}{over}.",))


def remarks(record: SweepRecord, trials: Sequence[Trial]) -> list[str]:
    """Return what the results suggest: axes to widen, axes that matter, what has failed and why."""
    said = []
    found = outcomes(record, trials)
    bests = [one for one in found if one.best]
    if len(bests) > 1:
        said.append(f"{len(bests)} combinations share the best {record.metric}: {interval(bests[0].mean)}.")
    elif bests:
        best = bests[0]
        setting = ", ".join(f"{name} {wording.setting(value)}" for name, value in best.setting.items())
        said.append(f"The best {record.metric} so far is {interval(best.mean)}, with {setting}.")
        if best.mean is not None and best.mean.n < 3:
            said.append(f"It stands on {best.mean.n} seed{'s' if best.mean.n > 1 else ''}: that can be chance.")
        if record.metric.rpartition(" ")[2].startswith("test/") and len(found) > 1:
            said.append("It was chosen on test data, which makes it look better than it is there.")
        said += [
            f"The best lies on the edge of {name} ({wording.setting(best.setting[name])}): widen it."
            for name in edges(record, trials, best)
        ]
    finished = [trial for trial in trials if trial.state == "finished"]
    if record.metric and finished and all(trial.value is None for trial in finished):
        others = ", ".join(results_of(trials, record.metric)) or "none"
        said.append(f"No finished run has {record.metric} to judge by; other results are: {others}.")
    if weights := search.importance(record, trials):
        ranked = sorted(weights.items(), key=lambda pair: -pair[1])
        shares = ", ".join(f"{name} {share:.0%}" for name, share in ranked)
        said.append(f"Of what sets good combinations apart, the axes explain (PED-ANOVA): {shares}.")
    again = sorted((trial for trial in trials if trial.attempts > OFTEN), key=lambda one: -one.attempts)
    said += [
        f"Trial {trial.number} has been begun {trial.attempts:,} times: phosphene show {trial.run} says why."
        for trial in again[:FAILURES]
    ]
    failed = [trial for trial in trials if trial.state == "failed"]
    said += [f"Trial {trial.number} ({trial.run}) failed: {trial.reason}." for trial in failed[:FAILURES]]
    if len(failed) > FAILURES:
        said.append(f"And {len(failed) - FAILURES:,} more failed.")
    return said


def edges(record: SweepRecord, trials: Sequence[Trial], best: Outcome) -> list[str]:
    """Return the fields of numbers, of three values or a range, at whose smallest or largest value the best one lies.

    Of a range that was searched, a tenth of it at either end counts as its edge.
    """
    found = []
    for axis in record.axes:
        if not axis.ordered:
            continue
        name = axis.fields[0]
        value = best.setting[name]
        if axis.range is not None and not axis.range.step and record.by != "grid":
            low, high, at = axis.range.low, axis.range.high, value
            if axis.range.log:
                low, high, at = math.log(low), math.log(high), math.log(at)
            on_edge = not low + 0.1 * (high - low) <= at <= high - 0.1 * (high - low)
        else:
            tried = {trial.setting[name] for trial in trials if trial.state == "finished"}
            on_edge = len(tried) > 2 and value in {min(tried), max(tried)}
        if on_edge:
            found.append(name)
    return found


def document(record: SweepRecord, trials: Sequence[Trial], total: int, state: str, reason: str) -> dict[str, Any]:
    """Return everything of a sweep as plain values, for scripts."""
    return {
        "id": record.id,
        "name": record.name,
        "state": state,
        "reason": reason,
        "experiment": record.experiment,
        "axes": [str(axis) for axis in record.axes],
        "asked": record.to_json(),
        "total": total,
        "over": sum(trial.state not in ACTIVE and trial.state != "reserved" for trial in trials),
        "trials": [
            {
                "number": trial.number,
                "run": trial.run,
                "state": trial.state,
                "reason": trial.reason,
                "setting": dict(trial.setting),
                "seed": trial.seed,
                "value": trial.value,
                "result": trial.status.result if trial.status else {},
                "reused": trial.reused,
            }
            for trial in trials
        ],
        "outcomes": [
            {
                "setting": dict(one.setting),
                "runs": [trial.run for trial in one.trials],
                "mean": None if one.mean is None else one.mean.mean,
                "low": None if one.mean is None else one.mean.low,
                "high": None if one.mean is None else one.mean.high,
                "n": 0 if one.mean is None else one.mean.n,
                "best": one.best,
            }
            for one in outcomes(record, trials)
        ],
        "remarks": remarks(record, trials),
    }
