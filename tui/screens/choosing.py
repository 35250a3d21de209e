"""Which report is meant: one of those that are kept, or a new one by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Container
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui.screens.painting import PaintedOnce

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult

    from engine import KeptReport


@dataclass(frozen=True, slots=True)
class Chosen:
    """The report that is meant.

    Attributes:
        text: its name, or the title of a new one.
        new: whether it is to be begun.
    """

    text: str
    new: bool = False


class ChooseReportScreen(PaintedOnce, ModalScreen["Chosen | None"]):
    """Asks for a report: the arrow keys go through those there are, a typed name begins another one.

    Args:
        question: a few words.
        reports: that are kept.
        present: name of the one that is meant now.
    """

    BINDINGS: ClassVar = [("escape", "dismiss", "back"), ("up", "step(-1)", ""), ("down", "step(1)", "")]

    def __init__(self, question: str, reports: Sequence[KeptReport], present: str = "") -> None:
        super().__init__()
        self._question = question
        self._reports = reports
        self._present = present

    def compose(self) -> ComposeResult:
        """Lay out the reports above the field for the name of another one."""
        with Container(id="choose-report") as frame:
            frame.border_title = Content(self._question)
            frame.border_subtitle = "enter takes it · esc back"
            yield OptionList(*map(self._option, self._reports), id="kept-reports")
            yield Input(placeholder="or type the name of a new one", compact=True, id="new-report")

    def _option(self, kept: KeptReport) -> Option:
        outline = kept.outline
        count = len(outline.parts) if outline is not None else 0
        said = kept.problem or f"{count} part{'s' * (count != 1)}"
        name = f"  {kept.name}" if kept.name != kept.title else ""
        return Option(Content.assemble(kept.title, (f"{name}  {said}", "$text-muted")), id=kept.name)

    def on_mount(self) -> None:
        """Type at once; the report that is meant now is under the highlight."""
        reports = self.query_one(OptionList)
        reports.can_focus = False
        reports.display = bool(self._reports)
        names = [kept.name for kept in self._reports]
        if names:
            reports.highlighted = names.index(self._present) if self._present in names else 0
        else:
            self.query_one(Input).placeholder = "a name, as in Two learning rates"
        self.query_one(Input).focus()

    def action_step(self, offset: int) -> None:
        """Go to the next report (1) or the previous one (-1)."""
        reports = self.query_one(OptionList)
        if offset > 0:
            reports.action_cursor_down()
        else:
            reports.action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the report that was clicked."""
        self.dismiss(Chosen(str(event.option_id)))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was typed: a report that there is by its name or title, or a new one; else the highlighted one."""
        text = " ".join(event.value.split())
        known = next((kept.name for kept in self._reports if text in {kept.name, kept.title}), "")
        highlighted = self.query_one(OptionList).highlighted
        if text:
            self.dismiss(Chosen(known) if known else Chosen(text, new=True))
        elif highlighted is not None and self._reports:
            self.dismiss(Chosen(self._reports[highlighted].name))
