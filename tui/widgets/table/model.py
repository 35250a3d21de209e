"""A table as it is looked at: sorted, searched, shaded. Nothing here draws."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from rich.cells import cell_len

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine import Table

Sorting = Literal["rising", "falling"]
WIDEST = 60
"""Cells of a column, at most."""
ARROWS: dict[Sorting, str] = {"rising": "▲", "falling": "▼"}


class TableModel:
    """The cells of a table in the order in which they are shown.

    Args:
        table: as read.
        figures: of each column what its cells count as when they are sorted and shaded, None for texts; the numbers
            that they are if it is None.
    """

    def __init__(self, table: Table, figures: Sequence[tuple[float, ...] | None] | None = None) -> None:
        self.table = table
        self.numbers = [table.numbers(index) for index in range(len(table.columns))] if figures is None else [*figures]
        self.widths = [self._width(index) for index in range(len(table.columns))]
        self.sorted_by: tuple[int, Sorting] | None = None
        self._order: list[int] = list(range(len(table.rows)))
        self._ends = [self._extent(values) for values in self.numbers]

    def __len__(self) -> int:
        return len(self._order)

    def row(self, place: int) -> tuple[str, ...]:
        """Return the cells of the row that stands at a place."""
        return self.table.rows[self._order[place]]

    def place_in_table(self, place: int) -> int:
        """Return which row of the table stands at a place."""
        return self._order[place]

    def header(self, column: int) -> str:
        """Return the name of a column, with an arrow if the rows are sorted by it."""
        name = self.table.columns[column]
        if self.sorted_by is None or self.sorted_by[0] != column:
            return name
        return f"{name} {ARROWS[self.sorted_by[1]]}"

    def sort(self, column: int) -> None:
        """Sort by a column: rising, when asked again falling, and at the third time as in the file."""
        following: dict[Sorting | None, Sorting | None] = {None: "rising", "rising": "falling", "falling": None}
        present = self.sorted_by[1] if self.sorted_by is not None and self.sorted_by[0] == column else None
        way = following[present]
        self.sort_by((column, way) if way is not None else None)

    def sort_by(self, wanted: tuple[int, Sorting] | None) -> None:
        """Sort by a column, numbers as numbers and empty cells last; None for the order of the file."""
        self.sorted_by = wanted
        self._order = list(range(len(self.table.rows)))
        if wanted is None:
            return
        column, way = wanted
        values = self.numbers[column]
        if values is not None:
            known = [row for row in self._order if not math.isnan(values[row])]
            known.sort(key=values.__getitem__, reverse=way == "falling")
        else:
            texts = [row[column].casefold() for row in self.table.rows]
            known = [row for row in self._order if texts[row]]
            known.sort(key=texts.__getitem__, reverse=way == "falling")
        placed = set(known)
        self._order = known + [row for row in self._order if row not in placed]

    def find(self, text: str, start: tuple[int, int], direction: int = 1) -> tuple[int, int] | None:
        """Return row and column of the first cell from `start` on, there included, that contains a text.

        Args:
            text: upper and lower case are the same.
            start: row and column.
            direction: forwards (1) or backwards (-1), around the end.
        """
        wanted, columns = text.casefold(), len(self.table.columns)
        count = len(self) * columns
        first = start[0] * columns + start[1]
        for place in range(count):
            row, column = divmod((first + direction * place) % count, columns)
            if wanted in self.row(row)[column].casefold():
                return row, column
        return None

    def share(self, place: int, column: int) -> float | None:
        """Return where a number lies between its column's smallest (0) and largest (1); None if it does not."""
        values, ends = self.numbers[column], self._ends[column]
        if values is None or ends is None:
            return None
        value = values[self._order[place]]
        return (value - ends[0]) / (ends[1] - ends[0]) if math.isfinite(value) else None

    def as_shown(self) -> Table:
        """Return the table with its rows in this order."""
        return replace(self.table, rows=tuple(map(self.row, range(len(self)))))

    def _width(self, column: int) -> int:
        longest = max((cell_len(row[column]) for row in self.table.rows), default=0)
        return min(max(longest, cell_len(self.table.columns[column]) + 2), WIDEST)

    @staticmethod
    def _extent(values: tuple[float, ...] | None) -> tuple[float, float] | None:
        finite = [value for value in values or () if math.isfinite(value)]
        return (min(finite), max(finite)) if finite and min(finite) < max(finite) else None
