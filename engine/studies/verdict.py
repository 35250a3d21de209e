"""Published beside measured: whether a published value is one that a further run of ours could have given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.comparison import statistics
from engine.declaration import better

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.studies.study import Published

Verdict = Literal["inside", "outside", "cannot tell", "not judged"]
FEWEST = 3
"""Measured runs without which nothing can be told."""
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Judged:
    """A published value and what was measured.

    Attributes:
        published: as declared.
        mean: of the measured runs; None if there are none.
        low: lower end of the interval in which one more run is expected; NaN where it cannot be told.
        high: its upper end.
        verdict: whether the published value lies in it.
    """

    published: Published
    mean: statistics.Mean | None
    low: float
    high: float
    verdict: Verdict


def judge(published: Published, values: Sequence[float], *, judged: bool = True) -> Judged:
    """Hold a published value against measured ones.

    The interval is the prediction interval for one more run, mean ± t s sqrt(1 + 1/n), of Student's t at 95 %. An
    accuracy that was measured on other images differs at least by their binomial scatter, so its interval is never
    narrower than that of ``published.images`` images, and ends at 0 and 1.

    Args:
        published: the value.
        values: of the measured runs, one a seed.
        judged: whether a verdict is asked for; the quick tier's values are not those that were published.
    """
    finite = [value for value in values if math.isfinite(value)]
    mean = statistics.mean(finite) if finite else None
    if mean is None or mean.n < FEWEST:
        verdict: Verdict = "cannot tell" if judged else "not judged"
        return Judged(published, mean, math.nan, math.nan, verdict)
    half = max(_half(finite), _binomial(mean.mean, published))
    low, high = mean.mean - half, mean.mean + half
    if better(published.metric) == "higher":
        low, high = max(0.0, low), min(1.0, high)
    if not judged:
        return Judged(published, mean, low, high, "not judged")
    inside = low - published.rounding <= published.value <= high + published.rounding
    return Judged(published, mean, low, high, "inside" if inside else "outside")


def _half(values: Sequence[float]) -> float:
    """Return half the width of the prediction interval for one more value."""
    from scipy import stats

    n = len(values)
    center = sum(values) / n
    spread = math.sqrt(sum((value - center) ** 2 for value in values) / (n - 1))
    return float(stats.t.ppf((1 + LEVEL) / 2, n - 1)) * spread * math.sqrt(1 + 1 / n)


def _binomial(accuracy: float, published: Published) -> float:
    """Return half the width of the interval that a test set of that size gives an accuracy; 0 for other metrics."""
    if not published.images or better(published.metric) != "higher" or not 0 <= accuracy <= 1:
        return 0.0
    from scipy import stats

    # Where all are right, one more would be wrong in the worst case that still is likely: the rule of three.
    scatter = math.sqrt(accuracy * (1 - accuracy) / published.images)
    return max(float(stats.norm.ppf((1 + LEVEL) / 2)) * scatter, 3 / published.images if scatter == 0 else 0.0)
