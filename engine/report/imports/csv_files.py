"""Curves in CSV: long, a row a point, as our own export writes them; or wide, a column a metric."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

from engine.errors import PhospheneError
from engine.record.foreign import ForeignLog, Point

if TYPE_CHECKING:
    from collections.abc import Sequence
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
    """Return a log for each run of a file, and a sentence on rows and cells that could not be read.

    A file with the columns ``metric`` and ``value`` is long; in any other one every column of numbers is a metric. Case
    does not matter in names of columns. Without a column of steps the epochs are steps if all of them
    are whole, and else the rows are counted.

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
            head, *rows = [row for row in csv.reader(opened, strict=True) if row] or [[]]
    except FileNotFoundError as error:
        raise PhospheneError(f"there is no file {file}") from error
    except csv.Error as error:
        raise PhospheneError(f"{file} is no CSV: {error}") from error
    if not head:
        raise PhospheneError(f"{file} is empty")
    columns = _Columns(head, rows)
    logs: dict[str, ForeignLog] = {}
    wrong: list[str] = []
    cells: list[str] = []
    for number, row in enumerate(rows, 2):
        run = columns.text(row, "run") or path.absolute().stem
        log = logs.setdefault(run, ForeignLog(run))
        try:
            log.points += columns.points(row, number - 1)
        except ValueError as error:
            wrong.append(f"row {number}: {error}")
        cells += [f"row {number}: {problem}" for problem in columns.problems(row)]
    found = [log for log in logs.values() if log.points]
    if not found:
        raise PhospheneError(
            f"{file} holds no curves: give it the columns metric and value, or a column a metric, in UTF-8 with commas"
        )
    return found, [f"{file}: {said}" for said in (*_left_out("row", wrong), *_left_out("cell", cells))]


def _left_out(what: str, wrong: Sequence[str]) -> list[str]:
    if len(wrong) < 2:
        return [f"a {what} was left out, {problem}" for problem in wrong]
    return [f"{len(wrong)} {what}s were left out, the first is {wrong[0]}"]


class _Columns:
    """What the columns of a file mean.

    Args:
        names: of the columns.
        rows: all of them; a column without any number is one of texts, and is no metric.
    """

    def __init__(self, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self._names = [name.strip() for name in names]
        if twice := [name for place, name in enumerate(self._names) if name and name in self._names[:place]]:
            raise PhospheneError(f"two columns are called {twice[0]}: give each a name of its own")
        plain = [name.casefold() for name in self._names]
        kinds = {"step": STEPS, "epoch": EPOCHS, "t": TIMES, "run": RUNS, "metric": ("metric",), "value": ("value",)}
        places = {kind: [plain.index(name) for name in known if name in plain] for kind, known in kinds.items()}
        self._place = {kind: own[0] for kind, own in places.items() if own}
        self._long = {"metric", "value"} <= self._place.keys()
        if not self._long:
            self._place.pop("metric", None)
            self._place.pop("value", None)
        others = [place for place in range(len(names)) if place not in self._place.values()]
        self._metrics = [place for place in others if any(_is_number(row[place]) for row in rows if place < len(row))]
        epochs = [self.text(row, "epoch") for row in rows] if "epoch" in self._place else []
        self._by_epoch = bool(epochs) and all(_is_number(epoch) and _is_step(float(epoch)) for epoch in epochs)

    def text(self, row: Sequence[str], kind: str) -> str:
        """Return the cell of a kind as it is; empty where there is none."""
        place = self._place.get(kind, len(row))
        return row[place] if place < len(row) else ""

    def _cell(self, row: Sequence[str], place: int) -> str:
        return row[place].strip() if place < len(row) else ""

    def _number(self, row: Sequence[str], place: int) -> float:
        """Return the number in a cell, NaN for one that is empty."""
        text = self._cell(row, place)
        if text and not _is_number(text):
            raise ValueError(f"{self._names[place] or 'unnamed'} {text!r} is no number")
        return float(text) if text else math.nan

    def points(self, row: Sequence[str], number: int) -> list[Point]:
        """Return the points of a row.

        Raises:
            ValueError: saying which cell is no number, or no step.
        """
        if len(row) > len(self._names):
            raise ValueError(f"it has {len(row)} cells, and there are {len(self._names)} columns")
        step, epoch, t = (self._number(row, self._place.get(kind, len(row))) for kind in ("step", "epoch", "t"))
        if "step" in self._place and not _is_step(step):
            raise ValueError(f"step {self.text(row, 'step')!r} is no whole number from 0 on")
        if "step" not in self._place:
            step = epoch if self._by_epoch else number
        if self._long:
            if not self.text(row, "value").strip():
                raise ValueError("value is empty")
            return [Point(int(step), self.text(row, "metric"), self._number(row, self._place["value"]), epoch, t)]
        return [
            Point(int(step), self._names[place] or "unnamed", self._number(row, place), epoch, t)
            for place in self._metrics
            if _is_number(self._cell(row, place))
        ]

    def problems(self, row: Sequence[str]) -> list[str]:
        """Return a sentence for each cell of a metric that holds something and no number."""
        cells = [(self._names[place], self._cell(row, place)) for place in self._metrics if not self._long]
        return [f"{name or 'unnamed'} {cell!r} is no number" for name, cell in cells if cell and not _is_number(cell)]


def _is_number(text: str) -> bool:
    """Tell whether a text is a number, as programs write them: no digits of other scripts, no underscores."""
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and "_" not in text


def _is_step(value: float) -> bool:
    return value.is_integer() and 0 <= value <= LAST_STEP
