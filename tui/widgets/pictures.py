"""The pictures of a run: one kind at a time, scrubbed through its steps, drawn as the terminal allows."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Vertical, VerticalGroup
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from tui.actions import bindings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PIL.Image import Image
    from textual import events
    from textual.app import ComposeResult
    from textual.timer import Timer
    from textual.widget import Widget

PLAY_SECONDS = 0.25
CELL = (10, 20)
"""Pixels of a character cell where the terminal does not say."""


def picture_widget(renderer: str) -> Widget:
    """Return an empty widget that draws pictures with the renderer named, without a question to the terminal."""
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
    """Import the library that asks the terminal what it can do, and reads the user's keys as the answer, in silence."""
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
    """Return the picture in the pixels the renderer will draw: whole pixels stay sharp when enlarged."""
    from PIL import Image as Pillow

    per_cell = {"halfcell": (1, 2), "ascii": (1, 1)}.get(renderer) or cell_pixels()
    target = cells[0] * per_cell[0], cells[1] * per_cell[1]
    larger = target[0] >= image.width and target[1] >= image.height
    return image.resize(target, Pillow.Resampling.NEAREST if larger else Pillow.Resampling.BOX)


class Picture(Vertical):
    """Draws one picture file as large as there is room."""

    def __init__(self, renderer: str) -> None:
        super().__init__()
        self.renderer = renderer
        self._file: Path | None = None
        self._drawn: tuple[Path | None, tuple[int, int], str] | None = None
        self._widget: Any = None

    def show(self, file: Path | None) -> None:
        """Draw this file, or nothing."""
        self._file = file
        self._draw()

    def redraw_with(self, renderer: str) -> None:
        """Draw with another renderer from now on."""
        self.renderer = renderer
        if self._widget is not None:
            self._widget.remove()
        self._widget = self._drawn = None
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        """Use the new room."""
        del event
        self._draw()

    def _draw(self) -> None:
        room = (self.content_size.width, self.content_size.height)
        wanted = (self._file, room, self.renderer)
        if min(room) < 1 or wanted == self._drawn:
            return
        self._drawn = wanted
        if self._file is None:
            if self._widget is not None:
                self._widget.image = None
            return
        from PIL import Image as Pillow

        try:
            with Pillow.open(self._file) as file:
                image = file.convert("RGB")
        except OSError:
            # Removed meanwhile, or damaged: the next one will do.
            return
        cells = fit(image.size, room)
        if self._widget is None:
            self._widget = picture_widget(self.renderer)
            self.mount(self._widget)
        self._widget.styles.width, self._widget.styles.height = cells
        self._widget.image = enlarge(image, cells, self.renderer)


