"""How commands speak: data on stdout, narration on stderr, tables without frames."""

from __future__ import annotations

import json
import math
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rich.console import Console

STATE_MARKS = {"queued": "○", "running": "●", "finished": "✓", "failed": "✗", "stopped": "■", "crashed": "✗"}


def emit(value: Any, *, indent: int | None = 1) -> None:
    """Print a JSON document; floats that JSON lacks become strings."""
    print(json.dumps(_plain(value), indent=indent, ensure_ascii=False), flush=True)  # noqa: T201


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def plain(text: str) -> str:
    """Return a text without the characters that would steer the terminal; line feeds and tabs stay."""
    return "".join(c if c.isprintable() or c in "\n\t" or ord(c) > 0x9F else " " for c in text)


def say(text: str) -> None:
    """Narrate one line on stderr."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print aligned columns, a line per row; on a terminal the last one is cut to its width."""
    cells = [[plain(cell).replace("\n", " ") for cell in row] for row in (columns, *rows)]
    from rich.cells import cell_len, set_cell_size

    widths = [max(cell_len(row[i]) for row in cells) for i in range(len(columns))]
    console = console_on(sys.stdout)
    for number, row in enumerate(cells):
        padded = [set_cell_size(cell, width) for cell, width in zip(row[:-1], widths, strict=False)]
        line = "  ".join([*padded, row[-1]]).rstrip()
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


def csv_table(path: Path, limit: int = 0) -> None:
    """Print a table of a run: aligned and with bars on a terminal, as CSV into a pipe; 0 prints all its rows."""
    import csv

    with path.open(newline="", encoding="utf-8") as file:
        columns, *rows = csv.reader(file)
    shown = rows[:limit] if limit else rows
    if not sys.stdout.isatty():
        csv.writer(sys.stdout, lineterminator="\n").writerows([columns, *shown])
    else:
        barred = [any(name.endswith(kind) for kind in BARRED) for name in columns]
        table(
            columns,
            [[_with_bar(cell) if bar else cell for cell, bar in zip(row, barred, strict=True)] for row in shown],
        )
    if len(shown) < len(rows):
        say(f"and {len(rows) - len(shown):,} more rows in {path}")


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


def figure(value: float) -> str:
    """Write a metric with four significant digits, a count with all of its own."""
    if float(value).is_integer() and 1e4 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) < 1e5 else f"{value:.3e}"


def duration(seconds: float) -> str:
    """Write a time span: ``0:42``, ``1:02:03``."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"


def ago(t: float) -> str:
    """Say how long ago a moment was: ``12 s``, ``5 min``, ``3 h``, ``2 d``."""
    age = max(0.0, time.time() - t)
    for limit, unit, size in ((60, "s", 1), (3600, "min", 60), (86400, "h", 3600)):
        if age < limit:
            return f"{age / size:.0f} {unit}"
    return f"{age / 86400:.0f} d"
