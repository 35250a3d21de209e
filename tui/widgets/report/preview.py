"""A part of a report as it will be read: its Markdown, captions in place of figures."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Markdown, Static

if TYPE_CHECKING:
    from textual.app import ComposeResult

PAUSE_SECONDS = 0.08
"""For which the highlight must stay on a part before it is drawn."""


class Preview(VerticalScroll):
    """Draws one part; what is the same as before is not drawn again."""

    def __init__(self) -> None:
        super().__init__(id="preview")
        self._drawn = ("", "", "")

    def compose(self) -> ComposeResult:
        """Lay out what is said of the part above its text."""
        yield Static(id="preview-about", markup=False)
        yield Markdown(open_links=False)

    def show(self, title: str, about: str, text: str) -> None:
        """Show a part.

        Args:
            title: of the frame.
            about: said of it, above its text.
            text: in Markdown.
        """
        if (title, about, text) == self._drawn:
            return
        self._drawn = title, about, text
        self.border_title = Content(title)
        said = self.query_one("#preview-about", Static)
        said.update(Content.styled(about, "$text-muted"))
        said.display = bool(about)
        self._draw(text)

    @work(exclusive=True)
    async def _draw(self, text: str) -> None:
        await asyncio.sleep(PAUSE_SECONDS)
        # Nobody waits for it: ended half-way, its parts would neither go nor stay.
        self.query_one(Markdown).update(text)
        self.scroll_home(animate=False)
