"""Curves in CSV: long, a row a point, as our own export writes them; or wide, a column a metric."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

from engine.errors import PhospheneError
from engine.record.foreign import ForeignLog, Point

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

STEPS = ("step", "global_step", "iteration", "iter", "batch")
EPOCHS = ("epoch",)
TIMES = ("time", "wall time", "wall_time", "timestamp")
RUNS = ("run", "name")
LARGEST = 1 << 26
"""Characters of a cell, at most."""
LAST_STEP = 2**53
"""Up to which floats hold every whole number."""


def read(path: Path) -> tuple[list[ForeignLog], list[str]]:
    """Return a log for each run of a file, and a sentence on rows that could not be read.

    A file with the columns ``metric`` and ``value`` is long; in any other one every column of numbers is a metric. Case
    does not matter in names of columns. Without a column of steps the rows are counted, or whole epochs are steps.

    Args:
        path: a file, or a folder with ``curves.csv``.

    Raises:
        PhospheneError: if it holds no curves.
        OSError: if it cannot be read.
    """
    file = path / "curves.csv" if path.is_dir() else path
    csv.field_size_limit(LARGEST)
    try:
        with file.open(newline="", encoding="utf-8-sig", errors="surrogateescape") as opened:
            rows = [row for row in csv.reader(opened) if row]
    except FileNotFoundError as error:
        raise PhospheneError(f"there is no file {file}") from error
    except csv.Error as error:
        raise PhospheneError(f"{file} is no CSV: {error}") from error
    if not rows:
        raise PhospheneError(f"{file} is empty")
    columns = _Columns(rows[0])
    logs: dict[str, ForeignLog] = {}
    wrong: list[str] = []
    for number, row in enumerate(rows[1:], 2):
        run = columns.text(row, "run") or path.absolute().stem
        log = logs.setdefault(run, ForeignLog(run))
        try:
            log.points += columns.points(row, number - 1)
        except ValueError as error:
            wrong.append(f"row {number}: {error}")
    found = [log for log in logs.values() if log.points]
    if not found:
        raise PhospheneError(f"{file} holds no curves: give it the columns metric and value, or a column a metric")
    return found, [f"{file}: {len(wrong)} rows were left out, the first is {wrong[0]}"] if wrong else []


class _Columns:
    """What the columns of a file mean."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        plain = [name.strip().casefold() for name in names]
        kinds = {"step": STEPS, "epoch": EPOCHS, "t": TIMES, "run": RUNS, "metric": ("metric",), "value": ("value",)}
        places = {kind: [plain.index(name) for name in known if name in plain] for kind, known in kinds.items()}
        self._place = {kind: own[0] for kind, own in places.items() if own}
        self._long = {"metric", "value"} <= self._place.keys()
        if not self._long:
            self._place.pop("metric", None)
            self._place.pop("value", None)
        own = [name.strip() for name in names]
        if twice := [name for place, name in enumerate(own) if name and name in own[:place]]:
            raise PhospheneError(f"two columns are called {twice[0]}: give each a name of its own")

    def text(self, row: Sequence[str], kind: str) -> str:
        """Return the cell of a kind; empty where there is none."""
        place = self._place.get(kind, len(row))
        return row[place] if place < len(row) else ""

    def _number(self, row: Sequence[str], kind: str) -> float:
        text = self.text(row, kind).strip()
        try:
            return float(text) if text else math.nan
        except ValueError:
            raise ValueError(f"{kind} {text!r} is no number") from None

    def points(self, row: Sequence[str], number: int) -> Iterator[Point]:
        """Return the points of a row.

        Raises:
            ValueError: saying which cell is no number.
        """
        step, epoch, t = (self._number(row, kind) for kind in ("step", "epoch", "t"))
        if "step" in self._place and not (step.is_integer() and 0 <= step <= LAST_STEP):
            raise ValueError(f"step {self.text(row, 'step')!r} is no whole number from 0 on")
        if "step" not in self._place:
            step = epoch if epoch.is_integer() and 0 <= epoch <= LAST_STEP else number
        if self._long:
            if not self.text(row, "value").strip():
                raise ValueError("value is empty")
            return iter([Point(int(step), self.text(row, "metric"), self._number(row, "value"), epoch, t)])
        return self._wide(row, int(step), epoch, t)

    def _wide(self, row: Sequence[str], step: int, epoch: float, t: float) -> Iterator[Point]:
        for place, (name, cell) in enumerate(zip(self._names, row, strict=False)):
            if place in self._place.values() or not cell.strip():
                continue
            try:
                yield Point(step, name.strip() or "unnamed", float(cell), epoch, t)
            except ValueError:  # a column of texts
                continue
