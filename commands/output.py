"""How commands speak: data on stdout, narration on stderr, tables without frames."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rich.console import Console


def emit(value: Any, *, indent: int | None = 1) -> None:
    """Print a JSON document; floats that JSON lacks become strings."""
    from engine import plain_json

    print(json.dumps(plain_json(value), indent=indent, ensure_ascii=False), flush=True)  # noqa: T201


def say(text: str) -> None:
    """Narrate one line on stderr; names in it steer no terminal."""
    from engine import wording

    print(wording.printable(text), file=sys.stderr, flush=True)  # noqa: T201


def tell(text: str) -> None:
    """Print one line of text as data; names in it steer no terminal."""
    from engine import wording

    print(wording.printable(text))  # noqa: T201


LEAST = 24
"""Cells that the last column of a table needs beside the others, unless its cells are shorter."""


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, named: bool = False) -> None:
    """Print aligned columns, a line per row.

    On a terminal the last one is cut to its width; where hardly any room is left beside the others, it stands below,
    and so do others for which there is none at all; if ``named``, each after the name of its column.
    """
    from engine import wording

    cells = [[wording.printable(cell).replace("\n", " ") for cell in row] for row in (columns, *rows)]
    from rich.cells import cell_len, set_cell_size

    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(columns))]
    console = console_on(sys.stdout)
    ends = [sum(widths[: count + 1]) + 2 * count for count in range(len(widths))]
    beside = len(widths)
    if console.is_terminal and beside > 1 and console.width - ends[-2] - 2 < min(LEAST, widths[-1]):
        beside = max(1, sum(end <= console.width for end in ends[:-1]))
    for number, row in enumerate(cells):
        padded = [set_cell_size(cell, width) for cell, width in zip(row[: beside - 1], widths, strict=False)]
        under = [cell for cell in row[beside:] if cell]
        if named:
            pairs = zip(cells[0][beside:], row[beside:], strict=False)
            under = [f"{name} {cell}" for name, cell in pairs if cell and number]
        lines = ["  ".join([*padded, row[beside - 1]]), *(f"    {cell}" for cell in under)]
        for line in map(str.rstrip, lines):
            if not console.is_terminal:
                print(line)  # noqa: T201
            else:
                console.print(
                    line,
                    style="dim" if number == 0 else "",
                    markup=False,
                    highlight=False,
                    overflow="ellipsis",
                    no_wrap=True,
                )


BARRED = ("accuracy", "probability", "share")
"""Columns whose values lie in [0, 1] and are drawn as bars on a terminal."""
BAR = 12


def print_table(path: Path, limit: int | None = None) -> None:
    """Print a table of a run: aligned and with bars on a terminal, as CSV into a pipe; at most ``limit`` rows."""
    import csv

    from engine import read_table

    found = read_table(path, limit)
    if not sys.stdout.isatty():
        csv.writer(sys.stdout, lineterminator="\n").writerows([found.columns, *found.rows])
    else:
        barred = [any(name.endswith(kind) for kind in BARRED) for name in found.columns]
        table(
            found.columns,
            [[_with_bar(cell) if bar else cell for cell, bar in zip(row, barred, strict=True)] for row in found.rows],
            named=True,
        )
    if len(found.rows) < found.total:
        say(f"and {found.total - len(found.rows):,} more rows in {path}")


def _with_bar(cell: str) -> str:
    try:
        share = min(max(float(cell), 0.0), 1.0)
    except ValueError:
        return cell
    return f"{cell:<7}{'━' * round(share * BAR):<{BAR}}"


def console_on(stream: Any) -> Console:
    """Return a rich console on a stream."""
    from rich.console import Console

    # What names and messages say is shown as it is: no markup, no :emoji: codes.
    return Console(file=stream, highlight=False, markup=False, emoji=False)
