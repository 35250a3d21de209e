"""How much curves are smoothed: the weights to choose from, and the one that suits a crowded curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from engine import Trace
    from tui.widgets.chart.model import Scale, Settings

WEIGHTS = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
CROWDED = 4
"""Points in a column of dots above which a noisy curve is a solid block."""


def weight_of(trace: Trace, settings: Settings, view: Scale) -> float:
    """Return the weight a curve is smoothed with: the chosen one, or what suits its points in view."""
    if settings.smoothing is not None:
        return settings.smoothing
    first, last = np.searchsorted(trace.x, (view.low, view.high))
    return automatic(int(last - first), 2 * settings.width)


def automatic(points: int, columns: int) -> float:
    """Return the heaviest weight that averages over the points of two columns at most; 0 for curves that need none."""
    if points <= CROWDED * columns:
        return 0.0
    return max(weight for weight in WEIGHTS if 2 * (1 - weight) * points / columns >= 1)


def next_weight(weight: float | None, present: float, direction: int) -> float | None:
    """Return the next heavier (1) or lighter (-1) weight; None, automatic smoothing, follows the heaviest.

    Args:
        weight: what is chosen; None for automatic smoothing.
        present: the weight that is drawn with.
        direction: 1 or -1.
    """
    if weight == WEIGHTS[-1] and direction > 0:
        return None
    index = WEIGHTS.index(present if weight is None else weight) + direction
    return WEIGHTS[min(max(index, 0), len(WEIGHTS) - 1)]
