"""Which runs a sweep is to have, and in which order; what they will cost, by earlier runs."""

from __future__ import annotations

import itertools
import math
import random
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from engine.errors import PhospheneError
from engine.sweep.order import coarse_first
from engine.sweep.trials import cell_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from engine.sweep.axes import Axis
    from engine.sweep.record import SweepRecord
    from engine.sweep.trials import Trial

MOST_TRIALS = 100_000
ASKED_AGAIN = 20
"""How often a search is asked again whose answers were tried already, after which its axes count as used up."""
REDRAWS = 200
"""Draws in which random search finds no new combination, after which it counts its axes as used up."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A run that a sweep is to have: the values on its axes by field, and the seed."""

    setting: Mapping[str, Any]
    seed: int

    @property
    def key(self) -> Any:
        """What no two cells share."""
        return cell_key(self.setting, self.seed)


class Asked(Protocol):
    """Chooses combinations by what came of earlier ones."""

    def ask(self, number: int, redraw: int, trials: Sequence[Trial]) -> dict[str, Any]:
        """Return the values on the axes of the ``number``-th combination, from 0; others for each ``redraw``."""


def combinations(record: SweepRecord) -> list[dict[str, Any]]:
    """Return the combinations of a grid, or those that random search draws, in their order.

    Raises:
        PhospheneError: if an axis needs a step, or there are too many.
    """
    total(record)
    if record.by == "random":
        return list(itertools.islice(_drawn(record, ()), record.trials))
    found = coarse_first(record.axes)
    return [record.setting(values) for values in (found[: record.trials] if record.trials else found)]


def size(axes: Sequence[Axis]) -> int:
    """Return how many combinations the grid of some axes has.

    Raises:
        PhospheneError: if one of them needs a step.
    """
    try:
        return math.prod(len(axis.options()) for axis in axes)
    except ValueError as error:
        raise PhospheneError(str(error)) from None


def _drawn(record: SweepRecord, there: Collection[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield further combinations drawn from the axes, none equal to another; the n-th depends on the sweep's id and n.

    Args:
        record: what is asked for.
        there: the combinations that were drawn already.
    """
    known = {cell_key(setting, 0) for setting in there}
    for number in itertools.count(len(known)):
        for redraw in range(REDRAWS):
            generator = random.Random(f"{record.id}/{number}/{redraw}")
            values = tuple(
                generator.choice(axis.values) if axis.range is None else (axis.range.draw(generator),)
                for axis in record.axes
            )
            setting = record.setting(values)
            if (key := cell_key(setting, 0)) not in known:
                known.add(key)
                yield setting
                break
        else:
            return


def cells(record: SweepRecord) -> list[Cell]:
    """Return the runs of a grid or of random search: the first seed of all combinations, then the second; see above."""
    found = combinations(record)
    return [Cell(setting, seed) for seed in record.seeds for setting in found]


def missing(
    record: SweepRecord, planned: Sequence[Cell], trials: Sequence[Trial], sampler: Asked | None
) -> Iterator[Cell]:
    """Yield the runs that are to be intended next.

    Args:
        record: what is asked for.
        planned: the cells of a grid.
        trials: all there are.
        sampler: of a search that depends on results; it is asked for one combination at a time, and all seeds of one
            come before the next.
    """
    there = {trial.key for trial in trials}
    settings = {cell_key(trial.setting, 0): trial.setting for trial in trials}
    if record.by == "random":
        further = itertools.islice(_drawn(record, settings.values()), max(0, record.trials - len(settings)))
        every = [*settings.values(), *further]
        planned = [Cell(setting, seed) for seed in record.seeds for setting in every]
    if sampler is None:
        yield from (cell for cell in planned if cell.key not in there)
        return
    for setting in settings.values():
        for seed in record.seeds:
            cell = Cell(setting, seed)
            if cell.key not in there:
                yield cell
    for number in range(len(settings), record.trials):
        asked = (sampler.ask(number, redraw, trials) for redraw in range(ASKED_AGAIN))
        new = next((setting for setting in asked if cell_key(setting, 0) not in settings), None)
        if new is None:
            return
        settings[cell_key(new, 0)] = new
        yield from (Cell(new, seed) for seed in record.seeds)


def total(record: SweepRecord) -> int:
    """Return how many runs a sweep is to have; random search ends earlier where it finds no new combination.

    Raises:
        PhospheneError: if an axis of a grid needs a step, or there are too many.
    """
    if record.by == "tpe" or (record.by == "random" and not all(map(_enumerable, record.axes))):
        count = record.trials
    else:
        there = size(record.axes)
        count = min(there, record.trials or there)
    if count * len(record.seeds) > MOST_TRIALS:
        raise PhospheneError(
            f"that makes {count * len(record.seeds):,} runs, and {MOST_TRIALS:,} are the most: "
            "take fewer values, or --by random --trials 100"
        )
    return count * len(record.seeds)


def _enumerable(axis: Axis) -> bool:
    return axis.range is None or bool(axis.range.step)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A sum over runs to come, from what earlier ones took.

    Attributes:
        value: expected.
        low: lower end of the 95 % interval for the sum, at least 0.
        high: its upper end.
        n: how many earlier runs it stands on.
    """

    value: float
    low: float
    high: float
    n: int


FEWEST = 3
"""Earlier runs without which nothing is said of those to come."""


def estimate(kinds: Sequence[tuple[Sequence[float], int]]) -> Estimate | None:
    """Return the sum that further runs will come to.

    The interval is that of a sum of new observations: it holds both their scatter and the doubt about the means. Of
    several kinds of runs, the one with the fewest earlier ones says how many degrees of freedom Student's t has, so
    that the interval is rather too wide.

    Args:
        kinds: of each kind of run what the earlier ones took, and how many are to come.

    Returns:
        None if none are to come, or fewer than `FEWEST` earlier ones tell of some kind.
    """
    kinds = [(earlier, runs) for earlier, runs in kinds if runs]
    if not kinds or any(len(earlier) < FEWEST for earlier, _ in kinds):
        return None
    from scipy import stats

    value = sum(runs * statistics.fmean(earlier) for earlier, runs in kinds)
    variance = sum(statistics.variance(earlier) * (runs + runs**2 / len(earlier)) for earlier, runs in kinds)
    fewest = min(len(earlier) for earlier, _ in kinds)
    half = float(stats.t.ppf(0.975, fewest - 1)) * math.sqrt(variance)
    return Estimate(value, max(0.0, value - half), value + half, sum(len(earlier) for earlier, _ in kinds))
