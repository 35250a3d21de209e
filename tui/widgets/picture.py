"""One picture, drawn as the terminal allows, as large as there is room; magnified on demand."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from textual import work
from textual.containers import Vertical
from textual.widgets import Static

from tui.plots.scaling import scaled, shown
from tui.renderers import CELLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image
    from textual import events
    from textual.app import ComposeResult
    from textual.widget import Widget

    from engine import gallery

CELL = (10, 20)
"""Pixels of a character cell where the terminal does not say."""


def picture_widget(renderer: str) -> Widget:
    """Return an empty widget that draws pictures with this renderer, without a query to the terminal."""
    if "textual_image.widget" not in sys.modules:
        _import_silently()
    from textual_image import widget

    kinds: dict[str, Callable[[], Widget]] = {
        "kitty": widget.TGPImage,
        "sixel": widget.SixelImage,
        "halfcell": widget.HalfcellImage,
        "ascii": widget.UnicodeImage,
    }
    return kinds[renderer]()


def _import_silently() -> None:
    """Import textual_image without its query to the terminal, for whose answer it would take the user's keys."""
    from textual_image._terminal import CellSize, get_cell_size

    get_cell_size._result = CellSize(*cell_pixels())  # type: ignore[attr-defined]
    terminal = sys.__stdout__
    try:
        sys.__stdout__ = None  # type: ignore[misc]
        import textual_image.renderable
    finally:
        sys.__stdout__ = terminal  # type: ignore[misc]
    import textual_image.widget  # noqa: F401


def cell_pixels() -> tuple[int, int]:
    """Return width and height of a character cell in pixels, as the terminal driver knows them."""
    import fcntl
    import struct
    import termios

    try:
        packed = fcntl.ioctl(sys.__stdout__ or 1, termios.TIOCGWINSZ, b"\0" * 8)
    except OSError:
        return CELL
    rows, columns, width, height = struct.unpack("HHHH", packed)
    if not (rows and columns and width >= columns and height >= rows):
        return CELL
    return width // columns, height // rows


def fit(size: tuple[int, int], cells: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size in cells with the picture's proportions; a cell is twice as high as wide."""
    width, height = size
    scale = min(cells[0] / width, cells[1] * 2 / height)
    return max(1, int(width * scale)), max(1, round(height * scale / 2))


def enlarge(image: Image, cells: tuple[int, int], renderer: str) -> Image:
    """Return the picture in the pixels the renderer will draw; in those of cells in the colours that cells have."""
    per_cell = {"halfcell": (1, 2), "ascii": (1, 1)}.get(renderer) or cell_pixels()
    target = cells[0] * per_cell[0], cells[1] * per_cell[1]
    drawn = scaled(image, target)
    return shown(drawn) if renderer in CELLS else drawn


class Picture(Vertical):
    """Draws one picture as large as there is room, or a part of it larger."""

    def __init__(self, renderer: str) -> None:
        super().__init__()
        self.renderer = renderer
        self._shot: gallery.Shot | None = None
        self._image: tuple[gallery.Shot, Image] | None = None
        self._drawn: tuple[object, ...] = ()
        self._widget: Any = None
        self._zoom = 1
        self._centre = (0.5, 0.5)

    def compose(self) -> ComposeResult:
        """Lay out the text that stands in place of a picture that cannot be read."""
        yield Static("cannot be read: the file is gone or damaged", classes="unreadable")

    def on_mount(self) -> None:
        """Hide that text."""
        self._show_unreadable(False)

    def show(self, shot: gallery.Shot | None) -> None:
        """Draw this, or nothing."""
        self._shot = shot
        if shot is not None and (self._image is None or self._image[0] != shot):
            self._read(shot)
        else:
            self._draw()

    @work(exclusive=True)
    async def _read(self, shot: gallery.Shot) -> None:
        """Read a picture in a thread, since a large sheet takes long, and draw it."""
        try:
            image = await asyncio.to_thread(shot.image)
        except OSError:
            self._image, self._drawn = None, ()
            if self._widget is not None:
                self._widget.image = None
            self._show_unreadable(True)
            return
        self._show_unreadable(False)
        self._image = (shot, image)
        self._draw()

    def _show_unreadable(self, unreadable: bool) -> None:
        # A picture may be read before it is laid out, or after it was taken away.
        for label in self.query(".unreadable"):
            label.display = unreadable

    def redraw_with(self, renderer: str) -> None:
        """Draw with another renderer from now on."""
        self.renderer = renderer
        if self._widget is not None:
            self._widget.remove()
        self._widget, self._drawn = None, ()
        self._draw()

    def magnify(self, times: float) -> None:
        """Show a part of the picture `times` larger around the same centre; at most 16 times in all."""
        self._zoom = int(min(max(self._zoom * times, 1), 16))
        self.move(0, 0)

    def move(self, right: float, down: float) -> None:
        """Move the part that is shown, by fractions of its sides."""
        edge = 0.5 / self._zoom
        x, y = (
            min(max(at + by / self._zoom, edge), 1 - edge) for at, by in zip(self._centre, (right, down), strict=True)
        )
        self._centre = (x, y)
        self._draw()

    @property
    def zoom(self) -> int:
        """How many times larger the part is than in the whole picture."""
        return self._zoom

    def on_resize(self, event: events.Resize) -> None:
        """Draw the picture at its new size."""
        del event
        self._draw()

    def _draw(self) -> None:
        room = (self.content_size.width, self.content_size.height)
        wanted = (self._shot, room, self.renderer, self._zoom, self._centre)
        if min(room) < 1 or wanted == self._drawn:
            return
        self._drawn = wanted
        if self._shot is None:
            if self._widget is not None:
                self._widget.image = None
            return
        if self._image is None or self._image[0] != self._shot:
            self._drawn = ()  # it is being read
            return
        image = self._image[1]
        if self._zoom > 1:
            image = image.crop(_part(image.size, self._zoom, self._centre))
        cells = fit(image.size, room)
        if self._widget is None:
            self._widget = picture_widget(self.renderer)
            self.mount(self._widget)
        self._widget.styles.width, self._widget.styles.height = cells
        self._widget.image = enlarge(image, cells, self.renderer)


def _part(size: tuple[int, int], zoom: int, centre: tuple[float, float]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the part of a picture that is shown, at least one pixel."""
    edges = []
    for side, at in zip(size, centre, strict=True):
        width = max(1, round(side / zoom))
        first = min(max(round(at * side - width / 2), 0), side - width)
        edges.append((first, first + width))
    (left, right), (top, bottom) = edges
    return left, top, right, bottom
