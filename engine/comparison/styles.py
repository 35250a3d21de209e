"""Which colour and dash a run has wherever it is drawn."""

from __future__ import annotations

import zlib
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


def styles(ids: Iterable[str]) -> dict[str, Style]:
    """Return the style of each run.

    A run's own colour follows from its id. Where an earlier run of the comparison has it already, the next free one is
    taken; only when all colours are taken do dashes tell runs apart.
    """
    found: dict[str, Style] = {}
    for run in sorted(set(ids)):
        taken = {*found.values()}
        own = zlib.crc32(run.encode("utf-8", "replace")) % COLOURS
        free = (
            Style((own + turn) % COLOURS, dash)
            for dash in range(DASHES)
            for turn in range(COLOURS)
            if Style((own + turn) % COLOURS, dash) not in taken
        )
        found[run] = next(free, Style(own, len(found) % DASHES))
    return found
