"""Which colour and dash a run has wherever it is drawn."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

COLOURS = 7
"""As many as :mod:`engine.drawing.paper` has, and each palette of a screen should have."""
DASHES = 4


@dataclass(frozen=True, slots=True)
class Style:
    """Numbers of a colour and of a dash; who draws knows which these are."""

    colour: int
    dash: int


def in_order(number: int) -> Style:
    """Return the style of the line at a place of an order that is always the same."""
    return Style(number % COLOURS, number % DASHES)


def styles(ids: Iterable[str]) -> dict[str, Style]:
    """Return the style of each run.

    A run's own colour and dash follow from its id. In a comparison, sorted by id, a run takes the next colour if an
    earlier one has its own already, and a colour has a second run only when each has one.
    """
    found: dict[str, Style] = {}
    for run in sorted(set(ids)):
        own = zlib.crc32(run.encode("utf-8", "replace"))
        used = Counter(style.colour for style in found.values())
        colour = min(((own + turn) % COLOURS for turn in range(COLOURS)), key=lambda number: used[number])
        taken = {style.dash for style in found.values() if style.colour == colour}
        dashes = [(own // COLOURS + turn) % DASHES for turn in range(DASHES)]
        found[run] = Style(colour, next((dash for dash in dashes if dash not in taken), dashes[0]))
    return found
