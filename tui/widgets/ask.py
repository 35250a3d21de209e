"""A line that asks for a text: what it is about above, what is wrong with it below."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.widget import Widget


class Ask(Vertical):
    """Hidden until something is asked; enter answers, esc leaves everything as it was."""

    BINDINGS: ClassVar = [("escape", "leave", "leave"), ("tab,shift+tab", "leave", "")]

    def __init__(self) -> None:
        super().__init__(id="ask")
        self._asked_from: Widget | None = None
        self._answer: Callable[[str], str] = str
        self.display = False

    def compose(self) -> ComposeResult:
        """Lay out question, line and problem."""
        yield Static(id="question")
        yield Input(id="answer", classes="field filter", compact=True, select_on_focus=False)
        yield Static(id="problem")

    def open(self, question: str, text: str, answer: Callable[[str], str]) -> None:
        """Ask; the focus comes back to where it was.

        Args:
            question: a few words.
            text: what stands now.
            answer: takes the text; returns what is wrong with it, or the empty string.
        """
        self._asked_from, self._answer = self.screen.focused, answer
        self.query_one("#question", Static).update(Content.styled(question, "$text-muted"))
        self._complain("")
        line = self.query_one(Input)
        line.value = text
        self.display = True
        self.screen.set_focus(line)
        line.action_end()

    def action_leave(self) -> None:
        """Ask no more, and go back."""
        self.display = False
        self.screen.set_focus(self._asked_from)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say nothing more of an earlier text."""
        event.stop()
        self._complain("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer, and go back unless something is wrong."""
        event.stop()
        if not self.display:
            return
        problem = self._answer(event.value)
        self._complain(problem)
        if not problem:
            self.action_leave()

    def on_descendant_blur(self) -> None:
        """Ask no more once the user has gone elsewhere in the app."""
        if self.app.app_focus:
            self.display = False

    def _complain(self, problem: str) -> None:
        line = self.query_one("#problem", Static)
        line.update(Content.styled(problem, "$text-error"))
        line.display = bool(problem)
