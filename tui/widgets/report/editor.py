"""The fields of a part, its heading and its note, or of a report, its title and its author."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static, TextArea

from tui.actions import bindings

if TYPE_CHECKING:
    from textual.app import ComposeResult


class Editor(Vertical):
    """Hidden until something is edited; ctrl+s keeps what was typed, esc takes it back."""

    BINDINGS = bindings("part")
    BORDER_SUBTITLE: ClassVar[str] = "^s keeps · esc takes back"

    @dataclass
    class Typed(Message):
        """Something was typed: both texts as they stand now."""

        heading: str
        note: str

    @dataclass
    class Kept(Message):
        """The user keeps these texts."""

        heading: str
        note: str

    class TakenBack(Message):
        """The user leaves everything as it was."""

    def __init__(self) -> None:
        super().__init__(id="editor")
        self.display = False
        self._lined = False

    def compose(self) -> ComposeResult:
        """Lay out the one-line fields above the text."""
        yield Static("heading", id="heading-name", classes="field-name")
        yield Input(id="heading", compact=True, select_on_focus=False)
        yield Static("note, in Markdown", id="note-name", classes="field-name")
        yield Input(id="line", compact=True, select_on_focus=False)
        yield TextArea(id="note-text", soft_wrap=True, compact=True)
        yield Static(id="edit-problem", markup=False)

    @property
    def heading(self) -> str:
        """What stands in the upper field."""
        return " ".join(self.query_one("#heading", Input).value.split())

    @property
    def note(self) -> str:
        """What stands in the lower field."""
        return self.query_one("#line", Input).value if self._lined else self.query_one(TextArea).text

    def open(self, title: str, names: tuple[str, str], texts: tuple[str, str], *, lined: bool = False) -> None:
        """Show two texts.

        Args:
            title: of the frame.
            names: of the fields.
            texts: that stand in them.
            lined: whether the lower one has one line.
        """
        self.border_title = Content(title)
        self._lined = lined
        for name, text in zip(("#heading-name", "#note-name"), names, strict=True):
            self.query_one(name, Static).update(Content.styled(text, "$text-muted"))
        with self.prevent(Input.Changed, TextArea.Changed):
            self.query_one("#heading", Input).value = texts[0]
            self.query_one("#line", Input).value = texts[1] if lined else ""
            self.query_one(TextArea).load_text("" if lined else texts[1])
        self.query_one("#line").display = lined
        self.query_one(TextArea).display = not lined
        self.complain("")
        self.display = True

    def offer(self, heading: str, note: str) -> None:
        """Show what was typed before; ctrl+z in the text brings back what is kept."""
        self.query_one("#heading", Input).value = heading
        area = self.query_one(TextArea)
        if not self._lined and area.text != note:
            area.replace(note, (0, 0), area.document.end)
            area.move_cursor(area.document.end)
        self.complain("this was typed before and not kept; ctrl+z in the note brings back what is kept")

    def focus_field(self, *, note: bool) -> None:
        """Type into the lower field, or into the upper one."""
        field = self.query_one("#line" if self._lined else "#note-text") if note else self.query_one("#heading")
        field.focus()
        if isinstance(field, TextArea):
            field.move_cursor(field.document.end)
        elif isinstance(field, Input):
            field.action_end()

    def complain(self, problem: str) -> None:
        """Say under the fields what is wrong."""
        line = self.query_one("#edit-problem", Static)
        line.update(Content.styled(problem, "$text-warning"))
        line.display = bool(problem)

    def close(self) -> None:
        """Hide the fields."""
        self.display = False

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell what stands there."""
        event.stop()
        self.post_message(self.Typed(self.heading, self.note))

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Tell what stands there."""
        event.stop()
        self.post_message(self.Typed(self.heading, self.note))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep it: a line is done with enter."""
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Keep what was typed."""
        self.post_message(self.Kept(self.heading, self.note))

    def action_take_back(self) -> None:
        """Leave it as it was."""
        self.post_message(self.TakenBack())
