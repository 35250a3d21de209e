"""Two questions in the last rows of the screen: which of a few, and under which name."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Container
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.screens.painting import PaintedOnce

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events
    from textual.app import ComposeResult


FORMS = {"m": ("Markdown", "md"), "l": ("LaTeX", "latex")}
"""The forms in which tables are copied, by their keys."""


class QuestionScreen(PaintedOnce, ModalScreen[str | None]):
    """A question in a frame; escape answers with None."""

    BINDINGS: ClassVar = [("escape", "dismiss", "back")]

    def __init__(self, question: str, hint: str) -> None:
        super().__init__()
        self._question = question
        self._hint = hint

    def compose(self) -> ComposeResult:
        """Lay out the frame around what is answered."""
        with Container(id="question") as frame:
            frame.border_title = Content(self._question)
            frame.border_subtitle = Content(self._hint)
            yield self.field()

    def field(self) -> Static | Input:
        """Return the widget inside the frame."""
        raise NotImplementedError


class ChooseScreen(QuestionScreen):
    """Asks for one of a few; a key answers.

    Args:
        question: a few words.
        choices: what each key means.
    """

    def __init__(self, question: str, choices: Mapping[str, str]) -> None:
        super().__init__(question, "esc back")
        self._choices = choices

    def field(self) -> Static:
        """Return the keys and what they mean."""
        return Static("   ".join(f"{key} {name}" for key, name in self._choices.items()), markup=False)

    def on_key(self, event: events.Key) -> None:
        """Take the answer."""
        if event.key in self._choices:
            event.stop()
            self.dismiss(event.key)


class TextScreen(QuestionScreen):
    """Asks for a name or a number; what was typed last to the same question is brought back by a key.

    Args:
        question: a few words.
        offered: the answer that stands there at first.
        hint: what it may be.
        empty: whether nothing is an answer, too; otherwise it is none, as after esc.
    """

    BINDINGS: ClassVar = [("up", "recall", "what was typed last")]
    typed: ClassVar[dict[str, str]] = {}
    """The last answer to each question that was not the one offered, also if it was refused or left by esc."""

    def __init__(self, question: str, offered: str, hint: str, *, empty: bool = False) -> None:
        recalled = " · ↑ typed last" if question in self.typed else ""
        super().__init__(question, f"{hint}{recalled} · esc back")
        self._offered = self._text = offered
        self._empty = empty

    def field(self) -> Input:
        """Return the field for the answer."""
        return Input(self._offered, compact=True, select_on_focus=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Follow what is typed."""
        self._text = event.value

    def on_unmount(self) -> None:
        """Remember what was typed."""
        if self._text not in {self._offered, ""}:
            self.typed[self._question] = self._text

    def action_recall(self) -> None:
        """Bring back what was typed last."""
        field = self.query_one(Input)
        field.value = self.typed.get(self._question, field.value)
        field.cursor_position = len(field.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the answer."""
        text = event.value.strip()
        self.dismiss(text if text or self._empty else None)
