"""Writing the report from its screen: asked for in one line, read and written beside the event loop."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from engine import Origin, PhospheneError, provenance
from tui.exporting import export
from tui.screens.questions import TextScreen

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widget import Widget

    from engine import Workspace
    from tui.exporting import Owner
    from tui.reporting import Reporting

OUTLINE = ".toml"
ENDINGS = ".html .md .tex .pdf .toml"
ALONE = ".html .pdf .toml"
"""Endings of reports that are one file, which a browser can take."""


def ask_and_write(
    owner: Widget, reporting: Reporting, name: str, workspace: Workspace, told: Callable[[str], None]
) -> None:
    """Ask for a file name whose ending says the format, and write the report.

    Args:
        owner: says where it lies, or why it could not be written.
        reporting: the reports of the workspace.
        name: of the report.
        workspace: of the runs.
        told: hears how far it is, in any thread; the empty string at the end.
    """

    def write(answer: str | None) -> None:
        if answer and owner.app.is_web and Path(answer).suffix.lower() not in ALONE.split():
            owner.notify(f"a browser takes one file, which ends in one of {ALONE}", severity="error", markup=False)
        elif answer:
            # Of the app, so that the report is written, and that is said, when the screen is left meanwhile.
            work = _write(owner.app, reporting, name, workspace, Path(answer).expanduser(), told)
            owner.app.run_worker(work, group="export")

    owner.app.push_screen(TextScreen("write to", f"{name}.html", ALONE if owner.app.is_web else ENDINGS), write)


async def _write(
    owner: Owner, reporting: Reporting, name: str, workspace: Workspace, path: Path, told: Callable[[str], None]
) -> None:
    from engine import Reports, report_writing

    def read(done: int, total: int) -> None:
        told(f"{path.name}: reading {done + 1} of {total}…")

    try:
        kept = await asyncio.to_thread(reporting.kept.read, name)
        assert kept.outline is not None, "what is read has an outline"
        if path.suffix.lower() == OUTLINE:
            words = ("report", name, "--to", OUTLINE[1:])
            await export(owner, path, provenance.text(kept.text), lambda _: Origin.of((), *words))
            return
        form = report_writing.form_of(path, "")
        reports = Reports(workspace)
        document = await asyncio.to_thread(reports.document, kept.outline, read)
    except PhospheneError as error:
        owner.notify(str(error), severity="error", markup=False)
    else:
        told(f"{path.name}: writing…")
        await export(
            owner,
            path,
            lambda place, origin: report_writing.write(document, place, form, origin),
            lambda _: reports.origin(form, [name]),
        )
    finally:
        told("")
