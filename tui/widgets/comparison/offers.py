"""What can be written of a comparison beside its charts: tables and pictures, in the formats that the ending names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import PhospheneError
from tui.exporting import Offer, write_table

if TYPE_CHECKING:
    from pathlib import Path

    from engine import gallery
    from tui.widgets.comparison.look import Seen


def table_offer(seen: Seen | None) -> Offer | None:
    """Return the offer to write the results; as CSV, in plain figures."""
    if seen is None:
        return None

    def write(path: Path) -> None:
        form = {".csv": "csv", ".md": "md", ".tex": "latex"}.get(path.suffix.lower())
        if form is None:
            raise PhospheneError(f"{path.name} must end in .csv, .md or .tex")
        sheet = seen.figures if form == "csv" else seen.results
        write_table(sheet.columns, sheet.rows, form, path)

    return Offer("comparison.csv", ".csv .md .tex", write)


def pictures_offer(sheet: gallery.Sheet | None) -> Offer | None:
    """Return the offer to write the pictures of all groups beside each other."""
    if sheet is None:
        return None
    from engine import gallery

    def write(path: Path) -> None:
        if path.suffix.lower() != ".png":
            raise PhospheneError(f"{path.name} must end in .png")
        sheet.image().save(path)

    return Offer(gallery.file_name(sheet), ".png", write)
