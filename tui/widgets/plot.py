"""One plot, drawn from its data: as text, lines by the chart itself, tiles in pixels where the terminal has them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Group
from textual import work
from textual.widgets import Static

from engine import PhospheneError, plots
from tui.plots import draw_plot
from tui.widgets.refilled import Refilled

if TYPE_CHECKING:
    from textual import events
    from textual.widget import Widget


class Drawable(Protocol):
    """What can be drawn from its data; two that are equal are drawn alike."""

    def plot(self) -> plots.Plot:
        """Return it as data; called in a thread.

        Raises:
            PhospheneError: if it cannot be read.
        """


class PlotView(Refilled, can_focus=False):
    """Draws one plot in the room there is; what does not fit is scrolled."""

    def __init__(self, renderer: str) -> None:
        super().__init__()
        self.renderer = renderer
        self._shown: Drawable | None = None
        self._plot: plots.Plot | None = None
        self._unreadable = ""
        self._drawn: tuple[object, ...] = ()

    def show(self, plotted: Drawable | None) -> None:
        """Draw this, or nothing."""
        if plotted == self._shown:
            return
        self._shown = plotted
        if plotted is None:
            self._plot, self._unreadable = None, ""
            self._draw()
        else:
            self._read(plotted)

    @work(exclusive=True)
    async def _read(self, plotted: Drawable) -> None:
        """Read a plot beside the event loop and draw it."""
        try:
            self._plot, self._unreadable = await asyncio.to_thread(plotted.plot), ""
        except PhospheneError as error:
            self._plot, self._unreadable = None, str(error)
        self._draw()

    def redraw_with(self, renderer: str) -> None:
        """Draw tiles with another renderer from now on."""
        self.renderer = renderer
        self._draw()

    def on_mount(self) -> None:
        """Draw anew for a light theme, or for a dark one."""
        self.watch(self.app, "theme", self._draw, init=False)

    def on_resize(self, event: events.Resize) -> None:
        """Use the new room."""
        del event
        self._draw()

    def scroll_page(self, direction: int) -> None:
        """Scroll by a page, down (1) or up (-1)."""
        self.scroll_relative(y=direction * max(1, self.size.height - 2), animate=False)

    def _draw(self) -> None:
        # The scroll bar may come and go: its column is never used.
        room = (self.container_size.width - 1, self.container_size.height)
        # Pictures as arrays cannot be compared; a plot that was read again is another one.
        wanted = (id(self._plot), self._unreadable, room, self.renderer, self.app.current_theme.dark)
        if min(room) < 1 or wanted == self._drawn:
            return
        self._drawn = wanted
        self._replace(self._widgets(self._plot, *room))

    @work(group="replace", exclusive=True)
    async def _replace(self, widgets: list[Widget]) -> None:
        with self.app.batch_update():
            await self.refill(widgets)
        self.scroll_home(animate=False)

    def _widgets(self, plot: plots.Plot | None, width: int, height: int) -> list[Widget]:
        if plot is None:
            return [Static(self._unreadable, markup=False)] if self._unreadable else []
        if isinstance(plot, plots.Lines):
            return [_chart(plot, height)]
        if isinstance(plot, plots.Tiles) and self.renderer in {"kitty", "sixel"}:
            return _tile_rows(plot, width, height, self.renderer)
        light = not self.app.current_theme.dark
        return [Static(Group(*draw_plot(plot, width, height, light=light)))]


def _chart(plot: plots.Lines, height: int) -> Widget:
    """Return the chart of a run's curves over the plot's own positions, with its crosshair and zoom."""
    from tui.plots.lines import curves_of
    from tui.widgets.chart import Chart

    curves, axis, markers = curves_of(plot)
    chart = Chart(title=plot.y_label)
    chart.x_axis, chart.log_y = axis, plot.y_scale == "log"
    chart.show(curves, markers)
    chart.styles.height = max(height, 8)
    return chart


def _tile_rows(plot: plots.Tiles, width: int, height: int, renderer: str) -> list[Widget]:
    """Return a picture for each row of tiles, in the terminal's own pixels, with the captions as text under it."""
    from PIL import Image

    from engine import pixels, pixels_shape
    from tui.plots.scaling import scaled
    from tui.plots.tiles import caption_rows, cell_rows, layout, wrapped
    from tui.widgets.picture import cell_pixels, picture_widget

    chosen = layout(plot, width, height)
    cell_width, cell_height = cell_pixels()
    widgets: list[Widget] = []
    for start in range(0, len(plot.pictures), chosen.columns):
        pictures = plot.pictures[start : start + chosen.columns]
        rows = [cell_rows(pixels_shape(picture), chosen.side) for picture in pictures]
        cells = (chosen.side + 1) * len(pictures) - 1, max(rows)
        sheet = Image.new("RGB", (cells[0] * cell_width, cells[1] * cell_height))
        for place, (picture, own) in enumerate(zip(pictures, rows, strict=True)):
            size = chosen.side * cell_width, own * cell_height
            try:
                image = Image.fromarray(pixels(picture))
            except OSError:
                continue
            sheet.paste(scaled(image, size), (place * (chosen.side + 1) * cell_width, 0))
        drawn: Any = picture_widget(renderer)
        drawn.styles.width, drawn.styles.height = cells
        drawn.image = sheet
        captions = [wrapped(own, chosen.side) for own in plot.captions[start : start + chosen.columns]]
        widgets += [drawn, Static(Group(*caption_rows(captions, chosen.side)))]
    return widgets
