"""The lists of experiments and runs, each under a filter of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from tui.widgets.experiments import ExperimentList
from tui.widgets.runs import RunList

if TYPE_CHECKING:
    from textual.app import ComposeResult


class FilterField(Input):
    """The filter of the list below it; it stays on the screen while it holds anything.

    Args:
        target: id of the list.
        hint: what it says while it is empty.
    """

    BINDINGS: ClassVar = [("escape", "drop", "show all"), ("down", "keep", "to the list")]

    @dataclass
    class Left(Message):
        """The user goes on to the list; the filter stays in force or was cleared."""

        target: str

    def __init__(self, target: str, hint: str) -> None:
        super().__init__(placeholder=hint, id=f"filter-{target}", classes="field filter", compact=True)
        self.target = target
        self.display = False

    def open(self) -> None:
        """Show the filter and go to it."""
        self.display = True
        self.focus()

    def clear_and_close(self) -> None:
        """Show everything again."""
        self.value = ""
        self.display = False

    def action_drop(self) -> None:
        """Clear the filter and go to the list."""
        self.clear_and_close()
        self.post_message(self.Left(self.target))

    def action_keep(self) -> None:
        """Keep the filter and go to the list."""
        self.post_message(self.Left(self.target))

    def on_blur(self) -> None:
        """Hide the filter if it holds nothing."""
        self.display = bool(self.value)


class Lists(Vertical):
    """Both lists, and the fields that filter them while the user types."""

    def __init__(self) -> None:
        super().__init__(id="lists")

    def compose(self) -> ComposeResult:
        """Lay out each filter above its list."""
        yield FilterField("experiments", "filter experiments")
        yield ExperimentList()
        yield FilterField("runs", "filter runs")
        yield RunList()

    def open_filter(self, target: str) -> None:
        """Show the filter of a list and go to it."""
        self.query_one(f"#filter-{target}", FilterField).open()

    def clear_filter(self, target: str) -> bool:
        """Show a whole list again; return whether a filter was in force."""
        field = self.query_one(f"#filter-{target}", FilterField)
        in_force = bool(field.value)
        field.clear_and_close()
        return in_force

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter the list below the field."""
        event.stop()
        if event.input.id == "filter-experiments":
            self.query_one(ExperimentList).narrow(event.value)
        else:
            self.query_one(RunList).narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go to the list."""
        event.stop()
        if isinstance(event.input, FilterField):
            self._go_to(event.input.target)

    def on_filter_field_left(self, message: FilterField.Left) -> None:
        """Go to the list that the filter belongs to."""
        message.stop()
        self._go_to(message.target)

    def _go_to(self, target: str) -> None:
        if target == "experiments":
            self.query_one(ExperimentList).settle()
        self.query_one(f"#{target}").focus()
