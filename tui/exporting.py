"""Files and copies on request: asked for in one way everywhere, written beside the event loop under a free name."""

from __future__ import annotations

import asyncio
import re
import tempfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import PhospheneError, provenance, tables
from tui.screens.questions import ChooseScreen, TextScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import App
    from textual.widget import Widget

    from engine import Chart, Origin, ReportPart, Sheet

    Write = Callable[[Path, Origin], object]
    Owner = Widget | App[Any]

FORMS = {"m": ("Markdown", "md"), "l": ("LaTeX", "latex")}
"""What tables are copied as, by the key that says so."""


@dataclass(frozen=True)
class Offer:
    """What has the focus, as a file that can be written, and as what a report can show.

    Attributes:
        name: that the file has unless the user wants another one.
        endings: in words.
        write: fills it; raises PhospheneError for another ending.
        origin: where a file of that name comes from.
        part: what a report shows of it, as it is looked at; None for nothing.
    """

    name: str
    endings: str
    write: Write
    origin: Callable[[Path], Origin]
    part: ReportPart | None = None


def chart_offer(name: str, chart: Chart, part: ReportPart | None = None) -> Offer:
    """Return the offer to write a chart, or exactly what it draws as CSV.

    Args:
        name: of the file, without an ending; what a file's name should not hold is left out.
        chart: its lines.
        part: what a report shows of it.
    """

    def write(path: Path, origin: Origin) -> None:
        if path.suffix.lower() == ".csv":
            sheet = chart.sheet()
            write_table(sheet.columns, sheet.rows, "csv")(path, origin)
        else:
            from engine import overlay

            overlay.write(chart, path, origin)

    plain = re.sub(r"[^\w]+", "-", name).strip("-")[:80]
    return Offer(f"{plain or 'chart'}.pdf", ".pdf .svg .png .csv", write, lambda _: chart.origin, part)


def write_table(columns: Sequence[str], rows: Sequence[Sequence[str]], form: str) -> Write:
    """Return how a table is written in one of the formats of :mod:`engine.tables`."""
    return provenance.text(tables.written(columns, rows, form))


def table_offer(
    name: str, figures: Sheet, shown: Sheet, origin_of: Callable[[str], Origin], part: ReportPart | None = None
) -> Offer:
    """Return the offer to write a table: as CSV its plain figures, as Markdown or LaTeX what is shown.

    Args:
        name: of the file.
        figures: written as CSV.
        shown: written in the other formats.
        origin_of: returns where the table in a format comes from.
        part: what a report shows of it.
    """

    def form_of(path: Path) -> str:
        form = {".csv": "csv", ".md": "md", ".tex": "latex"}.get(path.suffix.lower())
        if form is None:
            raise PhospheneError(f"{path.name} must end in .csv, .md or .tex")
        return form

    def write(path: Path, origin: Origin) -> None:
        form = form_of(path)
        sheet = figures if form == "csv" else shown
        write_table(sheet.columns, sheet.rows, form)(path, origin)

    return Offer(name, ".csv .md .tex", write, lambda path: origin_of(form_of(path)), part)


def ask_and_export(owner: Widget, offer: Offer | None) -> None:
    """Ask for the name of a file, and write it; say so if there is nothing to write."""
    if offer is None:
        owner.notify("there is nothing to write yet", severity="error")
        return
    chosen = offer

    def write(name: str | None) -> None:
        if name:
            owner.run_worker(export(owner, Path(name).expanduser(), chosen.write, chosen.origin), group="export")

    owner.app.push_screen(TextScreen("write to", offer.name, offer.endings), write)


def ask_and_copy(owner: Widget, what: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Ask in which form a table is to be copied, and copy it.

    Args:
        owner: says what was copied.
        what: the table is, in a few words.
        columns: their names.
        rows: as many cells in each as there are columns.
    """

    def copy(key: str | None) -> None:
        if key:
            name, form = FORMS[key]
            owner.app.copy_to_clipboard(tables.written(columns, rows, form))
            owner.notify(f"{what}, {len(rows):,} rows, as {name}", title="copied", markup=False)

    owner.app.push_screen(ChooseScreen(f"copy {what} as", {key: name for key, (name, _) in FORMS.items()}), copy)


async def export(owner: Owner, wanted: Path, write: Write, origin_of: Callable[[Path], Origin]) -> None:
    """Let ``write`` fill a file in a thread; another name is taken if there is one already. The owner says the end.

    In a browser the file is a download.
    """
    try:
        origin = origin_of(wanted)
        if owner.app.is_web:
            content = await asyncio.to_thread(_content, wanted.name, write, origin)
            owner.app.deliver_binary(BytesIO(content), save_filename=wanted.name)
            owner.notify(f"{wanted.name} goes to your browser's downloads", title="exported", markup=False)
            return
        path = await asyncio.to_thread(provenance.free, wanted)
        await asyncio.to_thread(provenance.write_whole, path, write, origin)
    except PhospheneError as error:
        owner.notify(str(error), severity="error", markup=False)
    except OSError as error:
        owner.notify(f"{wanted} cannot be written: {error.strerror or error}", severity="error", markup=False)
    else:
        owner.notify(str(path.absolute()), title="exported", markup=False)


def _content(name: str, write: Write, origin: Origin) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path, origin)
        return path.read_bytes()
