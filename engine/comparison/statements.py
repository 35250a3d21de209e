"""A comparison in words and cells: a mean with its interval, and what the seeds prove."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from engine import wording
from engine.comparison import statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.comparison.comparison import Comparison
    from engine.comparison.groups import Group
    from engine.comparison.statistics import Difference, Mean
    from engine.selection.columns import Column


def rounded(value: float, uncertainty: float) -> str:
    """Write a value to two digits of its uncertainty; with four significant digits where there is none."""
    if not (math.isfinite(uncertainty) and math.isfinite(value) and uncertainty > 0):
        return wording.figure(value)
    places = 1 - math.floor(math.log10(uncertainty))
    if places > 12 or abs(value) >= 1e15:
        return f"{value:.4g}"
    return f"{round(value, places):.{max(0, places)}f}"


def interval(mean: Mean | None) -> str:
    """Write a mean as ``mean ± interval (n)``, the range of two as ``mean [low, high] (2)``, one value as it is.

    Of equal values it is said that they are: an interval of no width would promise what they cannot.
    """
    if mean is None:
        return ""
    count = f"({mean.n} of {mean.n + mean.left_out})" if mean.left_out else f"({mean.n})"
    if mean.still:
        return f"{wording.figure(mean.mean)} {count[:-1]} equal)"
    if mean.n == 2:
        spread = mean.high - mean.low
        low, high = (rounded(end, spread) for end in (mean.low, mean.high))
        return f"{rounded(mean.mean, spread)} [{low}, {high}] {count}"
    if mean.n < 2:
        return f"{wording.figure(mean.mean)} {count}"
    return f"{rounded(mean.mean, mean.half)} ± {rounded(mean.half, mean.half)} {count}"


def signed(found: Difference | None) -> str:
    """Write a difference from the baseline with the ends of its interval, where it has one."""
    if found is None:
        return ""
    half = (found.high - found.low) / 2
    value = rounded(found.difference, half)
    sign = "" if value.startswith("-") else "+"
    if math.isnan(half) or found.still:
        return f"{sign}{value}"
    return f"{sign}{value} [{rounded(found.low, half)}, {rounded(found.high, half)}]"


def statements(comparison: Comparison, column: Column) -> list[str]:
    """Return sentences on what the seeds prove of one column.

    With a baseline every group is compared with it, without one the best with the next, or the first two. Of a single
    group it is said how many seeds would halve its interval.
    """
    groups = [group for group in comparison.groups if _finite(comparison, group, column)]
    if len(groups) < 2:
        further = statistics.further_seeds(_finite(comparison, groups[0], column)) if groups else 0
        return [f"{column}: {_seeds(further, 'further ')} would halve the interval."] if further else []
    said = []
    for one, other in _pairs(comparison, groups, column):
        said += _sentences(comparison, column, one, other)
    count = math.comb(len(groups), 2)
    if count > 1:
        said.append(f"{len(groups)} groups make {count} pairs; of many pairs some look different by chance alone.")
    return said


def _finite(comparison: Comparison, group: Group, column: Column) -> list[float]:
    return [value for value in comparison.values(group, column) if math.isfinite(value)]


def _pairs(comparison: Comparison, groups: Sequence[Group], column: Column) -> list[tuple[Group, Group]]:
    base = comparison.baseline
    if base in groups:
        return [(group, base) for group in groups if group is not base and base is not None]
    if comparison.direction(column) == "neither":
        return [(groups[0], groups[1])]
    lower = comparison.direction(column) == "lower"
    means = [(statistics.mean(_finite(comparison, group, column)).mean, place) for place, group in enumerate(groups)]
    first, second = (groups[place] for _, place in itertools.islice(sorted(means, reverse=not lower), 2))
    return [(first, second)]


def _sentences(comparison: Comparison, column: Column, one: Group, other: Group) -> list[str]:
    ones, others = (_finite(comparison, group, column) for group in (one, other))
    found = statistics.difference(ones, others)
    if found is None:
        return []
    where = "above" if found.difference > 0 else "below"
    half = (found.high - found.low) / 2
    apart = f"{one.caption} lies {rounded(abs(found.difference), half)} {where} {other.caption}"
    if found.difference == 0:
        apart = f"{one.caption} equals {other.caption}"
    counts = f"{len(ones)} against {_seeds(len(others))}"
    if math.isnan(found.low):
        return [f"{column}: {apart}, {counts}: a single run has no interval, so this proves nothing; add seeds."]
    if found.still:
        return [
            f"{column}: {apart}, {counts}: the seeds change neither, so they tell nothing of chance; other data may."
        ]
    ends = f"{rounded(found.low, half)} to {rounded(found.high, half)}"
    verdict = "zero is outside" if found.clear else "zero is inside, so the sign is not known"
    said = [f"{column}: {apart} (95 % interval of the difference {ends}, {counts}): {verdict}."]
    if found.apart:
        odds = round(1 / found.chance)
        said.append(f"All {len(ones)} lie {where} all {len(others)}; chance alone does that once in {odds:,}.")
    if found.further:
        said.append(f"{_seeds(found.further, 'further ')} in each group would halve the interval.")
    return said


def _seeds(count: int, more: str = "") -> str:
    return f"{count:,} {more}seed{'' if count == 1 else 's'}"
