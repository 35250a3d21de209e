"""One picture on the whole screen, scrubbed with the same keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.content import Content
from textual.screen import ModalScreen

from tui.actions import bindings
from tui.limits import Limited
from tui.screens.ending import Ending
from tui.screens.painting import PaintedOnce
from tui.widgets.key_bar import KeyBar
from tui.widgets.shot import ShotView

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import ComposeResult

    from engine import gallery
    from tui.actions import Scope


class PictureScreen(Limited, Ending, PaintedOnce, ModalScreen[None]):
    """Shows what the picture panel shows, larger; the workbench hands on every change of it.

    Args:
        renderer: how pictures are drawn.
        kind: name of the picture.
        shot: what is shown, if anything.
        act: runs an action of the panel.
    """

    BINDINGS = bindings("full picture")
    scope: Scope = "full picture"
    acts_of: ClassVar[Scope] = "full picture"

    def __init__(
        self, renderer: str, kind: str, shot: gallery.Shot | None, act: Callable[[str], Awaitable[Any]]
    ) -> None:
        super().__init__()
        self._renderer = renderer
        self._kind = kind
        self._shot = shot
        self._act = act

    def compose(self) -> ComposeResult:
        """Lay out the picture and the keys."""
        yield ShotView(self._renderer)
        yield KeyBar()

    def on_mount(self) -> None:
        """Draw."""
        self._draw()

    def show(self, kind: str, shot: gallery.Shot | None) -> None:
        """Show another picture."""
        self._kind, self._shot = kind, shot
        if self.is_mounted:
            self._draw()

    def _draw(self) -> None:
        view = self.query_one(ShotView)
        zoom = view.picture.zoom if view.picture.display else 1
        view.border_title = Content(self._kind) if self._kind else None
        magnified = f" · {zoom} times larger" if zoom > 1 else ""
        view.border_subtitle = Content(f"{self._shot.title}{magnified}") if self._shot is not None else ""
        view.show(self._shot)

    async def action_panel(self, name: str) -> None:
        """Do what the panel does under the same key."""
        await self._act(name)

    def action_magnify(self, times: float) -> None:
        """Show a part larger, or more of the picture."""
        picture = self.query_one(ShotView).picture
        if picture.display:
            picture.magnify(times)
            self._draw()

    def action_move(self, right: float, down: float) -> None:
        """Move the part of a picture that is shown."""
        self.query_one(ShotView).picture.move(right, down)

    def action_scroll(self, direction: int) -> None:
        """Scroll a plot, down (1) or up (-1)."""
        self.query_one(ShotView).plot.scroll_page(direction)

    async def action_add_to_report(self) -> None:
        """Add the picture to the report."""
        await self._act("add_to_report")

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()
