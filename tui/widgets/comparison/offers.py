"""What can be written of a comparison: charts, tables, pictures, each in the formats that its file's ending names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine import PhospheneError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine import Origin, Sheet, gallery
    from tui.widgets.comparison.look import Seen


@dataclass(frozen=True)
class Offer:
    """A file that can be written.

    Attributes:
        name: that it has unless the user wants another one.
        endings: in words.
        write: fills it; raises PhospheneError for another ending.
        origin: where a file of that name comes from.
    """

    name: str
    endings: str
    write: Callable[[Path, Origin], object]
    origin: Callable[[Path], Origin]


def chart_offer(seen: Seen | None, metric: str) -> Offer | None:
    """Return the offer to write a chart, or exactly what it draws as CSV."""
    if seen is None or metric not in seen.charts:
        return None
    chart = seen.charts[metric].chart

    def write(path: Path, origin: Origin) -> None:
        if path.suffix.lower() == ".csv":
            _table(chart.sheet(), "csv")(path, origin)
        else:
            from engine import overlay

            overlay.write(chart, path, origin)

    return Offer(f"{_plain(metric)}.pdf", ".pdf .svg .png .csv", write, lambda _: chart.origin)


def table_offer(seen: Seen | None) -> Offer | None:
    """Return the offer to write the results; as CSV, in plain figures."""
    if seen is None:
        return None

    def form_of(path: Path) -> str:
        form = {".csv": "csv", ".md": "md", ".tex": "latex"}.get(path.suffix.lower())
        if form is None:
            raise PhospheneError(f"{path.name} must end in .csv, .md or .tex")
        return form

    def write(path: Path, origin: Origin) -> None:
        form = form_of(path)
        _table(seen.figures if form == "csv" else seen.results, form)(path, origin)

    return Offer("comparison.csv", ".csv .md .tex", write, lambda path: seen.origins[form_of(path)])


def pictures_offer(sheet: gallery.Sheet | None) -> Offer | None:
    """Return the offer to write the pictures of all groups beside each other."""
    if sheet is None:
        return None
    from engine import gallery

    def write(path: Path, origin: Origin) -> None:
        if path.suffix.lower() != ".png":
            raise PhospheneError(f"{path.name} must end in .png")
        origin.save(sheet.image(), path)

    return Offer(gallery.file_name(sheet), ".png", write, lambda _: gallery.origin_of(sheet))


def _table(sheet: Sheet, form: str) -> Callable[[Path, Origin], object]:
    from engine import provenance, tables

    return provenance.text(tables.written(sheet.columns, sheet.rows, form))


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)[:80]
