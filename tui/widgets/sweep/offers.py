"""What can be written of a sweep beside its charts: its table and its pictures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui.exporting import Offer, table_offer

if TYPE_CHECKING:
    from pathlib import Path

    from engine import Origin, PictureGrid, ReportPart
    from tui.widgets.sweep.look import Seen


def combinations_offer(seen: Seen, part: ReportPart) -> Offer:
    """Return the offer to write the combinations; as CSV, the runs in plain figures. A report shows ``part``."""
    from engine import Sheet, provenance, sweep_outlook

    table = seen.body.table.as_shown()
    figures = sweep_outlook.runs(seen.record, seen.body.trials)
    runs = [trial.run for trial in seen.body.trials]

    def origin_of(form: str) -> Origin:
        return provenance.Origin.of(runs, "sweep", "show", seen.record.id, "--format", form)

    return table_offer("sweep.csv", figures, Sheet(table.columns, table.rows), origin_of, part)


def pictures_offer(grid: PictureGrid, part: ReportPart | None) -> Offer:
    """Return the offer to write all pictures of the grid, of which a report shows ``part``."""
    from engine import paper

    def write(path: Path, origin: Origin) -> None:
        paper.write(grid.plot(), path, origin)

    plain = re.sub(r"[^\w]+", "-", grid.kind)
    return Offer(f"{plain}-grid.png", ".png .pdf .svg", write, lambda _: grid.origin, part)
