"""In which order a grid is gone through: coarse first, so that what has been run at any time spans all axes."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.sweep.axes import Axis


def levels(count: int) -> list[int]:
    """Return for each of some values in a row how finely one must halve to reach it: the ends 0, the middle 1, ...."""
    found = [0] * count
    pieces = [(0, count - 1)] if count > 2 else []
    level = 1
    while pieces:
        halves = []
        for low, high in pieces:
            middle = (low + high) // 2
            if low < middle < high:
                found[middle] = level
                halves += [(low, middle), (middle, high)]
        pieces = halves
        level += 1
    return found


def coarse_first(axes: Sequence[Axis]) -> list[tuple[tuple[Any, ...], ...]]:
    """Return every combination of the axes' values, one tuple of values for each axis.

    Along axes of numbers the ends come before the middle, and that before what lies between; texts are all as coarse.
    Without an axis there is one combination, of no values.

    Raises:
        ValueError: if an axis is a range that needs a step.
    """
    ranked = []
    for axis in axes:
        options = axis.options()
        if axis.ordered:
            rising = sorted(range(len(options)), key=lambda place, own=options: own[place][0])  # type: ignore[misc]
            level = dict(zip(rising, levels(len(options)), strict=True))
        else:
            level = dict.fromkeys(range(len(options)), 0)
        ranked.append([(level[place], place, values) for place, values in enumerate(options)])
    combinations = itertools.product(*ranked)
    ordered = sorted(
        combinations,
        key=lambda one: (
            max((level for level, *_ in one), default=0),
            sum(level for level, *_ in one),
            [at for _, at, _ in one],
        ),
    )
    return [tuple(values for *_, values in one) for one in ordered]
