"""The page of an experiment: what it does, what to look at, what matters, what its figures mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from engine import page_sections
from tui.screens.painting import PaintedOnce

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine import Experiment


class PageScreen(PaintedOnce, ModalScreen[None]):
    """Shows the page of an experiment; closes with the keys that leave a screen, and with that which opened it."""

    BINDINGS: ClassVar = [("escape,q,h,enter", "dismiss", "back")]

    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        self._experiment = experiment

    def compose(self) -> ComposeResult:
        """Lay out one page, which the arrow keys scroll."""
        with VerticalScroll(id="page") as page:
            page.border_title = Content(self._experiment.name)
            page.border_subtitle = "esc back"
            yield Static(self._page())

    def _page(self) -> Content:
        lines: list[Content] = []
        for title, paragraphs in page_sections(self._experiment).items():
            lines += [Content(""), Content.styled(title, "bold $accent")] if lines else [Content.styled(title, "bold")]
            for name, text in paragraphs:
                lines.append(Content.assemble((f"{name}  ", "bold"), text) if name else Content(text))
        return Content("\n").join(lines)
