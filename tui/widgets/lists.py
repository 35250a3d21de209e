"""The lists of experiments and runs, each under a filter of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical

from tui.widgets.ask import Ask
from tui.widgets.experiments import ExperimentList
from tui.widgets.filters import FilterField, FilterNote, RunFilter
from tui.widgets.runs import RunList

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import Input


class Lists(Vertical):
    """Both lists, and the fields that filter them while the user types.

    Args:
        columns: of the table of runs.
        sort: by which of them it is sorted.
    """

    def __init__(self, columns: str, sort: str) -> None:
        super().__init__(id="lists")
        self._columns, self._sort = columns, sort

    def compose(self) -> ComposeResult:
        """Lay out each filter above its list."""
        runs = RunList(self._columns, self._sort)
        yield FilterField("experiments", "filter experiments")
        yield ExperimentList()
        yield RunFilter(runs.completions)
        yield FilterNote()
        yield Ask()
        yield runs

    def open_filter(self, target: str) -> None:
        """Show the filter of a list and go to it."""
        self.query_one(f"#filter-{target}", FilterField).open()

    def step_out(self, target: str) -> None:
        """Show a whole list again; if no filter is in force, let go of what is selected."""
        field = self.query_one(f"#filter-{target}", FilterField)
        if field.value:
            field.clear_and_close()
        elif target == "runs":
            self.query_one(RunList).clear_selection()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter the list below the field."""
        event.stop()
        if event.input.id == "filter-experiments":
            self.query_one(ExperimentList).narrow(event.value)
        else:
            self._filter_runs()

    def on_run_filter_offered(self, message: RunFilter.Offered) -> None:
        """Name the completions under the field."""
        message.stop()
        self.query_one(FilterNote).offer(message.offers, message.taken)

    def on_run_list_text_wanted(self, message: RunList.TextWanted) -> None:
        """Ask for a text above the runs."""
        message.stop()
        self.query_one(Ask).open(message.question, message.text, message.answer)

    def on_filter_field_left(self, message: FilterField.Left) -> None:
        """Let the list that the filter belongs to keep what it found."""
        message.stop()
        if message.target == "experiments":
            self.query_one(ExperimentList).settle()
        else:
            self._filter_runs()
            self.query_one(RunList).settle()

    def _filter_runs(self) -> None:
        """Show what the filter of the runs holds for, and say what is wrong with it."""
        text = self.query_one(RunFilter).value
        self.query_one(FilterNote).complain(self.query_one(RunList).narrow(text))
