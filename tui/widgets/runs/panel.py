"""The list of runs, newest first, with state and progress or result."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from engine import InvalidFilter, Listed
from tui.actions import bindings
from tui.widgets.runs.annotating import KINDS, standing
from tui.widgets.runs.folding import PREFIX, Folding, line_id
from tui.widgets.runs.line import line, named
from tui.widgets.runs.queued import QueuedRuns
from tui.widgets.runs.table import RunTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine import Completion, Filter, ListedSweep, Run
    from tui.widgets.runs.annotating import Write
    from tui.widgets.runs.reading import ReadHistories

SHOWN = 300
AGAIN_SECONDS = 5.0
"""Within which the key that removes must be pressed again."""
WIDE = 60
"""Columns of the screen from which on the runs are a table."""


class RunList(QueuedRuns):
    """The newest runs; the highlighted one is what charts, pictures and console show."""

    BORDER_TITLE = "runs"
    BINDINGS = bindings("runs")

    @dataclass
    class Chosen(Message):
        """The highlight moved to a run, or the user entered it."""

        run: str
        entered: bool

    @dataclass
    class SweepEntered(Message):
        """The user wants to look at this sweep."""

        sweep: str

    @dataclass
    class RemovalRequested(Message):
        """The user wants these runs in the trash."""

        runs: list[Run]

    class RestorationRequested(Message):
        """The user wants the runs back that were removed last."""

    @dataclass
    class TextWanted(Message):
        """A text is to be asked for; ``answer`` takes it and returns what is wrong with it."""

        question: str
        text: str
        answer: Callable[[str], str]

    @dataclass
    class AnnotationRequested(Message):
        """The user adds something to runs; ``write`` writes it into one of them."""

        runs: list[Run]
        write: Write

    @dataclass
    class CompareRequested(Message):
        """The user wants to compare these runs, in the order of the list."""

        runs: list[str]

    @dataclass
    class FormRequested(Message):
        """The user wants this run's hyperparameters in the form."""

        run: str

    @dataclass
    class TableChanged(Message):
        """The user chose other columns, or another order."""

        columns: str
        sort: str

    def __init__(self, columns: str = "", sort: str = "") -> None:
        super().__init__(id="runs")
        self._table = RunTable(columns, sort)
        self._runs: dict[str, Listed] = {}
        self._folding = Folding()
        self._filter: Filter | None = None
        self._selected: set[str] = set()
        self._reading = False
        self._to_remove: list[str] = []
        self._until = 0.0
        self._to_mark = ""
        self._drawn: dict[str, Content] = {}
        self._drawn_width = 0
        self._folded_away = 0

    @cached_property
    def _logs(self) -> ReadHistories:
        """What logs say; reading them needs numpy, which must not delay the first paint."""
        from tui.widgets.runs.reading import ReadHistories

        return ReadHistories(curves=self._table.needs_curves)

    def show(self, runs: Sequence[Listed], sweeps: Sequence[ListedSweep] = ()) -> None:
        """Show these runs and sweeps. The highlight stays where it was."""
        # Thousands of runs of which none has changed need not be filtered and sorted every second.
        ended = all(run.status.ended for run in runs)
        if ended and [*self._runs.values()] == runs and self._folding.sweeps == sweeps:
            return
        self._runs = {run.id: run for run in runs}
        self._folding.take(sweeps, runs)
        if self._selected:
            self._selected &= self._runs.keys()
        if "_logs" in vars(self):
            self._logs.look_again(runs)
        self._fill()
        if self._to_mark:
            self.mark(self._to_mark)

    def mark(self, run: str) -> None:
        """Put the highlight on a run as soon as it is listed, or on its sweep's line; without a message."""
        lines = (run, line_id(self._folding.sweep_of(run)))
        line = next((one for one in lines if one in self._drawn), "")
        self._to_mark = "" if line else run
        if line and line != self._line:
            with self.prevent(OptionList.OptionHighlighted):
                self.highlighted = self.get_option_index(line)

    def narrow(self, text: str) -> str:
        """Show only runs that a filter holds for; return what is wrong with it, which changes nothing."""
        from engine import parse_filter

        try:
            self._filter = parse_filter(text) if text.strip() else None
        except InvalidFilter as error:
            return str(error)
        hidden = self._to_mark or self.chosen
        self._fill()
        self.mark(hidden)  # when it is listed again
        return ""

    def settle(self) -> None:
        """Put the highlight on the first run that the filter found, if it hides the one that had it."""
        if self._drawn and self.highlighted is None:
            self._to_mark = ""
            self.highlighted = 0

    def completions(self, text: str, cursor: int) -> Sequence[Completion]:
        """Return what the piece of a filter that ends at the cursor may become, by what the runs have."""
        from engine import complete_filter

        return complete_filter(text, cursor, [*self._runs.values()])

    @property
    def chosen(self) -> str:
        """Id of the highlighted run, or the empty string."""
        return "" if self._line.startswith(PREFIX) else self._line

    @property
    def chosen_sweep(self) -> str:
        """Id of the highlighted sweep, or the empty string."""
        return self._line.removeprefix(PREFIX) if self._line.startswith(PREFIX) else ""

    @property
    def _line(self) -> str:
        option = self.highlighted_option
        return option.id or "" if option else ""

    # -- the selection --------------------------------------------------------------------------------------------

    @property
    def selected(self) -> list[str]:
        """Ids of the selected runs in the order of the list, those that the filter hides last."""
        return [run for run in dict.fromkeys([*self._drawn, *self._runs]) if run in self._selected]

    @property
    def meant(self) -> list[Listed]:
        """The runs that a key is about: the selected ones, or else the highlighted one."""
        return [run for run in self._runs.values() if run.id in self._selected] if self._selected else self.pointed

    @property
    def pointed(self) -> list[Listed]:
        """The run under the highlight, if there is one."""
        return [self._runs[self.chosen]] if self.chosen in self._runs else []

    def clear_selection(self) -> None:
        """Select nothing any more."""
        self._selected.clear()
        self._fill()

    def action_select_run(self) -> None:
        """Select the highlighted run, or unselect it, and move down."""
        wanted = {*self._folding.members(self.chosen_sweep), *([self.chosen] if self.chosen else [])}
        if wanted:
            self._selected = self._selected - wanted if wanted <= self._selected else self._selected | wanted
            self._fill()
            if self.highlighted is not None and self.highlighted + 1 < self.option_count:
                self.action_cursor_down()

    def action_select_all(self) -> None:
        """Select all that are shown, or unselect them if they all are selected."""
        shown = {line for line in self._drawn if not line.startswith(PREFIX)}
        self._selected = self._selected - shown if shown <= self._selected else self._selected | shown
        self._fill()

    def action_compare(self) -> None:
        """Request that the selected runs are compared."""
        runs = self.selected
        if not runs and self.chosen_sweep:
            runs = self._folding.members(self.chosen_sweep)
        if len(runs) > 1:
            self.post_message(self.CompareRequested(runs))
        else:
            self.notify("select two runs or more to compare them: space selects one, * all that are shown")

    # -- what is drawn --------------------------------------------------------------------------------------------

    def action_unfold(self, unfolded: bool) -> None:
        """Show the runs of the highlighted sweep under it, or fold those of this run's sweep away."""
        sweep = self.chosen_sweep or self._folding.sweep_of(self.chosen)
        if sweep and self._folding.set(sweep, unfolded=unfolded):
            self._fill(line_id(sweep))

    def _fill(self, chosen: str = "") -> None:
        chosen = chosen or self._line
        found = self._filtered()
        title, lines = self._arranged(self._table.ordered(found, self._logs) if self._table.sort else found)
        if lines and list(lines) == list(self._drawn):
            for index, (run, line) in enumerate(lines.items()):
                if not line.is_same(self._drawn[run]):
                    self.replace_option_prompt_at_index(index, line)
        else:
            with self.prevent(OptionList.OptionHighlighted):
                self.set_options(Option(line, id=run) for run, line in lines.items())
                if chosen in lines:
                    self.highlighted = self.get_option_index(chosen)
        if not lines and self._filter:
            self.set_options([Option(Content(f"none matches {self._filter}"), disabled=True)])
        self._drawn = lines
        self.border_title = title
        self._read_on()
        self.border_subtitle = self._counts()
        self.offer()

    def _counts(self) -> str:
        """Say how many runs are selected, how many are not shown, what must be read first, and what the order is."""
        shown, folded = sum(not line.startswith(PREFIX) for line in self._drawn), self._folded_away
        counts = {
            "selected" if len(self._selected) < 2 else "selected: C compares": len(self._selected),
            "in sweeps": folded,
            "more" if self._filter is None else "filtered out": len(self._runs) - shown - folded,
            "logs to read": len(self._logs.missing) if self._reading else 0,
        }
        parts = [f"{count:,} {what}" for what, count in counts.items() if count]
        if self._table.sort and self.border_title == "runs":
            parts.append(f"by {self._table.sorted_by}{self._table.arrow}")
        return " · ".join(parts)

    def _filtered(self) -> list[Listed]:
        """Return the runs that the filter holds for, newest first."""
        wanted, runs = self._filter, self._runs.values()
        return [*runs] if wanted is None else [run for run in runs if wanted.matches(run, self._logs)]

    def _arranged(self, runs: Sequence[Listed]) -> tuple[str, dict[str, Content]]:
        """Return the title of the list and its first lines, by their ids: those of a table, if there is room."""
        filtered, wide = self._filter is not None, self.outer_size.width >= WIDE
        every = self._folding.arranged(runs, filtered=filtered, in_order=bool(self._table.sort))
        self._folded_away = 0 if filtered else len(runs) - sum(isinstance(one, Listed) for one in every)
        shown = [one for one in every[:SHOWN] if isinstance(one, Listed)]
        self._drawn_width = self.outer_size.width
        if shown and wide:
            width = self._drawn_width - self.gutter.width - self.styles.scrollbar_size_vertical
            title, drawn = self._table.drawn(shown, self._logs, self._selected, width)
        else:
            title, drawn = "runs", {run.id: line(run, self._selected) for run in shown}
        return title, self._folding.lines(every[:SHOWN], drawn, self._selected, wide=wide, filtered=filtered)

    def on_resize(self) -> None:
        """Draw a table or a narrow list, as there is room; neither a height nor a scrollbar changes a line."""
        if self.outer_size.width != self._drawn_width:
            self._fill()

    def _read_on(self) -> None:
        """Read the logs that were asked for, and show what they say, until none is missing."""
        if "_logs" in vars(self) and self._logs.missing and not self._reading:
            self._reading = True
            self.run_worker(self._read(), group="reading")

    async def _read(self) -> None:
        try:
            while self._logs.missing:
                await self._logs.catch_up()
                self._fill()
        finally:
            self._reading = False
            self.border_subtitle = self._counts()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Post which run the highlight is on."""
        event.stop()
        self._to_mark = ""
        if event.option_id and self.chosen:
            self.post_message(self.Chosen(event.option_id, entered=False))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Post that the user wants to look at this run."""
        event.stop()
        if event.option_id and event.option_id.startswith(PREFIX):
            self.post_message(self.SweepEntered(event.option_id.removeprefix(PREFIX)))
        elif event.option_id:
            self.post_message(self.Chosen(event.option_id, entered=True))

    def action_remove(self) -> None:
        """Request that the meant runs are removed; the key must be pressed twice, soon and here."""
        runs, now = self.meant, time.monotonic()
        if not runs:
            if self.chosen_sweep:
                self.notify(f"phosphene sweep remove {self.chosen_sweep} removes it; its runs stay", markup=False)
            return
        wanted = [run.id for run in runs]
        if self.has_focus and wanted == self._to_remove and now < self._until:
            self.post_message(self.RemovalRequested([run.directory for run in runs]))
            self._to_remove = []
        else:
            self._to_remove, self._until = wanted, now + AGAIN_SECONDS
            self.notify(f"again moves {named(runs, self._drawn)} into the trash", timeout=AGAIN_SECONDS, markup=False)

    def action_restore(self) -> None:
        """Request that the runs that were removed last come back."""
        self.post_message(self.RestorationRequested())

    def action_annotate(self, name: str) -> None:
        """Ask for tags, a note or a name for the meant runs."""
        runs = self.meant
        if not runs:
            return
        kind = KINDS[name]
        before = standing(kind, runs)

        def answer(text: str) -> str:
            if text.strip() != before:
                write = kind.change(text, before)
                self.post_message(self.AnnotationRequested([run.directory for run in runs], write))
            return ""

        self.post_message(self.TextWanted(f"{kind.question} {named(runs)}", before, answer))

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._table.sort_by_next(self._filtered()[:SHOWN], self._logs)
        self._rearrange()

    def action_reverse(self) -> None:
        """Turn the order round."""
        if self._table.sort:
            self._table.reverse()
            self._rearrange()
        else:
            self.notify("sort by a column first: o")

    def action_choose_columns(self) -> None:
        """Ask for the columns of the table."""

        def answer(text: str) -> str:
            problem = self._table.problem(text)
            if not problem:
                self._table.columns = text.strip()
                self._rearrange()
            return problem

        question = "columns of the table, such as lr, max validation/accuracy; nothing for those that suit"
        self.post_message(self.TextWanted(question, self._table.columns, answer))

    def _rearrange(self) -> None:
        if self._table.needs_curves:
            self._logs.keep_curves()
        self._fill()
        self.post_message(self.TableChanged(self._table.columns, self._table.sort))

    def action_as_form(self) -> None:
        """Request the highlighted run's hyperparameters in the form."""
        if self.chosen:
            self.post_message(self.FormRequested(self.chosen))
