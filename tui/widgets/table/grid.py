"""The cells of a table on the screen: only those in sight are drawn, so that long tables are as quick as short ones."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.plots.colours import on, ramp
from tui.plots.text import cut

if TYPE_CHECKING:
    from textual import events

    from tui.widgets.table.model import TableModel

_SHADES = 32


class TableGrid(ScrollView, can_focus=True, inherit_bindings=False):
    """The header, the rows in sight, and a cursor on one cell; the first column, which names the rows, stays."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--header", "table--cell", "table--match", "table--cursor"}
    DEFAULT_CSS = """
    TableGrid {
        height: 1fr;
        scrollbar-size: 1 1;
        & > .table--header { color: $text-muted; text-style: bold; }
        & > .table--cell { color: $foreground; }
        & > .table--match { text-style: bold underline; }
        & > .table--cursor { text-style: reverse; }
    }
    """

    class HeaderClicked(Message):
        """The user clicked on the name of a column, where the cursor is now."""

    def __init__(self) -> None:
        super().__init__()
        self.model: TableModel | None = None
        self.cursor = (0, 0)
        self.heat = False
        self.wanted = ""
        self._note = ""

    def show(self, model: TableModel | None, note: str = "") -> None:
        """Show a table, or a note in its place; the cursor stays where it is, if there is such a cell."""
        self.model, self._note = model, note
        width = sum(width + 2 for width in model.widths) if model is not None else 0
        self.virtual_size = Size(width, len(model) + 1 if model is not None else 0)
        self.go_to(*self.cursor)

    def go_to(self, row: int, column: int) -> None:
        """Put the cursor on a cell, or on the nearest one, and bring it into sight."""
        model = self.model
        if model is not None and len(model):
            self.cursor = (min(max(row, 0), len(model) - 1), min(max(column, 0), len(model.widths) - 1))
            left = sum(width + 2 for width in model.widths[: self.cursor[1]])
            pinned = self._pinned if self.cursor[1] else 0
            # The header covers the first line of what is in sight, and the first column what lies under it.
            cell = Region(left - pinned, self.cursor[0], model.widths[self.cursor[1]] + 2 + pinned, 2)
            self.scroll_to_region(cell, animate=False, force=True)
        self.refresh()

    @property
    def page(self) -> int:
        """How many rows are in sight, about."""
        return max(1, self.scrollable_content_region.height - 2)

    @property
    def _pinned(self) -> int:
        """How many cells on the left stay while the columns scroll: the first one's, if each other has room beside."""
        first, *others = self.model.widths if self.model is not None else [0]
        return first + 2 if first + 2 + max(others, default=0) + 2 <= self.size.width else 0

    def render_line(self, y: int) -> Strip:
        """Return one line: the header stays while the rows scroll, and the first column while the others do."""
        width, background = self.size.width, Style(bgcolor=self.rich_style.bgcolor)
        left, top = self.scroll_offset
        place = top + y - 1
        if self.model is None:
            note = Segment(f" {self._note}" if not y else "", self.get_component_rich_style("table--header"))
            return Strip([note]).crop_extend(0, width, background)
        if y and place >= len(self.model):
            return Strip.blank(width, background)
        line = Strip([*self._row(place)] if y else [*self._header()])
        if not left or not self._pinned:
            return line.crop_extend(left, left + width, background)
        edge = Segment("│", self.get_component_rich_style("table--header"))
        own, others = line.crop(0, self._pinned - 1), line.crop(left + self._pinned, left + width)
        return Strip([*own, edge, *others]).crop_extend(0, width, background)

    def _header(self) -> list[Segment]:
        assert self.model is not None
        style, columns = self.get_component_rich_style("table--header"), range(len(self.model.widths))
        return [Segment(self._text(self.model.header(column), column), style) for column in columns]

    def _row(self, place: int) -> list[Segment]:
        assert self.model is not None
        plain = self.get_component_rich_style("table--cell")
        match, cursor = (self.get_component_rich_style(f"table--{name}", partial=True) for name in ("match", "cursor"))
        wanted = self.wanted.casefold()
        segments = []
        for column, text in enumerate(self.model.row(place)):
            style = plain
            if self.heat and (share := self.model.share(place, column)) is not None:
                style = _shade(round(share * _SHADES))
            if (place, column) == self.cursor:
                style += cursor
            marked = style + match if wanted and wanted in text.casefold() else style
            cell = self._text(text, column)
            start = len(cell) - len(cell.lstrip())
            end = max(start, len(cell.rstrip()))  # of an empty cell all is before its text
            segments += [Segment(cell[:start], style), Segment(cell[start:end], marked), Segment(cell[end:], style)]
        return segments

    def _text(self, text: str, column: int) -> str:
        """Return a cell in the width of its column: numbers flush right, with their names above them."""
        assert self.model is not None
        width = self.model.widths[column]
        if self.model.numbers[column] is not None:
            text = " " * (width - cell_len(text)) + text
        return f" {cut(text, width)} "

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the cell under the pointer; on the name of a column, ask for sorting."""
        if self.model is None:
            return
        left, at = 0, event.x + (self.scroll_offset.x if event.x >= self._pinned else 0)
        for column, width in enumerate(self.model.widths):
            left += width + 2
            if at < left:
                self.go_to(self.scroll_offset.y + event.y - 1 if event.y else self.cursor[0], column)
                if not event.y:
                    self.post_message(self.HeaderClicked())
                return


@lru_cache(_SHADES + 1)
def _shade(step: int) -> Style:
    return Style.parse(on(ramp(step / _SHADES)))
