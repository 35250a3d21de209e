"""The runs as a table: its columns, their order, and how wide they are. No widget is touched here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from engine import PhospheneError
from tui.widgets.runs.line import called, lead, progress

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from engine import Column, Histories, Listed

WIDEST = 32
"""Cells of a column, at most."""
GAP = "  "


@dataclass(frozen=True)
class Cells:
    """A column as it is drawn."""

    title: str
    texts: list[str]
    numbers: bool

    @cached_property
    def width(self) -> int:
        """How many cells it is wide."""
        return min(WIDEST, max(map(cell_len, (self.title, *self.texts))))

    def cell(self, text: str) -> str:
        """Return a text as wide as the column, numbers flush right."""
        if cell_len(text) > self.width:
            text = f"{set_cell_size(text, self.width - 1)}…"
        return f"{' ' * (self.width - cell_len(text))}{text}" if self.numbers else set_cell_size(text, self.width)


class RunTable:
    """Which columns there are, and by which the runs are sorted.

    Attributes:
        columns: as ``phosphene runs --columns`` takes them; empty for those that suit the runs.
        sort: title of the column by which runs are sorted, with ``-`` before it if they fall; empty for the newest
            first.
    """

    def __init__(self, columns: str = "", sort: str = "") -> None:
        self.columns = self.sort = ""
        if not self.problem(columns):
            self.columns = columns
        if sort != "-" and not self.problem(sort.removeprefix("-")):
            self.sort = sort

    @staticmethod
    def problem(columns: str) -> str:
        """Return what is wrong with columns as they were typed, or the empty string."""
        from engine import parse_columns

        try:
            parse_columns(columns)
        except PhospheneError as error:
            return str(error)
        return ""

    @property
    def needs_curves(self) -> bool:
        """Whether a column shows a figure of whole curves."""
        from engine import parse_columns

        return any(column.figure for column in parse_columns(f"{self.columns},{self.sorted_by}"))

    # -- the order ------------------------------------------------------------------------------------------------

    def ordered(self, runs: Sequence[Listed], histories: Histories) -> Sequence[Listed]:
        """Return the runs in the order of the column they are sorted by."""
        from engine import runs_in_order

        source = self._source(self.sorted_by)
        return runs_in_order(runs, source, histories, falling=self.sort.startswith("-"))

    def sort_by_next(self, runs: Sequence[Listed], histories: Histories) -> None:
        """Sort by the next column of those that suit the runs, newest first; after the last, by none."""
        titles = [title for title in self.titles(runs) if any(self._cells(title, runs, histories).texts)]
        order = ["", *titles]
        place = order.index(self.sorted_by) if self.sorted_by in order else 0
        self.sort = order[(place + 1) % len(order)]

    def reverse(self) -> None:
        """Turn the order round."""
        self.sort = self.sort[1:] if self.sort.startswith("-") else f"-{self.sort}" if self.sort else ""

    @property
    def sorted_by(self) -> str:
        """The title of the column that runs are sorted by."""
        return self.sort.removeprefix("-")

    @property
    def arrow(self) -> str:
        """What stands after the title of the column that runs are sorted by."""
        return "▼" if self.sort.startswith("-") else "▲"

    # -- the columns ----------------------------------------------------------------------------------------------

    def titles(self, runs: Sequence[Listed]) -> list[str]:
        """Return the titles of the columns that are chosen, or that suit the runs; empty ones may be among them."""
        from engine import differences, parse_columns

        if self.columns:
            return list(dict.fromkeys(["id", *map(str, parse_columns(self.columns))]))
        differing = [one.field for one in differences(runs)]
        settings = [name for name in differing if name not in {"experiment", "seed", "device"}]
        return ["id", "name", "experiment", *settings, "result", "duration", "waited", "seed", "tags", "note"]

    @staticmethod
    def _source(title: str) -> Column:
        from engine import Column, parse_column

        return Column("tag") if title == "tags" else parse_column(title)

    def _cells(self, title: str, runs: Sequence[Listed], histories: Histories) -> Cells:
        from engine import MISSING

        source = self._source(title)
        values = [source.value(run, histories) for run in runs]
        if title == "id":
            texts = [called(run) for run in runs]
        else:
            texts = [" ".join(source.shown(value).split()) for value in values]
        numbers = [isinstance(value, int | float) for value in values if value is not MISSING]
        if title == "result":
            texts = [text or progress(run) for text, run in zip(texts, runs, strict=True)]
        arrow = self.arrow if title == self.sorted_by else ""
        return Cells(title + arrow, texts, bool(numbers) and all(numbers))

    def drawn(
        self, runs: Sequence[Listed], histories: Histories, selected: Collection[str], width: int
    ) -> tuple[str, dict[str, Content]]:
        """Return the header and the line of each run; of columns that suit the runs, as many as there is room for."""
        titles = self.titles(runs)
        if self.sort and self.sorted_by not in titles:
            titles.insert(titles.index("experiment") + 1 if "experiment" in titles else 1, self.sorted_by)
        columns = [self._cells(title, runs, histories) for title in titles]
        if not self.columns:
            columns = _fitting([one for one in columns if any(one.texts) or one.title == "id"], width - 2)
        # A title stands one cell further right than the lines under it, which begin with two marks.
        header = " " + GAP.join(one.cell(one.title) for one in columns)
        rows = zip(*([one.cell(text) for text in one.texts] for one in columns), strict=True)
        return header, {
            run.id: Content.assemble(*lead(run, selected), GAP.join(row)) for run, row in zip(runs, rows, strict=True)
        }


def _fitting(columns: list[Cells], width: int) -> list[Cells]:
    """Return the columns without as many hyperparameters, the last ones first, as there is no room for."""
    names = [one.title for one in columns]
    first, end = names.index("experiment") + 1 if "experiment" in names else 1, 0
    end = next((number for number, name in enumerate(names) if name.startswith("result")), first)
    while end > first and sum(one.width + len(GAP) for one in columns) - len(GAP) > width:
        end -= 1
        del columns[end]
    return columns