class PicturePanel(VerticalGroup, can_focus=True):
    """The pictures of a run by name and step; follows the newest until the user goes back."""

    BORDER_TITLE = "pictures"
    BINDINGS = bindings("pictures")
    DEFAULT_CLASSES: ClassVar[str] = "pane"

    @dataclass
    class Shown(Message):
        """A picture of this step was chosen; None while the newest is shown whatever comes."""

        step: int | None

    @dataclass
    class EnlargeAsked(Message):
        """The user wants the picture on the whole screen."""

    def __init__(self, renderer: str) -> None:
        super().__init__(id="pictures")
        self._images: dict[str, dict[int, Path]] = {}
        self.kind = ""
        self._chosen = False
        self._step: int | None = None
        self._timer: Timer | None = None
        self._renderer = renderer
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        """Lay out the picture above its scrubber."""
        yield Picture(self._renderer)
        yield Static(id="scrubber")

    @property
    def renderer(self) -> str:
        """How pictures are drawn."""
        return self._renderer

    def redraw_with(self, renderer: str) -> None:
        """Draw with another renderer from now on."""
        self._renderer = renderer
        self.query_one(Picture).redraw_with(renderer)

    def show(self, images: dict[str, dict[int, Path]]) -> None:
        """Show a run's pictures: files by step, by name."""
        if images is not self._images:
            self._stop_playing()
            self._chosen = False
        self._images = images
        if not self._chosen or self.kind not in images:
            # Until the user chooses one: the kind of which there is most to see.
            kind = max(images, key=lambda name: len(images[name]), default="")
            self.kind, self._step = kind, self._step if kind == self.kind else None
        self._draw()

    @property
    def steps(self) -> list[int]:
        """The steps of the chosen kind of picture."""
        return sorted(self._images.get(self.kind, ()))

    @property
    def current(self) -> int | None:
        """The step shown: the one chosen, or the newest."""
        steps = self.steps
        if self._step in steps:
            return self._step
        return steps[-1] if steps else None

    @property
    def pinned(self) -> int | None:
        """The step the user went back to, or None while the newest is shown."""
        return self._step if self._step in self.steps else None

    @property
    def file(self) -> Path | None:
        """The file shown."""
        return self._images[self.kind][self.current] if self.current is not None else None

    def _draw(self) -> None:
        picture, scrubber = self.query_one(Picture), self.query_one("#scrubber", Static)
        steps, current = self.steps, self.current
        room = max(4, scrubber.content_size.width - 4)
        state = (self.file, len(steps), tuple(self._images), room)
        if state == self._drawn:
            return
        self._drawn = state
        picture.show(self.file)
        if current is None:
            self.border_subtitle = ""
            scrubber.update(Content.styled("no pictures yet", "$text-muted"), layout=False)
            return
        names = list(self._images)
        which = f" {names.index(self.kind) + 1}/{len(names)}" if len(names) > 1 else ""
        # Names are shown as they are, whatever markup they seem to hold.
        self.border_title = Content(f"{self.kind}{which}")
        self.border_subtitle = f"step {current:,}"
        at = round(steps.index(current) / max(len(steps) - 1, 1) * (room - 1))
        bar = "─" * at + "●" + "─" * (room - 1 - at)
        line = Content.assemble(("◀ ", "$text-muted"), (bar, "$accent"), (" ▶", "$text-muted"))
        scrubber.update(line, layout=False)

    def _go(self, step: int | None) -> None:
        self._step = step
        self._draw()
        self.post_message(self.Shown(self.pinned))

    def action_step(self, offset: int) -> None:
        """Show the picture some steps later (or, negative, earlier)."""
        steps = self.steps
        if self.current is not None:
            index = min(max(steps.index(self.current) + offset, 0), len(steps) - 1)
            self._go(None if index == len(steps) - 1 else steps[index])

    def action_first(self) -> None:
        """Show the first picture."""
        if self.steps:
            self._go(self.steps[0])

    def action_last(self) -> None:
        """Show the newest picture, and those that come."""
        self._go(None)

    def _go_to_kind(self, offset: int) -> None:
        names = list(self._images)
        if names:
            self.kind = names[(names.index(self.kind) + offset) % len(names)]
            self._chosen = True
            self._go(None)

    def action_next_name(self) -> None:
        """Show the next kind of picture."""
        self._go_to_kind(1)

    def action_previous_name(self) -> None:
        """Show the previous kind of picture."""
        self._go_to_kind(-1)

    def action_play(self) -> None:
        """Play the pictures in order from the first, or stop playing."""
        if not self._stop_playing() and len(self.steps) > 1:
            self.action_first()
            self._timer = self.set_interval(PLAY_SECONDS, self._play_on)

    def _stop_playing(self) -> bool:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.stop()
        return timer is not None

    def _play_on(self) -> None:
        if not self.steps or self.current == self.steps[-1]:
            self._stop_playing()
        else:
            self.action_step(1)

    def action_enlarge(self) -> None:
        """Ask for the whole screen."""
        if self.file is not None:
            self.post_message(self.EnlargeAsked())

    def on_click(self, event: events.Click) -> None:
        """Scrub with the mouse."""
        scrubber = self.query_one("#scrubber", Static)
        if event.widget is scrubber and self.steps:
            room = max(4, scrubber.content_size.width - 4)
            at = min(max(event.x - 2, 0), room - 1) / max(room - 1, 1)
            step = self.steps[round(at * (len(self.steps) - 1))]
            self._go(None if step == self.steps[-1] else step)

    def on_resize(self, event: events.Resize) -> None:
        """Use the new room."""
        del event
        self._draw()
