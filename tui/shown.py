"""The run on the screen, as its events build it up; no widget is touched here."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine import (
    CheckpointSaved,
    Curves,
    HyperparameterChanged,
    ImageLogged,
    Message,
    Progress,
    Results,
    StateChanged,
    TableLogged,
    gallery,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine import Event, Run, RunRecord

TABLE_ROWS = 12
"""Tables longer than this are named, not shown."""
Line = tuple[float, str, str]
"""Time, text and level of a line for the console."""


@dataclass
class ShownRun:
    """What is known of a run so far."""

    run: Run
    record: RunRecord
    curves: Curves = field(default_factory=Curves)
    images: dict[str, dict[int, gallery.Still]] = field(default_factory=dict)
    markers: list[tuple[float, str]] = field(default_factory=list)
    tables: dict[str, Path] = field(default_factory=dict)
    attempt: int = 1
    state: str = "queued"
    reason: str = ""
    step: int = 0
    total: int = 0
    eta: float = 0.0

    def take(self, events: Iterable[Event]) -> list[Line]:
        """Take in events; return the lines they are worth in the console."""
        events = list(events)
        self.curves.feed(events)
        lines: list[Line] = []
        for event in events:
            match event:
                case Progress():
                    self.step, self.total, self.eta = event.step, event.total, event.eta
                case StateChanged():
                    lines.append(self._state(event))
                case ImageLogged():
                    still = gallery.Still(
                        self.run.id, event.name, event.step, self.run.path / event.file, event.caption
                    )
                    self.images.setdefault(event.name, {})[event.step] = still
                case HyperparameterChanged():
                    self.markers.append((float(event.step), f"{event.name} {event.value}"))
                    lines.append(
                        (event.t, f"{event.name} {event.previous} → {event.value}, step {event.step:,}", "info")
                    )
                case CheckpointSaved():
                    lines.append((event.t, f"checkpoint saved after step {event.step:,}", "info"))
                case TableLogged():
                    self.tables[event.name] = self.run.path / event.file
                    lines.append((event.t, f"table {event.name}: {event.file}", "info"))
                    lines += [(event.t, line, "output") for line in table_lines(self.run.path / event.file)]
                case Results():
                    lines += [(event.t, f"{name} {value:.4g}", "info") for name, value in event.values.items()]
                case Message():
                    lines.append((event.t, event.text, event.level))
        return lines

    def _state(self, event: StateChanged) -> Line:
        self.state, self.reason = event.state, event.reason
        self.attempt = max(self.attempt, event.attempt)
        if event.state == "running" and event.attempt > 1:
            # The steps behind the checkpoint are taken again.
            self.step, self.eta = event.step, 0.0
            self.markers = [marker for marker in self.markers if marker[0] <= event.step]
            for steps in self.images.values():
                for step in [step for step in steps if step > event.step]:
                    del steps[step]
        if event.total:
            self.step, self.total = event.step, event.total
        level = "error" if event.state in {"failed", "crashed"} else "info"
        return (event.t, f"{event.state}{f': {event.reason}' if event.reason else ''}", level)

    @property
    def ended(self) -> bool:
        """Whether nothing more will come by itself."""
        return self.state not in {"queued", "running"}


def table_lines(file: Path) -> list[str]:
    """Return a small table as aligned lines; nothing if it is larger, or gone."""
    try:
        with file.open(newline="", encoding="utf-8") as content:
            rows = [row for _, row in zip(range(TABLE_ROWS + 2), csv.reader(content), strict=False)]
    except (OSError, csv.Error, UnicodeDecodeError):
        return []
    if not rows or len(rows) > TABLE_ROWS + 1 or any(len(row) != len(rows[0]) for row in rows):
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [" ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows]
