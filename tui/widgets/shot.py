"""What the gallery shows: a picture in pixels, or a plot or a sheet of pictures drawn from its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical

from engine import gallery
from tui.widgets.picture import Picture
from tui.widgets.plot import PlotView

if TYPE_CHECKING:
    from textual.app import ComposeResult


class ShotView(Vertical):
    """Shows one shot at a time, whichever kind it is."""

    DEFAULT_CSS = """
    ShotView { height: 1fr; }
    ShotView PlotView { height: 1fr; }
    """

    def __init__(self, renderer: str) -> None:
        super().__init__()
        self._renderer = renderer

    def compose(self) -> ComposeResult:
        """Lay out both; one of them is displayed."""
        yield Picture(self._renderer)
        yield PlotView(self._renderer)

    def on_mount(self) -> None:
        """Begin with the picture."""
        self.plot.display = False

    @property
    def picture(self) -> Picture:
        """The widget for pixels."""
        return self.query_one(Picture)

    @property
    def plot(self) -> PlotView:
        """The widget for plots, and for sheets, whose captions are text."""
        return self.query_one(PlotView)

    def show(self, shot: gallery.Shot | None) -> None:
        """Draw this, or nothing."""
        plotted = shot if isinstance(shot, gallery.Plotted | gallery.Sheet) else None
        self.picture.display, self.plot.display = plotted is None, plotted is not None
        self.plot.show(plotted)
        if plotted is None:
            self.picture.show(shot)

    def redraw_with(self, renderer: str) -> None:
        """Draw with another renderer from now on."""
        self.picture.redraw_with(renderer)
        self.plot.redraw_with(renderer)
