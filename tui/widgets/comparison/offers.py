"""What can be written of a comparison beside its charts: tables and pictures, in the formats that the ending names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import PhospheneError
from tui.exporting import Offer, table_offer

if TYPE_CHECKING:
    from pathlib import Path

    from engine import gallery
    from tui.widgets.comparison.look import Seen


def results_offer(seen: Seen | None) -> Offer | None:
    """Return the offer to write the results."""
    return table_offer("comparison.csv", seen.figures, seen.results) if seen is not None else None


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
