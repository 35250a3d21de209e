"""The panels of a sweep's screen: combinations with remarks, charts over the axes, pictures laid out by two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.plots.tiles import NARROWEST
from tui.widgets.chart_grid import ChartGrid
from tui.widgets.plot import PlotView
from tui.widgets.table import SheetView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events
    from textual.app import ComposeResult

    from engine import Chart, Outcome, PictureGrid
    from tui.widgets.sweep.look import Body


class Combinations(SheetView):
    """The table of the combinations."""

    WITHOUT: ClassVar[frozenset[str]] = frozenset({"next_table", "copy"})

    @property
    def shown(self) -> str:
        """What it is."""
        return "combinations"

    def show(self, body: Body) -> None:
        """Show these; order and cursor stay as they were."""
        model, before = body.table, self.grid.model
        if before is not None and before.table.columns == model.table.columns:
            model.sort_by(before.sorted_by)
        self._draw(model)


class SweepTable(Vertical):
    """The combinations, and under them what the results suggest."""

    def __init__(self) -> None:
        super().__init__(id="sweep-table")
        self.table = Combinations()
        self._remarks = Static("reading…", markup=False)
        self._below = VerticalScroll(self._remarks, id="sweep-remarks", can_focus=False)
        self._body: Body | None = None

    def compose(self) -> ComposeResult:
        """Lay out the table above the remarks."""
        yield self.table
        yield self._below

    def show(self, body: Body) -> None:
        """Show the combinations, and the remarks as soon as they are known."""
        if self._body is None or self._body.table is not body.table:
            self.table.show(body)
        if body.remarks is not None:
            self._remarks.update(Content("\n".join(body.remarks)))
        self._below.display = body.remarks != ()
        self._body = body

    @property
    def chosen(self) -> Outcome | None:
        """The combination under the cursor."""
        model = self.table.grid.model
        if self._body is None or model is None or not len(model):
            return None
        return self._body.outcomes[model.place_in_table(self.table.grid.cursor[0])]


class SweepCharts(ChartGrid):
    """Charts of a sweep, over whatever axes they have."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._drawn: dict[str, Chart] = {}

    def show(self, charts: Mapping[str, Chart], instead: str = "nothing is measured") -> None:
        """Show these, by their names; ``instead`` says why there are none."""
        self._drawn = dict(charts)
        titles = [
            f"{chart.y_label} over {chart.x_label}" if chart.x_label else chart.y_label for chart in charts.values()
        ]
        titles = titles or [instead]
        if titles != [chart.title for chart in self._charts]:
            self._arrange(titles)
        self._redraw()

    @property
    def chosen(self) -> tuple[str, Chart] | None:
        """The chart that has the focus, or else the first one, and its name."""
        place = next((place for place, chart in enumerate(self._charts) if chart.has_focus), 0)
        return [*self._drawn.items()][place] if self._drawn else None

    def _redraw(self) -> None:
        from tui.widgets.chart import XAxis
        from tui.widgets.comparison.charts import curve_of

        for widget, chart in zip(self._charts, self._drawn.values(), strict=False):
            widget.smoothing, widget.log_y = 0.0, self.log_y
            widget.x_axis = XAxis(chart.x_label, "any", "log" if chart.log_x else "linear", chart.names)
            widget.show([curve_of(line) for line in chart.lines])
        if not self._drawn and self._charts:
            self._charts[0].show([])


class SweepPictures(PlotView, can_focus=True):
    """Pictures in a grid, as many columns as there is room for."""

    def __init__(self, renderer: str) -> None:
        super().__init__(renderer)
        self.id = "sweep-pictures"
        self.pictures: PictureGrid | None = None
        self._first = 0
        self._looked = False

    def on_mount(self) -> None:
        """Say that nothing is there yet."""
        self._part()

    def lay_out(self, grid: PictureGrid | None) -> None:
        """Show these pictures."""
        if self._looked and grid == self.pictures:
            return
        self._looked, self.pictures = True, grid
        self._part()

    def on_resize(self, event: events.Resize) -> None:
        """Show as many columns as there is room for now."""
        del event
        self._part()

    def move(self, columns: int) -> None:
        """Show columns further right (1) or left (-1)."""
        self._first += columns
        self._part()

    @property
    def _room(self) -> int:
        return max(1, self.container_size.width // (NARROWEST + 1))

    def _part(self) -> None:
        grid = self.pictures
        if grid is None:
            self.border_title = "no pictures yet" if self._looked else "pictures"
            self.border_subtitle = ""
            self.show(None)
            return
        count = len(grid.columns)
        self._first = min(max(0, self._first), max(0, count - self._room))
        self.border_title = Content(grid.title)
        last = min(count, self._first + self._room)
        columns = f"columns {self._first + 1}-{last} of {count} · " if self._room < count else ""
        self.border_subtitle = f"{columns}k kind · x across · d down"
        self.show(grid.part(self._first, self._room))
