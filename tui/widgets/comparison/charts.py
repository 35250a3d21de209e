"""The charts of a comparison: one for each metric, a line a run, a mean with its band a group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from tui.widgets.chart_grid import ChartGrid

if TYPE_CHECKING:
    from engine import Chart as EngineChart
    from engine import Line, Style
    from tui.widgets.chart import Chart, Curve
    from tui.widgets.comparison.look import Drawn, Seen


FEW_POINTS = 24
"""Points of a line that are marked, at most; more of them would hide its band."""


class ComparisonCharts(ChartGrid):
    """Shows the charts of the last look; to draw them in another way, it asks for another look.

    Curves come smoothed, since the band of a group is that of its smoothed members.
    """

    @dataclass
    class Changed(Message):
        """The user wants the charts in another way."""

    def __init__(self) -> None:
        super().__init__(id="comparison-charts")
        self.axis_chosen = False
        self._drawn: dict[str, Drawn] = {}

    def show(self, seen: Seen) -> None:
        """Show the charts of a look."""
        titles = [drawn.chart.y_label for drawn in seen.charts.values()] or [f"no shared metric over {seen.axis}"]
        if titles != [chart.title for chart in self._charts]:
            self._arrange(titles)
        self._drawn, self.axis = seen.charts, seen.axis
        for chart, drawn in zip(self._charts, seen.charts.values(), strict=False):
            self._set_up(chart)
            members = [curve_of(line, faint=True) for line in drawn.members]
            chart.show([*members, *(curve_of(line) for line in drawn.chart.lines)])
        if not seen.charts:
            self._charts[0].show([])

    @property
    def metrics(self) -> tuple[str, ...]:
        """What is drawn, a chart each."""
        return tuple(self._drawn)

    @property
    def on_paper(self) -> tuple[str, EngineChart] | None:
        """The metric of the focused chart, or else of the first one, and its lines; None if nothing is drawn."""
        if not self._drawn:
            return None
        metric = self.metrics[self._charts.index(self.focused_chart)]
        return metric, self._drawn[metric].chart

    def _set_up(self, chart: Chart) -> None:
        chart.log_y, chart.smoothing, chart.x_axis = self.log_y, 0.0, self._x_axis

    def _redraw(self) -> None:
        self.post_message(self.Changed())

    def action_x_axis(self) -> None:
        """Switch to the next x axis, which is no longer chosen by the runs."""
        self.axis_chosen = True
        super().action_x_axis()


def curve_of(line: Line, *, faint: bool = False) -> Curve:
    """Return a line as the chart of the terminal draws it."""
    import numpy as np

    from tui.widgets.chart import Curve

    placed = np.isfinite(line.x)  # epochs that a program has not counted are NaN
    band = None if line.low is None or line.high is None else (line.low[placed], line.high[placed])
    faint = faint or line.faint
    points = line.form == "points"
    error = (band[1] - band[0]) / 2 if points and band is not None else None
    x, y, marks = line.x[placed], line.y[placed], not faint and np.count_nonzero(placed) <= FEW_POINTS
    return Curve(
        line.label,
        x,
        y,
        style_number(line.style),
        marks=bool(marks),
        error=error,
        band=None if points else band,
        faint=faint,
        points=points,
    )


def style_number(style: Style) -> int:
    """Return the number of a curve's style in the cycles of a screen's colours and dashes that has both of these."""
    from tui.widgets.chart.braille import DASHES
    from tui.widgets.chart.canvas import PALETTE

    numbers = range(style.dash, PALETTE * len(DASHES), len(DASHES))
    return next(number for number in numbers if number % PALETTE == style.colour % PALETTE)
