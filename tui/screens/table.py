"""The tables of a run on the whole screen, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import DataTable, Footer

from engine import PhospheneError, read_table
from tui.actions import bindings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from textual.app import ComposeResult

MOST_ROWS = 10_000


class TableScreen(ModalScreen[None]):
    """Shows the tables of a run; their files are CSV.

    Args:
        tables: file of each by its name, at least one.
    """

    BINDINGS = bindings("tables")

    def __init__(self, tables: Mapping[str, Path]) -> None:
        super().__init__()
        self._tables = dict(tables)
        self._names = list(tables)
        self._shown = len(self._names) - 1

    def compose(self) -> ComposeResult:
        """Lay out the table and the keys."""
        yield DataTable(zebra_stripes=True, cursor_type="row")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Read the newest table."""
        self._fill()

    def _fill(self) -> None:
        table = self.query_one(DataTable)
        name = self._names[self._shown]
        table.border_title = Content(f"{name} {self._shown + 1}/{len(self._names)}")
        table.clear(columns=True)
        try:
            read = read_table(self._tables[name], MOST_ROWS)
        except PhospheneError as error:
            table.border_subtitle = Content(str(error))
            return
        table.add_columns(*map(Text, read.columns))
        table.add_rows([list(map(Text, row)) for row in read.rows])
        shown = f"the first {MOST_ROWS:,} of " if len(read.rows) < read.total else ""
        table.border_subtitle = Content(f"{shown}{read.total:,} rows · {self._tables[name]}")

    def action_next_table(self, offset: int) -> None:
        """Show another table."""
        self._shown = (self._shown + offset) % len(self._names)
        self._fill()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()
