"""One picture on the whole screen, scrubbed with the same keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer

from tui.actions import bindings
from tui.widgets.picture import Picture

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.widgets.pictures import PicturePanel

REDRAW_SECONDS = 0.25


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
        """Draw, and follow the panel: it plays, blinks, and gets new pictures."""
        self._draw()
        self.set_interval(REDRAW_SECONDS, self._draw)

    def _draw(self) -> None:
        picture, shot = self.query_one(Picture), self._panel.shot
        picture.border_title = Content(self._panel.kind) if self._panel.kind else None
        closer = f" · {picture.zoom} times closer" if picture.zoom > 1 else ""
        picture.border_subtitle = Content(f"{shot.title}{closer}") if shot is not None else ""
        picture.show(shot)

    async def action_panel(self, name: str) -> None:
        """Do what the panel does under the same key."""
        await self._panel.run_action(name)
        self._draw()

    def action_closer(self, times: float) -> None:
        """Show a part larger, or more again."""
        self.query_one(Picture).closer(times)
        self._draw()

    def action_move(self, right: float, down: float) -> None:
        """Move the part that is shown."""
        self.query_one(Picture).move(right, down)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()
