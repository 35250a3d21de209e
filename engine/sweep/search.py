"""What Optuna does for a sweep, by ask and tell in memory: TPE, pruning, importance. It stores nothing. No torch."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import math
import warnings
import zlib
from typing import TYPE_CHECKING, Any

from engine.errors import PhospheneError
from engine.selection.values import comparable
from engine.sweep.trials import ACTIVE, cell_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.sweep.axes import Axis
    from engine.sweep.record import SweepRecord
    from engine.sweep.trials import Trial

STARTUP = {"tpe": 10, "prune": 5}
"""Finished trials before which TPE draws at random, and nothing is pruned."""
PERCENTILE = {"median": 50.0, "percentile": 25.0}
"""Of the finished trials, the best per cent that a trial must be among to go on."""
FEWEST_FOR_IMPORTANCE = 20
MOST_FOR_IMPORTANCE = 1_000
"""Combinations whose importance is worked out, at most: of more, those of equal distances in their order."""


def require(what: str) -> None:
    """Check that Optuna is installed.

    Raises:
        PhospheneError: saying how to install it.
    """
    if importlib.util.find_spec("optuna") is None:
        raise PhospheneError(f"{what} needs Optuna: pip install 'phosphene[sweep]'")


@contextlib.contextmanager
def _quiet() -> Iterator[Any]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield optuna


def _distribution(optuna: Any, axis: Axis) -> Any:
    """Return the distribution of an axis: a range, the places of ordered values, or the names of others."""
    distributions = optuna.distributions
    if axis.range is not None and not axis.range.step:
        kind = distributions.IntDistribution if axis.range.whole else distributions.FloatDistribution
        return kind(axis.range.low, axis.range.high, log=axis.range.log)
    count = len(axis.options())
    if axis.ordered:
        return distributions.IntDistribution(0, count - 1)
    return distributions.CategoricalDistribution([*map(str, range(count))])


def _places(axis: Axis) -> list[tuple[Any, ...]]:
    """Return the values of an axis in the order of their places: rising where they have an order."""
    return sorted(axis.options()) if axis.ordered else [*axis.options()]


def _told(axis: Axis, setting: Mapping[str, Any]) -> Any:
    """Return what an axis' values in a setting are called in its distribution."""
    values = tuple(setting[name] for name in axis.fields)
    if axis.range is not None and not axis.range.step:
        return values[0]
    place = _place_of(axis).get(comparable(list(values)))
    if place is None:
        raise ValueError(f"{values} is none of the values of {axis.name}")
    return place if axis.ordered else str(place)


@functools.lru_cache(64)
def _place_of(axis: Axis) -> dict[Any, int]:
    return {comparable(list(values)): place for place, values in enumerate(_places(axis))}


def _asked(axis: Axis, answer: Any) -> tuple[Any, ...]:
    """Return the values of an axis that an answer means."""
    if axis.range is None or axis.range.step:
        return _places(axis)[int(answer)]
    return (answer,) if axis.range.whole else (min(axis.range.high, max(axis.range.low, float(f"{answer:.6g}"))),)


def _direction(record: SweepRecord) -> str:
    return "minimize" if record.better == "lower" else "maximize"


def _by_setting(trials: Sequence[Trial]) -> list[list[Trial]]:
    found: dict[Any, list[Trial]] = {}
    for trial in trials:
        found.setdefault(cell_key(trial.setting, 0), []).append(trial)
    return [*found.values()]


class Tpe:
    """The tree-structured Parzen estimator (Bergstra et al. 2011), as Optuna has it.

    What it answers depends on the sweep, the number of the combination and the trials that have ended; so a controller
    that was killed is answered the same when it asks again.
    """

    def __init__(self, record: SweepRecord) -> None:
        require("--by tpe")
        self._record = record

    def ask(self, number: int, redraw: int, trials: Sequence[Trial]) -> dict[str, Any]:
        """Return the values on the axes of the ``number``-th combination, from 0; others for each ``redraw``."""
        with _quiet() as optuna:
            seed = zlib.crc32(f"{self._record.id}/{number}/{redraw}".encode())
            sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP["tpe"], constant_liar=True)
            study = optuna.create_study(direction=_direction(self._record), sampler=sampler)
            distributions = {axis.name: _distribution(optuna, axis) for axis in self._record.axes}
            study.add_trials(told(self._record, optuna, distributions, trials))
            asked = study.ask(distributions).params
            return self._record.setting(tuple(_asked(axis, asked[axis.name]) for axis in self._record.axes))


