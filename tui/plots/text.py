"""Small pieces of text that several plots need: cutting, letters for columns, legends."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable


def cut(text: str, width: int) -> str:
    """Return a text that fills exactly so many cells; one that is too long ends in an ellipsis."""
    if cell_len(text) > width:
        return set_cell_size(text, max(0, width - 1)) + "…"[:width]
    return set_cell_size(text, width)


def ending(text: str, width: int) -> str:
    """Return the end of a text that is too long for so many cells, after an ellipsis."""
    while cell_len(text) > max(1, width):
        text = "…" + text.removeprefix("…")[1:]
    return text


def letters(count: int) -> list[str]:
    """Return a short name for each column: a .. z, then aa, ab .."""
    single = string.ascii_lowercase
    return [single[n] if n < 26 else single[n // 26 - 1] + single[n % 26] for n in range(count)]


def legend(entries: Iterable[tuple[str, str, str]], width: int) -> list[Text]:
    """Lay entries (mark, its style, name) out in lines of at most ``width`` cells."""
    lines, line = [], Text()
    for mark, style, name in entries:
        entry = Text.assemble((mark, style), f" {name}")
        entry.truncate(width, overflow="ellipsis")
        if line and line.cell_len + 2 + entry.cell_len > width:
            lines.append(line)
            line = Text()
        line += Text("  ") + entry if line else entry
    return [*lines, line] if line else lines
