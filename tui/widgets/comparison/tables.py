"""The tables of a comparison as text: results, what the seeds prove, what differs, what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from engine import shortened_captions, wording
from tui.plots.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from textual.app import ComposeResult

    from engine import Sheet
    from tui.widgets.comparison.look import Seen

WIDEST = 36
"""Cells of a column, at most; half of the width for the first one."""
LONGEST_HEAD = 24
"""Cells of the head of a column, at most, where its body is no wider."""
GAP = 2


def page(seen: Seen, width: int) -> Content:
    """Return all tables and sentences, in lines at most ``width`` cells wide but for the sentences, which wrap."""
    sections = [
        ("what differs", _written(seen.differing, width) or [Content("nothing")]),
        ("results", _written(seen.results, width) or [Content("the runs share no result")]),
        ("stand apart", _sentences(seen.apart)),
        ("troubles", _sentences(seen.troubles, "$text-error")),
        ("what the seeds prove", _sentences(seen.statements)),
    ]
    lines: list[Content] = []
    for title, body in sections:
        if body:
            lines += [Content(""), Content.styled(title, "bold $accent")] if lines else [Content.styled(title, "bold")]
            lines += body
    return Content("\n").join(lines)


def _sentences(said: Sequence[str], style: str = "") -> list[Content]:
    return [Content.styled(f"{wording.printable(line)}", style) for line in said]


def _written(sheet: Sheet, width: int) -> list[Content]:
    """Write a table, its longer side downwards, in as many blocks of columns as the width asks for.

    The first column is in each of them.
    """
    if not sheet.rows or len(sheet.columns) < 2:
        return []
    rows = [[" ".join(wording.printable(cell).split()) for cell in row] for row in (sheet.columns, *sheet.rows)]
    rows[0][0] = ""
    if len(rows[0]) > len(rows):
        rows = [[*row] for row in zip(*rows, strict=True)]
    widths = [_width(column) for column in zip(*rows, strict=True)]
    widths[0] = min(widths[0], max(8, width // 2 - GAP))
    rows = _shortened(rows, widths)
    lines: list[Content] = []
    for block in _blocks(widths, width):
        lines += [Content("")] if lines else []
        for place, row in enumerate(rows):
            cells = [cut(row[column], widths[column]) for column in (0, *block)]
            line = (" " * GAP).join(cells).rstrip()
            lines.append(Content.styled(line, "$text-muted") if not place else _starred(line))
    return lines


def _shortened(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> list[list[str]]:
    """Shorten what names rows and columns, so that what tells them apart is not cut."""
    head, *body = rows
    short = {width: shortened_captions(head[1:], width, cell_len) for width in {*widths[1:]}}
    heads = [short[width][place] for place, width in enumerate(widths[1:])]
    names = shortened_captions([row[0] for row in body], widths[0], cell_len)
    return [[head[0], *heads], *([name, *row[1:]] for name, row in zip(names, body, strict=True))]


def _width(column: Sequence[str]) -> int:
    """Return the cells of a column: as its longest cell, but a longer head is cut where it says more than enough."""
    head, *body = map(cell_len, column)
    return min(max(min(head, LONGEST_HEAD), *body), WIDEST)


def _starred(line: str) -> Content:
    """Return a row of a table whose best values stand out."""
    return Content(line).highlight_regex(r"(?<=  )\S(?:\S| (?! ))* \*(?=  |$)", style="bold $text-success")


def _blocks(widths: Sequence[int], width: int) -> Iterator[list[int]]:
    """Yield the columns after the first that fit beside it, at least one at a time."""
    block: list[int] = []
    used = widths[0]
    for column in range(1, len(widths)):
        if block and used + GAP + widths[column] > width:
            yield block
            block, used = [], widths[0]
        block.append(column)
        used += GAP + widths[column]
    if block:
        yield block


class ComparisonTables(VerticalScroll):
    """Shows results, differences and statements; scrolls."""

    BORDER_TITLE = "results and differences"

    def __init__(self) -> None:
        super().__init__(id="comparison-tables")
        self._seen: Seen | None = None
        self._page: Content | None = None

    def compose(self) -> ComposeResult:
        """Lay out one text."""
        yield Static("reading…", markup=False)

    def show(self, seen: Seen) -> None:
        """Show this; what is the same as before is not drawn again."""
        self._seen = seen
        self.border_subtitle = Content(f"from {seen.baseline}") if seen.baseline else ""
        self._draw()

    def on_resize(self) -> None:
        """Lay the tables out for the new width."""
        self._draw()

    def _draw(self) -> None:
        if self._seen is None:
            return
        # The scroll bar may come and go: its column is never used.
        new = page(self._seen, max(20, self.outer_size.width - self.gutter.width - 1))
        if self._page is None or not new.is_same(self._page):
            self._page = new
            self.query_one(Static).update(new)