def told(record: SweepRecord, optuna: Any, distributions: Mapping[str, Any], trials: Sequence[Trial]) -> list[Any]:
    """Return what Optuna is told of each combination: the mean over its seeds, or that it failed or goes on.

    Those that do not lie on the axes as they are now, because the step of a range was changed, are left out.
    """
    states = optuna.trial.TrialState
    found = []
    for own in _by_setting(trials):
        values = [trial.value for trial in own if trial.state == "finished" and trial.value is not None]
        going = any(trial.state in ACTIVE or trial.state in {"reserved", "crashed"} for trial in own)
        state = states.RUNNING if going else states.COMPLETE if values else states.FAIL
        with contextlib.suppress(ValueError):
            found.append(
                optuna.trial.create_trial(
                    state=state,
                    value=sum(values) / len(values) if state == states.COMPLETE else None,
                    params={axis.name: _told(axis, own[0].setting) for axis in record.axes},
                    distributions=dict(distributions),
                )
            )
    return found


Curve = dict[int, float]
"""The metric of a run by whole epochs, or by per cent of its steps where it counts no epochs."""


def sampler(record: SweepRecord) -> Tpe | None:
    """Return what chooses a sweep's combinations by their results; None where they are known beforehand.

    Raises:
        PhospheneError: if Optuna is needed and missing.
    """
    return Tpe(record) if record.by == "tpe" else None


def doomed(record: SweepRecord, own: Curve, finished: Sequence[Curve], place: str) -> str:
    """Return why a run is given up: worse so far than others were at the same epoch; the empty string if it is not.

    Args:
        record: what was asked for.
        own: what the run has reached so far.
        finished: the same of the trials that have finished.
        place: how a place on the curves is written, as in ``epoch {}``.
    """
    if len(finished) < STARTUP["prune"] or not own:
        return ""
    with _quiet() as optuna:
        states = optuna.trial.TrialState
        study = optuna.create_study(direction=_direction(record))
        for curve in finished:
            study.add_trial(
                optuna.trial.create_trial(
                    state=states.COMPLETE, value=[*curve.values()][-1], intermediate_values=_finite(curve)
                )
            )
        least = STARTUP["prune"]
        pruner = optuna.pruners.PercentilePruner(PERCENTILE[record.prune], least, n_warmup_steps=1, n_min_trials=least)
        trial = optuna.trial.create_trial(state=states.RUNNING, intermediate_values=_finite(own))
        if not pruner.prune(study, trial):
            return ""
    at = max(own)
    best = f"the best {PERCENTILE[record.prune]:.0f} %"
    return f"{record.metric} was {own[at]:.4g} at {place.format(at)}, not among {best} of {len(finished)} others"


def _finite(curve: Curve) -> Curve:
    return {at: value for at, value in curve.items() if math.isfinite(value)}


def importance(record: SweepRecord, trials: Sequence[Trial]) -> dict[str, float]:
    """Return how much of the difference between good and other combinations each axis explains, in [0, 1].

    That is PED-ANOVA (Watanabe et al. 2023). Nothing if Optuna is missing, or fewer than `FEWEST_FOR_IMPORTANCE`
    combinations have a value, or there is but one axis.
    """
    if importlib.util.find_spec("optuna") is None or len(record.axes) < 2:
        return {}
    with _quiet() as optuna:
        distributions = {axis.name: _distribution(optuna, axis) for axis in record.axes}
        complete, every = optuna.trial.TrialState.COMPLETE, _by_setting(trials)
        some = every[:: -(-len(every) // MOST_FOR_IMPORTANCE) or 1]
        given = told(record, optuna, distributions, [trial for own in some for trial in own])
        done = [trial for trial in given if trial.state == complete]
        if len(done) < FEWEST_FOR_IMPORTANCE:
            return {}
        study = optuna.create_study(direction=_direction(record))
        study.add_trials(done)
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        found = optuna.importance.get_param_importances(study, evaluator=evaluator, normalize=True)
    return {name: float(value) for name, value in found.items()}
