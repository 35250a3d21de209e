"""What can be written of a comparison: charts, tables, pictures, each in the formats that its file's ending names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine import PhospheneError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine import Chart, Sheet, gallery
    from tui.widgets.comparison.look import Seen


@dataclass(frozen=True)
class Offer:
    """A file that can be written.

    Attributes:
        name: that it has unless the user wants another one.
        endings: in words.
        write: fills it; raises PhospheneError for another ending.
    """

    name: str
    endings: str
    write: Callable[[Path], object]


def chart_offer(seen: Seen | None, metric: str) -> Offer | None:
    """Return the offer to write a chart, or exactly what it draws as CSV."""
    if seen is None or metric not in seen.charts:
        return None
    chart = seen.charts[metric].chart
    return Offer(f"{plain(metric)}.pdf", ".pdf .svg .png .csv", lambda path: write_chart(chart, path))


def table_offer(seen: Seen | None) -> Offer | None:
    """Return the offer to write the results; as CSV, in plain figures."""
    if seen is None:
        return None
    return Offer("comparison.csv", ".csv .md .tex", lambda path: write_table(seen.figures, seen.results, path))


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


def write_chart(chart: Chart, path: Path) -> None:
    """Write a chart as the ending of a file says; as CSV, every point that is drawn."""
    if path.suffix.lower() == ".csv":
        _write(chart.sheet(), "csv", path)
    else:
        from engine import overlay

        overlay.write(chart, path)


def write_table(figures: Sheet, shown: Sheet, path: Path) -> None:
    """Write a table as the ending of a file says; as CSV, in plain figures.

    Raises:
        PhospheneError: for another ending.
    """
    form = {".csv": "csv", ".md": "md", ".tex": "latex"}.get(path.suffix.lower())
    if form is None:
        raise PhospheneError(f"{path.name} must end in .csv, .md or .tex")
    _write(figures if form == "csv" else shown, form, path)


def _write(sheet: Sheet, form: str, path: Path) -> None:
    from engine import tables

    text = tables.written(sheet.columns, sheet.rows, form)
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def plain(name: str) -> str:
    """Return a name of what is written for its file."""
    return "".join(letter if letter.isalnum() else "-" for letter in name)[:80]
