"""A table under keys: a cursor, sorting, searching, shading; which table it is, is for its children."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.containers import VerticalGroup
from textual.content import Content
from textual.widgets import Input

from tui.actions import bindings
from tui.exporting import ask_and_copy
from tui.widgets.table.grid import TableGrid

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from tui.widgets.table.model import TableModel


class SheetView(VerticalGroup):
    """Shows one table and does what keys ask of it."""

    BINDINGS = bindings("tables")
    DEFAULT_CSS = """
    SheetView {
        height: 1fr;
        border: round $border-blurred;
        border-title-color: $text-muted;
        border-subtitle-color: $text-muted;
        & > #search { height: 1; border: none; background: $panel; padding: 0 1; }
        & > #search.-invalid { color: $text-error; }
    }
    SheetView:focus-within { border: round $accent; border-title-color: $accent; }
    """
    WITHOUT: ClassVar[frozenset[str]] = frozenset({"next_table"})
    """Actions that it leaves to others."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._began = (0, 0)

    def compose(self) -> ComposeResult:
        """Lay out the cells above the field for what is searched."""
        yield TableGrid()
        yield Input(placeholder="search", id="search", compact=True)

    def on_mount(self) -> None:
        """Hide the field until it is needed."""
        self._field.display = False

    @property
    def grid(self) -> TableGrid:
        """The cells."""
        return self.query_one(TableGrid)

    @property
    def shown(self) -> str:
        """The name of the table."""
        raise NotImplementedError

    @property
    def searching(self) -> bool:
        """Whether the field for what is searched is open."""
        return self._field.display

    @property
    def _field(self) -> Input:
        return self.query_one("#search", Input)

    def _draw(self, model: TableModel | None, note: str = "") -> None:
        self.grid.show(model, note)
        self._tag()

    def _tag(self) -> None:
        """Say in the border which table it is, and how it is shown."""
        model = self.grid.model
        self.border_title = Content(self._title())
        if model is None:
            self.border_subtitle = ""
            return
        shown, total = len(model), model.table.total
        tags = [f"first {shown:,} of {total:,} rows" if shown < total else f"{total:,} row{'s' * (total != 1)}"]
        if model.sorted_by is not None:
            tags.append(model.header(model.sorted_by[0]))
        tags += ["heat"] if self.grid.heat else []
        self.border_subtitle = Content(" · ".join(tags))

    def _title(self) -> str:
        return self.shown

    # -- keys -----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Leave escape to other bindings while nothing is searched, and what it does not do at any time."""
        if action == "leave_search":
            return bool(self.searching or self.grid.wanted)
        return action not in self.WITHOUT

    def action_move(self, rows: int, columns: int) -> None:
        """Move the cursor; while something is searched, to the next cell that contains it."""
        row, column = self.grid.cursor
        if self.searching:
            self._find((row, column + rows), rows)
        else:
            self.grid.go_to(row + rows, column + columns)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a page, down (1) or up (-1)."""
        self.action_move(direction * self.grid.page, 0)

    def action_end(self, direction: int) -> None:
        """Move the cursor to the last row (1) or the first one (-1)."""
        if self.grid.model is not None:
            self.action_move(direction * len(self.grid.model), 0)

    def action_sort(self) -> None:
        """Sort by the column under the cursor: rising, falling, as in the file."""
        if self.grid.model is not None:
            self.grid.model.sort(self.grid.cursor[1])
            self.grid.refresh()
            self._tag()

    @on(TableGrid.HeaderClicked)
    def sort_by_clicked(self) -> None:
        """Sort by the column whose name was clicked."""
        self.action_sort()

    def action_heat(self) -> None:
        """Shade the numbers of every column from its smallest to its largest, or not."""
        self.grid.heat = not self.grid.heat
        self.grid.refresh()
        self._tag()

    def action_copy(self) -> None:
        """Ask in which form the table, as it is sorted, is to be copied, and copy it."""
        model = self.grid.model
        if model is not None:
            shown = model.as_shown()
            ask_and_copy(self, self.shown, shown.columns, shown.rows)

    def action_search(self) -> None:
        """Open the field for what is searched."""
        if self.grid.model is not None:
            self._began = self.grid.cursor
            self._field.display = True
            self.screen.set_focus(self._field)

    def action_leave_search(self) -> None:
        """Search nothing more; while typing, go back to where the cursor was."""
        if self.searching:
            self.grid.go_to(*self._began)
        self._field.value = self.grid.wanted = ""
        self._close_field()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Go to the next cell that contains what is typed."""
        event.stop()
        self.grid.wanted = event.value
        if event.value:
            self._find(self._began)
        self.grid.refresh()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Stay at the cell that was found."""
        event.stop()
        self._close_field()

    def _find(self, start: tuple[int, int], direction: int = 1) -> None:
        found = self.grid.model.find(self.grid.wanted, start, direction) if self.grid.model is not None else None
        self._field.set_class(found is None, "-invalid")
        if found is not None:
            self.grid.go_to(*found)

    def _close_field(self) -> None:
        self._field.display = False
        self.screen.set_focus(self.grid)
