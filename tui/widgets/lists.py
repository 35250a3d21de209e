"""The lists of experiments and runs under one filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Input

from tui.widgets.experiments import ExperimentList
from tui.widgets.runs import RunList

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import OptionList


class Lists(Vertical):
    """Both lists, and the field that filters them while the user types."""

    def __init__(self) -> None:
        super().__init__(id="lists")

    def compose(self) -> ComposeResult:
        """Lay out the filter above the lists."""
        yield Input(placeholder="filter", id="filter", compact=True)
        yield ExperimentList()
        yield RunList()

    def on_mount(self) -> None:
        """Hide the filter until it is needed."""
        self._field.display = False

    @property
    def _field(self) -> Input:
        return self.query_one("#filter", Input)

    def open_filter(self) -> None:
        """Show the filter and go to it."""
        self._field.display = True
        self.screen.set_focus(self._field)

    def leave_filter(self) -> None:
        """Clear and hide the filter, and go to the experiments."""
        if self._field.display:
            self._field.value = ""
            self._field.display = False
        self.query_one(ExperimentList).focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter both lists."""
        event.stop()
        self.query_one(ExperimentList).narrow(event.value)
        self.query_one(RunList).narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go to the first list in which it found something."""
        event.stop()
        self.query_one(ExperimentList).settle()
        lists: list[OptionList] = [self.query_one(ExperimentList), self.query_one(RunList)]
        next((each for each in lists if each.option_count), lists[0]).focus()
