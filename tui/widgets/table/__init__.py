"""Tables: what is shown of one (``model``), its cells on the screen (``grid``), keys (``sheet``), files (``view``)."""

from __future__ import annotations

from tui.widgets.table.model import TableModel
from tui.widgets.table.sheet import SheetView
from tui.widgets.table.view import TableView

__all__ = ["SheetView", "TableModel", "TableView"]
