"""The pane with the tables of a run, one at a time; their files are CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import DataTable

from engine import PhospheneError, read_table
from tui.actions import bindings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from textual.app import ComposeResult

MOST_ROWS = 10_000


class TablePane(Vertical):
    """Shows the newest table until the user chooses another one."""

    BINDINGS = bindings("tables")

    def __init__(self) -> None:
        super().__init__(id="tables")
        self._tables: dict[str, Path] = {}
        self._chosen = ""

    def compose(self) -> ComposeResult:
        """Lay out the table."""
        yield DataTable(zebra_stripes=True, cursor_type="row")

    def show(self, tables: Mapping[str, Path]) -> None:
        """Show these tables; call it again whenever there are more."""
        if dict(tables) != self._tables:
            self._tables = dict(tables)
            if self._chosen not in tables:
                self._chosen = ""
            self._fill()

    def _fill(self) -> None:
        table = self.query_one(DataTable)
        table.clear(columns=True)
        names = [*self._tables]
        if not names:
            table.border_title, table.border_subtitle = "tables", "no tables yet"
            return
        name = self._chosen or names[-1]
        table.border_title = Content(f"{name} {names.index(name) + 1}/{len(names)}")
        try:
            read = read_table(self._tables[name], MOST_ROWS)
        except PhospheneError as error:
            table.border_subtitle = Content(str(error))
            return
        table.add_columns(*map(Text, read.columns))
        table.add_rows([list(map(Text, row)) for row in read.rows])
        shown = f"the first {MOST_ROWS:,} of " if len(read.rows) < read.total else ""
        table.border_subtitle = Content(f"{shown}{read.total:,} rows")

    def action_next_table(self, offset: int) -> None:
        """Show another table."""
        names = [*self._tables]
        if names:
            self._chosen = names[(names.index(self._chosen or names[-1]) + offset) % len(names)]
            self._fill()
