"""Bars: a line for each name, with its number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from engine import wording
from tui.plots.colours import GROUPS
from tui.plots.text import cut

if TYPE_CHECKING:
    from engine.plots import Bars

EIGHTHS = " ▏▎▍▌▋▊▉█"
SHORTEST_BAR = 8
"""Cells for the longest bar, at least, where names are long."""


def draw(plot: Bars, width: int, height: int) -> list[Text]:
    """Draw the bars from the common zero, the longest over the whole width."""
    del height
    errors = plot.errors or (math.nan,) * len(plot.values)
    numbers = [_number(value, error) for value, error in zip(plot.values, errors, strict=True)]
    number = min(max(map(len, numbers), default=0), width // 2)
    label = min(max(map(cell_len, plot.names), default=0), max(width // 3, width - number - SHORTEST_BAR - 3))
    room = max(0, width - label - number - 3)
    longest = max((abs(value) for value in plot.values if math.isfinite(value)), default=0.0)
    drawn = [Text(cut(plot.label, width).rstrip(), style="dim", no_wrap=True)] if plot.label else []
    for name, value, text in zip(plot.names, plot.values, numbers, strict=True):
        eighths = round(8 * room * (abs(value) / longest)) if longest and math.isfinite(value) else 0
        bar = "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
        colour = GROUPS[0] if not value < 0 else GROUPS[1]
        drawn.append(
            Text.assemble(cut(name, label), " ", f"{cut(text.rjust(number), number)} ", (bar, colour), no_wrap=True)
        )
    return drawn


def _number(value: float, error: float) -> str:
    return wording.figure(value) + ("" if math.isnan(error) else f" ± {wording.figure(error)}")
