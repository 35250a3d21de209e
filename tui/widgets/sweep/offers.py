"""What can be written of a sweep: its table, a chart, its pictures, in the formats that endings of files name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.widgets.comparison.offers import Offer, plain, write_chart, write_table

if TYPE_CHECKING:
    from pathlib import Path

    from engine import Chart, PictureGrid
    from tui.widgets.sweep.look import Seen


def table_offer(seen: Seen) -> Offer:
    """Return the offer to write the combinations; as CSV, the runs in plain figures."""
    from engine import Sheet, sweep_outlook

    table = seen.body.table.as_shown()
    shown = Sheet(table.columns, table.rows)
    figures = sweep_outlook.runs(seen.record, seen.body.trials)
    return Offer("sweep.csv", ".csv .md .tex", lambda path: write_table(figures, shown, path))


def chart_offer(name: str, chart: Chart) -> Offer:
    """Return the offer to write a chart, or exactly what it draws as CSV."""
    stem = plain(f"{chart.y_label}-{name}")
    return Offer(f"{stem}.pdf", ".pdf .svg .png .csv", lambda path: write_chart(chart, path))


def pictures_offer(grid: PictureGrid) -> Offer:
    """Return the offer to write all pictures of the grid."""
    from engine import paper

    def write(path: Path) -> None:
        paper.write(grid.plot(), path)

    return Offer(f"{plain(grid.kind)}-grid.png", ".png .pdf .svg", write)
