"""Plots drawn in character cells, as lines of text: numbers and names are text that every terminal can show."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.text import Text

    from engine.plots import Plot


def draw_plot(plot: Plot, width: int, height: int, *, light: bool = False) -> list[Text]:
    """Draw a plot.

    Args:
        plot: any kind.
        width: columns there are; at least 20 are used.
        height: rows that a plot without a size of its own fills; heatmaps, bars and tiles take what they need.
        light: whether it stands on a light background, as which little is drawn then.

    Returns:
        Lines at most ``width`` cells wide.
    """
    from tui.plots import bars, heatmap, lines, scatter, tiles

    drawers: dict[str, Callable[[Any, int, int], list[Text]]] = {
        "bars": bars.draw,
        "heatmap": functools.partial(heatmap.draw, light=light),
        "lines": lines.draw,
        "scatter": scatter.draw,
        "tiles": tiles.draw,
    }
    return drawers[plot.kind](plot, max(width, 20), height)
