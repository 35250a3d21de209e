"""The tables of a run: what is shown of one in ``model``, its cells on the screen in ``grid``, keys in ``view``."""

from __future__ import annotations

from tui.widgets.table.view import TableView

__all__ = ["TableView"]
