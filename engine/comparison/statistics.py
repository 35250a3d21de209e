"""What a few seeds say: means with their intervals, differences of means, and what chance alone could do.

Results of seeds are taken as independent draws of one normal distribution a group, as Student's t supposes.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LEVEL = 0.95
"""How often an interval holds what it is for."""
MOST_SEEDS = 10_000
"""Beyond which no number of further seeds is given."""


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of ``n`` values, and how far it is known.

    Attributes:
        n: how many values are finite; only those count.
        mean: NaN if there are none.
        low: end of the interval; for two values the smaller one, for one value NaN.
        high: the other end.
        left_out: how many values were not finite.
    """

    n: int
    mean: float
    low: float = math.nan
    high: float = math.nan
    left_out: int = 0

    @property
    def half(self) -> float:
        """Half the width of the interval; NaN for fewer than three values, which have none."""
        return (self.high - self.low) / 2 if self.n > 2 else math.nan

    @property
    def still(self) -> bool:
        """Whether several values are all the same: the seeds change nothing, and tell nothing of chance."""
        return self.n > 1 and self.low == self.high


@dataclass(frozen=True, slots=True)
class Difference:
    """How far the mean of one group lies above that of another, with the ends of its interval.

    Attributes:
        difference: of the means.
        low: end of the interval; NaN where a group has a single value.
        high: the other end.
        further: how many further seeds in each group would halve the interval; 0 where that cannot be said.
        chance: with which probability all values of one group lie beyond all of the other where nothing differs but
            chance: in the direction seen.
        apart: whether they do lie so.
        still: whether the values of each group are all the same: the seeds change nothing, and tell nothing of chance.
    """

    difference: float
    low: float
    high: float
    further: int
    chance: float
    apart: bool
    still: bool = False

    @property
    def clear(self) -> bool:
        """Whether the interval leaves zero out; not where the seeds change nothing, so that it has no width."""
        return not self.still and (self.low > 0 or self.high < 0)


def mean(values: Sequence[float], level: float = LEVEL) -> Mean:
    """Return the mean of values with Student's t-interval (Student 1908, "The probable error of a mean").

    One value has no interval. Two have their range: a t-interval of one degree of freedom is 12.7 standard errors
    to each side and says nothing.
    """
    finite = [value for value in values if math.isfinite(value)]
    count, left_out = len(finite), len(values) - len(finite)
    if not finite:
        return Mean(0, math.nan, left_out=left_out)
    (scaled,), scale = _scaled(finite)
    centre = scale * statistics.fmean(scaled)
    if count == 1:
        return Mean(1, centre, left_out=left_out)
    if count == 2:
        return Mean(2, centre, min(finite), max(finite), left_out)
    half = scale * quantile(level, count - 1) * statistics.stdev(scaled) / math.sqrt(count)
    return Mean(count, centre, centre - half, centre + half, left_out)


def difference(ones: Sequence[float], others: Sequence[float], level: float = LEVEL) -> Difference | None:
    """Return the difference of two means with Welch's interval; None if a group has no finite value.

    The degrees of freedom are Satterthwaite's (Welch 1947, "The generalization of Student's problem when several
    different population variances are involved").
    """
    one, other = ([value for value in values if math.isfinite(value)] for values in (ones, others))
    if not one or not other:
        return None
    chance = chance_all_better(len(one), len(other))
    apart = min(one) > max(other) or max(one) < min(other)
    (one, other), scale = _scaled(one, other)
    above = scale * (statistics.fmean(one) - statistics.fmean(other))
    if len(one) < 2 or len(other) < 2:
        return Difference(above, math.nan, math.nan, 0, chance, apart)
    variances = statistics.variance(one), statistics.variance(other)
    half = _welch(variances, (len(one), len(other)), level)
    further = _further(variances, (len(one), len(other)), half / 2, level)
    still = not any(variances)
    return Difference(above, above - scale * half, above + scale * half, further, chance, apart, still)


def chance_all_better(one: int, other: int) -> float:
    """Return the probability that all of ``one`` values are better than all of ``other`` ones by chance alone.

    Of the ways to share the ranks between the groups, all equally likely, one is this: 1 / C(one + other, one), the
    smallest p-value that the rank sum test of Wilcoxon (1945) can give, one-sided.
    """
    return 1 / math.comb(one + other, one)


def further_seeds(values: Sequence[float], level: float = LEVEL) -> int:
    """Return how many further values would halve the interval of a mean, if they scatter as these; 0 if unknown."""
    finite = [value for value in values if math.isfinite(value)]
    count = len(finite)
    if count < 3 or statistics.stdev(finite) == 0:
        return 0
    half = quantile(level, count - 1) / math.sqrt(count)
    return _fewest(lambda more: quantile(level, count + more - 1) / math.sqrt(count + more) <= half / 2)


def _scaled(*groups: Sequence[float]) -> tuple[list[list[float]], float]:
    """Return values as parts of the largest magnitude, and that: squares of parts do not leave the range of floats."""
    scale = max(abs(value) for values in groups for value in values) or 1.0
    return [[value / scale for value in values] for values in groups], scale


def _further(variances: tuple[float, float], counts: tuple[int, int], half: float, level: float) -> int:
    if half == 0:
        return 0
    return _fewest(lambda more: _welch(variances, (counts[0] + more, counts[1] + more), level) <= half)


def _fewest(enough: Callable[[int], bool]) -> int:
    """Return the smallest number that is enough, where every larger one is too; 0 if it is out of reach."""
    high = 1
    while not enough(high):
        high *= 2
        if high > MOST_SEEDS:
            return 0
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _welch(variances: tuple[float, float], counts: tuple[int, int], level: float) -> float:
    """Return half the width of Welch's interval."""
    parts = [variance / count for variance, count in zip(variances, counts, strict=True)]
    total = sum(parts)
    if total == 0:
        return 0.0
    # Shares of the total, so that neither tiny nor huge variances leave the range of floats when they are squared.
    freedom = 1 / sum((part / total) ** 2 / (count - 1) for part, count in zip(parts, counts, strict=True))
    return quantile(level, freedom) * math.sqrt(total)


def quantile(level: float, freedom: float) -> float:
    """Return how many standard errors an interval of Student's t reaches to each side."""
    # Late, and not scipy.stats, whose import takes longer than a comparison.
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))
