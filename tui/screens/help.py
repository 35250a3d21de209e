"""All keys on one page, made from the registry of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.actions import ACTS

if TYPE_CHECKING:
    from textual.app import ComposeResult

TITLES = {
    "workbench": "Everywhere",
    "experiments": "Experiments",
    "runs": "Runs",
    "form": "Form",
    "charts": "Charts",
    "pictures": "Pictures",
    "full picture": "A picture on the whole screen",
    "tables": "Tables",
    "full table": "Tables on the whole screen",
    "console": "Console",
}
EVERYWHERE = (("↑ ↓", "Move in the lists and the form."), ("enter", "Go in: to the form, into a field, to a run."))


class HelpScreen(ModalScreen[None]):
    """All keys; closes with the keys that leave a screen, and with that which opened it."""

    BINDINGS: ClassVar = [("escape,q,question_mark,enter", "dismiss", "back")]

    def compose(self) -> ComposeResult:
        """Lay out one page."""
        with VerticalScroll(id="help") as page:
            page.border_title = "keys"
            page.border_subtitle = "esc back"
            yield Static(self._page())

    @staticmethod
    def _page() -> Content:
        lines: list[Content] = []
        for scope, title in TITLES.items():
            rows = [(act.display, act.help) for act in ACTS if act.scope == scope]
            if scope == "workbench":
                on_every_screen = [(act.display, act.help) for act in ACTS if act.scope == "app"]
                rows = [*EVERYWHERE, *rows, ("^p", "Open the command palette."), *on_every_screen]
            if rows:
                lines += _section(title, rows)
        return Content("\n").join(lines)


def _section(title: str, rows: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> list[Content]:
    head = Content.styled(title, "bold $accent")
    return [head, *[Content.assemble((f"  {keys:<16}", "bold"), help_) for keys, help_ in rows], Content("")]
