"""The tables of a run on the whole screen, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import ModalScreen
from textual.widgets import Footer

from tui.actions import bindings
from tui.widgets.table import TableView

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from textual.app import ComposeResult


class TableScreen(ModalScreen[None]):
    """Shows the tables of a run.

    Args:
        tables: file of each by its name, at least one.
    """

    BINDINGS = bindings("full table")

    def __init__(self, tables: Mapping[str, Path]) -> None:
        super().__init__()
        self._tables = tables

    def compose(self) -> ComposeResult:
        """Lay out the table and the keys."""
        yield TableView()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Read the newest table."""
        self.query_one(TableView).show(self._tables)

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()
