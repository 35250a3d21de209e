"""Figures of a report as vectors, in paper sizes: the width of a column or of the text, letters of 8 points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.comparison.chart import Chart
from engine.drawing import overlay, paper
from engine.plots import Bars, Lines
from engine.report.document import Figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn

    from engine.plots import Plot
    from engine.report.document import Block

FONT = 8


def vector(content: Chart | Plot, ending: str) -> bytes:
    """Return a chart or a plot as the bytes of an SVG or PDF; the same content gives the same bytes.

    Args:
        content: what is drawn.
        ending: ``.svg`` or ``.pdf``.
    """
    return paper.encoded(lambda: _figure(content), ending)


def _figure(content: Chart | Plot) -> Drawn:
    from matplotlib import rc_context

    if isinstance(content, Chart):
        return overlay.figure(content)
    with rc_context({"font.size": FONT, "axes.linewidth": 0.6}):
        return paper.figure(content)


def narrow(block: Block) -> bool:
    """Tell whether a block is a figure that fits into one column of a page in two."""
    chart = block.content if isinstance(block, Figure) else None
    return isinstance(chart, Chart) and len(chart.lines) <= overlay.LEGEND_LINES


def inked(content: object) -> bool:
    """Tell whether a figure is nothing but lines on paper, which may be of any two colours."""
    return isinstance(content, Chart | Lines | Bars)
