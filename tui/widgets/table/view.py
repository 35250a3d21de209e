"""The tables of a run, one at a time: read from their files beside the event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import work

from engine import PhospheneError, read_table
from tui.widgets.table.model import TableModel
from tui.widgets.table.sheet import SheetView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MOST_ROWS = 10_000
NOTHING = "no tables yet"


class TableView(SheetView):
    """Shows the tables of a run, whose files are CSV: one that matters, until the user chooses another."""

    WITHOUT: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._tables: dict[str, Path] = {}
        self._shown = ""
        self._chosen = False
        self._read_at: tuple[object, ...] = ()

    def on_mount(self) -> None:
        """Say that nothing is there yet."""
        self._draw(None, NOTHING)

    @property
    def shown(self) -> str:
        """The table that is shown; empty if there is none."""
        return self._shown

    def show(self, tables: Mapping[str, Path], declared: Sequence[str] = ()) -> None:
        """Show the tables of a run; call it again whenever there may be others.

        Args:
            tables: file of each by its name.
            declared: names of those that matter most, the first of which is shown until the user chooses another one.
        """
        if not self._tables.items() & tables.items():
            self._chosen = False
        self._tables = dict(tables)
        if not self._chosen or self._shown not in tables:
            newest = next(reversed(self._tables), "")
            self._shown = next((name for name in declared if name in tables), newest)
        self._look()

    def _look(self) -> None:
        """Read the shown table, unless it was read as it is now."""
        path = self._tables.get(self._shown)
        if path is None:
            self._read_at = ()
            self._draw(None, NOTHING)
            return
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            changed = 0
        if (path, changed) != self._read_at:
            same = self._read_at[:1] == (path,)
            self._read_at = (path, changed)
            self._read(path, same)

    @work(exclusive=True)
    async def _read(self, path: Path, again: bool) -> None:
        """Read a table in a thread; one that has grown stays sorted as it was."""
        try:
            model = await asyncio.to_thread(lambda: TableModel(read_table(path, MOST_ROWS)))
        except PhospheneError:
            self._draw(None, f"the table {self._shown} cannot be read: its file is gone or damaged")
            return
        before = self.grid.model
        if again and before is not None and before.table.columns == model.table.columns:
            model.sort_by(before.sorted_by)
        elif not again:
            self.grid.cursor = (0, 0)
        self._draw(model)

    def _title(self) -> str:
        names = list(self._tables)
        which = f" {names.index(self._shown) + 1}/{len(names)}" if len(names) > 1 else ""
        return f"{self._shown}{which}" if self._shown else "tables"

    def action_next_table(self, offset: int) -> None:
        """Show the next table (1) or the previous one (-1)."""
        names = list(self._tables)
        if names:
            self._shown = names[(names.index(self._shown) + offset) % len(names)]
            self._chosen = True
            self._look()
