"""All keys on one page, made from the registry of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.actions import ACTS
from tui.limits import UNLIMITED, Limits, limits_of
from tui.screens.painting import PaintedOnce

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.actions import Act, Scope
    from tui.keymap import Keymap

TITLES: dict[Scope, str] = {
    "workbench": "Everywhere",
    "experiments": "Experiments",
    "runs": "Runs",
    "form": "Form",
    "charts": "Charts",
    "pictures": "Pictures",
    "full picture": "A picture on the whole screen",
    "console": "Console",
    "tables": "Tables",
    "compare": "A comparison of runs",
    "plan": "The plan of a sweep",
    "sweep": "A sweep",
    "shelf": "The shelf of studies",
    "study": "A study",
    "report": "A report",
    "part": "The words of a part of a report",
}
EVERYWHERE = (("↑ ↓", "Move in the lists and the form."), ("enter", "Go in: to the form, into a field, to a run."))


class HelpScreen(PaintedOnce, ModalScreen[None]):
    """All keys; closes with the keys that leave a screen, and with that which opened it."""

    BINDINGS: ClassVar = [("escape,q,question_mark,f1,enter", "dismiss", "back")]

    def __init__(self, first: Scope, keymap: Keymap) -> None:
        super().__init__()
        self._first = first
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        """Lay out one page."""
        with VerticalScroll(id="help") as page:
            page.border_title = "keys"
            page.border_subtitle = "esc back"
            yield Static(self.page(self._first, self._keymap, limits_of(self)))

    @staticmethod
    def page(first: Scope, keymap: Keymap, limits: Limits = UNLIMITED) -> Content:
        """Return the page with one scope before all others; what can never be done here has the reason beside it."""

        def row(act: Act) -> tuple[str, str]:
            return keymap.display(act), limits.reason_against(act) or act.help

        lines: list[Content] = []
        for scope in sorted(TITLES, key=lambda scope: scope != first):
            rows = [row(act) for act in ACTS if act.scope == scope]
            if scope == "workbench":
                on_every_screen = [row(act) for act in ACTS if act.scope == "app"]
                rows = [*EVERYWHERE, *rows, ("^p", "Open the command palette."), *on_every_screen]
            if rows:
                lines += _section(TITLES[scope], rows)
        return Content("\n").join(lines)


def _section(title: str, rows: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> list[Content]:
    head = Content.styled(title, "bold $accent")
    return [head, *[Content.assemble((f"  {keys:<16}", "bold"), help_) for keys, help_ in rows], Content("")]
