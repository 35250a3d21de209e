"""One picture on the whole screen, scrubbed with the same keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer

from tui.actions import bindings
from tui.widgets.pictures import Picture, PicturePanel

if TYPE_CHECKING:
    from textual.app import ComposeResult


class PictureScreen(ModalScreen[None]):
    """Shows what the panel shows, larger."""

    BINDINGS = bindings("full picture")

    def __init__(self, panel: PicturePanel) -> None:
        super().__init__()
        self._panel = panel

    def compose(self) -> ComposeResult:
        """Lay out the picture and the keys."""
        yield Picture(self._panel.renderer)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Draw."""
        self._draw()

    def _draw(self) -> None:
        picture = self.query_one(Picture)
        picture.border_title = Content(self._panel.kind) if self._panel.kind else None
        picture.border_subtitle = f"step {self._panel.current:,}" if self._panel.current is not None else ""
        picture.show(self._panel.file)

    def action_step(self, offset: int) -> None:
        """Show the picture some steps later."""
        self._panel.action_step(offset)
        self._draw()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()
