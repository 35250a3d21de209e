"""Charts that share x axis, scale and smoothing, in as many columns as there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from textual.containers import VerticalScroll

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine import Chart as Drawn
    from tui.widgets.chart import Chart, XAxis

Axis = Literal["step", "epoch", "time"]
AXES: tuple[Axis, ...] = ("step", "epoch", "time")
LEAST_ROWS = 10
"""Rows of a chart, at least: the grid scrolls if there is no room for all."""
BEST_COLUMNS = 60
"""Columns of a chart before another one is put beside it."""


class ChartGrid(VerticalScroll, can_focus=False):
    """Holds the charts and how all of them are drawn; who inherits it fills them in ``_redraw``.

    Attributes:
        axis: what x is.
        log_y: whether y is logarithmic.
        smoothing: weight of the moving average; None for what suits each curve.
    """

    DEFAULT_CSS = "ChartGrid { layout: grid; scrollbar-size-vertical: 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.axis: Axis = "step"
        self.log_y = False
        self.smoothing: float | None = None
        self._charts: list[Chart] = []

    @property
    def focused_chart(self) -> Chart:
        """The chart that has the focus, or else the first one."""
        return next((chart for chart in self._charts if chart.has_focus), self._charts[0])

    @property
    def first_stop(self) -> Chart | None:
        """What gets the focus when the charts are gone to: the first one, if there is one."""
        return next(iter(self._charts), None)

    @property
    def on_paper(self) -> tuple[str, Drawn] | None:
        """A name for the focused chart, or else the first one, and its lines; None if it has none."""
        raise NotImplementedError

    def _arrange(self, titles: Sequence[str]) -> None:
        """Have a chart for each title, in this order."""
        from tui.widgets.chart import Chart

        while len(self._charts) > len(titles):
            gone = self._charts.pop()
            if self.screen.maximized is gone:
                self.screen.maximized = None
            gone.remove()
        for title, chart in zip(titles, self._charts, strict=False):
            chart.set_title(title)
        for title in titles[len(self._charts) :]:
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

    def _set_up(self, chart: Chart) -> None:
        chart.log_y, chart.smoothing, chart.x_axis = self.log_y, self.smoothing, self._x_axis

    @property
    def _x_axis(self) -> XAxis:
        from tui.widgets.chart import EPOCH, STEP, TIME

        return {"step": STEP, "epoch": EPOCH, "time": TIME}[self.axis]

    def _redraw(self) -> None:
        """Draw the curves again, in the way that was chosen now."""
        raise NotImplementedError

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
