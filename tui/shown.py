"""The run on the screen: its history as events build it up, and the lines they are worth; no widget is touched here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine import History, PhospheneError, Points, TableLogged, gallery, read_table, wording

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine import Event, Run, RunRecord

TABLE_ROWS = 12
"""Rows of a table that is printed in the console, at most."""


@dataclass
class ShownRun:
    """What is known of a run so far."""

    run: Run
    record: RunRecord
    history: History = field(default_factory=History)

    def take(self, events: Iterable[Event | Points]) -> list[wording.Line]:
        """Take in events; return the lines they are worth in the console."""
        events = [*events]
        self.history.take(events)
        lines: list[wording.Line] = []
        for event in events:
            if isinstance(event, Points):
                continue
            if line := wording.line_of(event):
                lines.append(line)
            if isinstance(event, TableLogged):
                lines += table_lines(self.run.path / event.file, event.t)
        return lines

    @property
    def album(self) -> dict[str, dict[int, gallery.Kept]]:
        """Its pictures and plots by name and step."""
        return gallery.album(self.run, self.history)

    @property
    def tables(self) -> dict[str, Path]:
        """The files of its tables by name."""
        return {name: self.run.path / event.file for name, event in self.history.tables.items()}


def table_lines(file: Path, t: float) -> list[wording.Line]:
    """Return a small table as one block of aligned text, a hint for a larger one, nothing if it cannot be read."""
    try:
        table = read_table(file, TABLE_ROWS)
    except PhospheneError:
        return []
    if len(table.rows) < table.total:
        return [wording.Line(t, f"{table.total:,} rows: T shows them")]
    return [wording.Line(t, "\n".join(wording.aligned([table.columns, *table.rows])), "output")]
