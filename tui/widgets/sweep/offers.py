"""What can be written of a sweep beside its charts: its table and its pictures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.exporting import Offer, table_offer

if TYPE_CHECKING:
    from pathlib import Path

    from engine import PictureGrid
    from tui.widgets.sweep.look import Seen


def combinations_offer(seen: Seen) -> Offer:
    """Return the offer to write the combinations; as CSV, the runs in plain figures."""
    from engine import Sheet, sweep_outlook

    table = seen.body.table.as_shown()
    figures = sweep_outlook.runs(seen.record, seen.body.trials)
    return table_offer("sweep.csv", figures, Sheet(table.columns, table.rows))


def pictures_offer(grid: PictureGrid) -> Offer:
    """Return the offer to write all pictures of the grid."""
    from engine import paper

    def write(path: Path) -> None:
        paper.write(grid.plot(), path)

    plain = re.sub(r"[^\w]+", "-", grid.kind)
    return Offer(f"{plain}-grid.png", ".png .pdf .svg", write)
