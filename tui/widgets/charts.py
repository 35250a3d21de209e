"""The charts of a run: one for each group of metrics."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tui.reporting import part_of
from tui.widgets.chart_grid import ChartGrid

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from engine import Chart as EngineChart
    from engine import Curves, Headline, ReportPart, Series
    from tui.widgets.chart import Curve

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


class ChartPanel(ChartGrid):
    """The charts of one run."""

    def __init__(self) -> None:
        super().__init__(id="charts")
        self._curves: Curves | None = None
        self._groups: list[tuple[str, list[str]]] = []
        self._declared: Sequence[Sequence[str]] = ()
        self._markers: list[tuple[float, str]] = []
        self._headline: Headline | None = None

    def open(self) -> None:
        """Show an empty chart; call it after the first paint, since the import of numpy is slow."""
        if not self._groups:
            self._arrange_groups([("loss", [])])

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
            self._arrange_groups(wanted)
        drawn: list[list[Curve]] = []
        for _, names in wanted:
            labels = _labels(names)
            drawn.append([self._curve(name, labels[name], curves.series[name], i) for i, name in enumerate(names)])
        everything = [curve for some in drawn for curve in some]
        for chart, some in zip(self._charts, drawn, strict=True):
            chart.show(some, markers if self.axis == "step" else (), beside=everything)

    @property
    def on_paper(self) -> tuple[str, EngineChart] | None:
        """The title of the focused chart, or else of the first one, and its lines; None if nothing is drawn."""
        from engine import Curve as Drawn
        from engine import chart_of_curves

        chart = self.focused_chart
        curves = [(curve.label, Drawn(curve.x, curve.y), weight) for curve, weight in chart.lines]
        if not curves:
            return None
        return chart.title, chart_of_curves(
            curves, self.axis, chart.title, self._markers if self.axis == "step" else (), log_y=self.log_y
        )

    def part(self, run: str) -> ReportPart:
        """Return what a report shows of the chart that ``on_paper`` returns, of a run by its id."""
        lines = self.focused_chart.lines
        axis = self.axis if self.axis != "step" else ""
        weight = max((weight for _, weight in lines), default=0.0)
        return part_of(
            "curves", *(curve.name for curve, _ in lines), runs=[run], smooth=weight, x=axis, log_y=self.log_y
        )

    def _arrange_groups(self, wanted: list[tuple[str, list[str]]]) -> None:
        self._groups = wanted
        self._arrange([title for title, _ in wanted])

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

    def _redraw(self) -> None:
        for chart in self._charts:
            self._set_up(chart)
        if self._curves is not None:
            self.show(self._curves, self._declared, self._markers, self._headline)

    def point_at(self, step: float | None) -> None:
        """Put the crosshair of every chart on a step, or hide it."""
        if self.axis == "step":
            for chart in self._charts:
                chart.crosshair = step
