"""Tables on disk: CSV with a line of column names; written and read here alone."""

from __future__ import annotations

import csv
import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import WorkspaceError
from engine.record.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read.

    Attributes:
        columns: their names.
        rows: cells as text, each row as long as there are columns.
        total: how many rows the file has, which may be more than were read.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int

    def records(self) -> list[dict[str, str]]:
        """Return the rows as dictionaries by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def numbers(self, column: int) -> tuple[float, ...] | None:
        """Return the cells of a column as numbers, NaN for an empty one; None if there are others, or nothing else."""
        try:
            found = tuple(float(row[column]) if row[column] else math.nan for row in self.rows)
        except ValueError:
            return None
        return found if any(row[column] for row in self.rows) else None


def write_table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write a table atomically.

    Raises:
        OSError: if the disk refuses.
    """

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            csv.writer(file).writerows([columns, *rows])

    write_atomically(path, write)


def read_table(path: Path, most: int | None = None) -> Table:
    """Return a table, of a long one the first ``most`` rows.

    Raises:
        WorkspaceError: if the file is gone or damaged.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            columns = tuple(next(reader))
            rows = tuple(map(tuple, itertools.islice(reader, most)))
            total = len(rows) + sum(1 for _ in reader)
    except StopIteration:
        raise WorkspaceError(f"the table {path} is empty") from None
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise WorkspaceError(f"the table {path} cannot be read ({error})") from error
    if any(len(row) != len(columns) for row in rows):
        raise WorkspaceError(f"the table {path} is damaged: a row has another number of cells than there are columns")
    return Table(columns, rows, total)
