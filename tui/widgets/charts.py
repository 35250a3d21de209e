"""The charts of a run: one for each group of metrics."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from textual.containers import VerticalScroll

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engine import Curves, Headline, Series
    from tui.widgets.chart import Chart, Curve

Axis = Literal["step", "epoch", "time"]
AXES: tuple[Axis, ...] = ("step", "epoch", "time")
LEAST_ROWS = 10
"""Rows of a chart, at least: the panel scrolls if there is no room for all."""
BEST_COLUMNS = 60
"""Columns of a chart before another one is put beside it."""
MOST_CHARTS = 24
"""Charts drawn, at most; the metrics of the others are in the log nevertheless."""


def groups(declared: Sequence[Sequence[str]], names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return titles and metrics of the charts: the declared groups first, then the other metrics by quantity."""
    found = [[name for name in group if name in names] for group in declared]
    rest: dict[str, list[str]] = {}
    for name in names:
        if not any(name in group for group in found):
            rest.setdefault(name.rpartition("/")[2], []).append(name)
    titled = [(_title(group), group) for group in found if group] + list(rest.items())
    return titled[:MOST_CHARTS]


def _title(names: Sequence[str]) -> str:
    quantities = dict.fromkeys(name.rpartition("/")[2] for name in names)
    return " · ".join(quantities)


def _labels(names: Sequence[str]) -> dict[str, str]:
    """Return a label for each curve of a chart: its part, its quantity or its whole name, whichever differs."""
    parts = {name: name.rpartition("/")[0] or name for name in names}
    if len(set(parts.values())) == len(names):
        return parts
    quantities = {name: name.rpartition("/")[2] for name in names}
    return quantities if len(set(quantities.values())) == len(names) else {name: name for name in names}


class ChartPanel(VerticalScroll, can_focus=False):
    """A column of charts that share x axis, scale and smoothing."""

    def __init__(self) -> None:
        super().__init__(id="charts")
        self.axis: Axis = "step"
        self.log_y = False
        self.smoothing: float | None = None
        self._charts: list[Chart] = []
        self._curves: Curves | None = None
        self._groups: list[tuple[str, list[str]]] = []
        self._declared: Sequence[Sequence[str]] = ()
        self._markers: list[tuple[float, str]] = []
        self._headline: Headline | None = None

    def open(self) -> None:
        """Show an empty chart; call it after the first paint, since the import of numpy is slow."""
        if not self._groups:
            self._arrange([("loss", [])])

    def show(
        self,
        curves: Curves,
        declared: Sequence[Sequence[str]],
        markers: list[tuple[float, str]],
        headline: Headline | None = None,
    ) -> None:
        """Show these curves; call it again whenever they have grown.

        Args:
            curves: of a run.
            declared: names of metrics, those of a group in one chart.
            markers: vertical lines over steps, each a step and a text.
            headline: of the run's experiment; it says which values of its metric are better.
        """
        if curves is not self._curves:
            for chart in self._charts:
                chart.reset_view()
                chart.crosshair = None
        self._curves, self._declared, self._markers, self._headline = curves, declared, markers, headline
        wanted = groups(declared, list(curves.series)) or [("loss", [])]
        if wanted != self._groups:
            self._arrange(wanted)
        drawn: list[list[Curve]] = []
        for _, names in wanted:
            labels = _labels(names)
            drawn.append([self._curve(name, labels[name], curves.series[name], i) for i, name in enumerate(names)])
        everything = [curve for some in drawn for curve in some]
        for chart, some in zip(self._charts, drawn, strict=True):
            chart.show(some, markers if self.axis == "step" else (), beside=everything)

    def _arrange(self, wanted: list[tuple[str, list[str]]]) -> None:
        from tui.widgets.chart import Chart

        self._groups = wanted
        while len(self._charts) > len(wanted):
            self._charts.pop().remove()
        for (title, _), chart in zip(wanted, self._charts, strict=False):
            chart.set_title(title)
        for title, _ in wanted[len(self._charts) :]:
            chart = Chart(title=title)
            self._set_up(chart)
            self._charts.append(chart)
            self.mount(chart)
        self._share()

    def on_resize(self) -> None:
        """Share the room among the charts."""
        self._share()

    def _share(self) -> None:
        columns = max(1, self.size.width // BEST_COLUMNS)
        rows = max(LEAST_ROWS, self.size.height // max(-(-len(self._charts) // columns), 1))
        self.styles.grid_size_columns = columns
        self.styles.grid_rows = str(rows)

    def _curve(self, name: str, label: str, series: Series, style: int) -> Curve:
        from engine import better
        from tui.widgets.chart import Curve

        fitted = name.startswith("train/")  # by single batches, of which the best one says nothing
        return Curve(
            name=name,
            x=self._x(series),
            y=series.value,
            style=style,
            label=label,
            marks=True,
            better="neither" if fitted else better(name, self._headline),
        )

    def _x(self, series: Series) -> NDArray[np.float64]:
        if self.axis == "epoch" and series.length and math.isfinite(series.epoch[-1]):
            return series.epoch
        if self.axis == "time" and series.length:
            return series.t - self._start()
        return series.step

    def _start(self) -> float:
        series = self._curves.series.values() if self._curves else ()
        return min((float(one.t[0]) for one in series if one.length), default=0.0)

    def _set_up(self, chart: Chart) -> None:
        from tui.widgets.chart import EPOCH, STEP, TIME

        chart.log_y, chart.smoothing = self.log_y, self.smoothing
        chart.x_axis = {"step": STEP, "epoch": EPOCH, "time": TIME}[self.axis]

    def _redraw(self) -> None:
        for chart in self._charts:
            self._set_up(chart)
        if self._curves is not None:
            self.show(self._curves, self._declared, self._markers, self._headline)

    def action_log_scale(self) -> None:
        """Switch between linear and logarithmic y."""
        self.log_y = not self.log_y
        self._redraw()

    def action_smooth(self, direction: int) -> None:
        """Smooth more (1) or less (-1); what the user chose stands for all runs."""
        from tui.widgets.chart.smoothing import next_weight

        present = max((chart.weight for chart in self._charts), default=0.0)
        self.smoothing = next_weight(self.smoothing, present, direction)
        self._redraw()

    def action_x_axis(self) -> None:
        """Switch to the next x axis."""
        self.axis = AXES[(AXES.index(self.axis) + 1) % len(AXES)]
        for chart in self._charts:
            chart.reset_view()
        self._redraw()

    def point_at(self, step: float | None) -> None:
        """Put the crosshair of every chart on a step, or hide it."""
        if self.axis == "step":
            for chart in self._charts:
                chart.crosshair = step
