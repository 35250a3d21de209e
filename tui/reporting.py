"""The report that is put together in the app: which one it is, how things are added to it, what can be undone."""

from __future__ import annotations

import asyncio
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from engine import PhospheneError
from tui.limits import LimitedApp

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from pathlib import Path

    from textual.dom import DOMNode
    from textual.widget import Widget

    from engine import KeptReports, ReportChange, ReportEdit, ReportPart, Workspace
    from tui.screens.acting import ActingScreen
    from tui.screens.choosing import Chosen
    from tui.settings import Settings

NOTHING = "only charts, pictures, tables and the list of runs can be added to a report: go to one of them first"


class Reporting:
    """The reports of a workspace, which of them is meant, and what was done to them here.

    Args:
        home: the folder of the workspace.
        settings: remember which report is meant, and what was typed and not kept.
        read_only: whether reports may only be looked at.
    """

    def __init__(self, home: Path, settings: Settings, *, read_only: bool) -> None:
        self._home = home
        self._settings = settings
        self._read_only = read_only
        self._done: dict[str, list[ReportChange]] = {}
        self._undone: dict[str, list[ReportChange]] = {}

    @cached_property
    def kept(self) -> KeptReports:
        """The reports."""
        from engine import KeptReports

        return KeptReports(self._home, read_only=self._read_only)

    @property
    def name(self) -> str:
        """The name of the report that is meant; empty as long as none is, or if it is not there any more."""
        name = self._settings.report
        return name if name and self.kept.path(name).is_file() else ""

    def take(self, chosen: Chosen) -> str:
        """Mean this report from now on, which is begun if it is a new one; return its name.

        Raises:
            PhospheneError: if it cannot be begun.
        """
        self._settings.report = self.kept.begin(chosen.text) if chosen.new else chosen.text
        return self._settings.report

    def drafts(self, name: str) -> dict[str, str]:
        """Return what was typed into the parts of a report and is not kept, by heading; it is remembered as changed."""
        return self._settings.drafts.setdefault(name, {})

    # -- changing -----------------------------------------------------------------------------------------------------

    def change(self, name: str, edit: ReportEdit) -> ReportChange:
        """Change a report, so that it can be undone; raises as :meth:`engine.report.kept.KeptReports.change` does."""
        change = self.kept.change(name, edit)
        if change.before.text != change.after.text:
            self._done.setdefault(name, []).append(change)
            self._undone.pop(name, None)
        return change

    def undo(self, name: str) -> ReportChange | None:
        """Undo what was done last; None if nothing was done here.

        Raises:
            PhospheneError: if the report has been changed elsewhere since.
        """
        return self._back(self._done.setdefault(name, []), self._undone.setdefault(name, []))

    def redo(self, name: str) -> ReportChange | None:
        """Do again what was undone last; raises as :meth:`undo` does."""
        return self._back(self._undone.setdefault(name, []), self._done.setdefault(name, []))

    def _back(self, changes: list[ReportChange], others: list[ReportChange]) -> ReportChange | None:
        if not changes:
            return None
        change = self.kept.put_back(changes[-1])
        changes.pop()
        others.append(change)
        return change


class ReportingApp(LimitedApp):
    """An app in which a report is put together."""

    reporting: Reporting


def reporting_of(node: DOMNode) -> Reporting:
    """Return the reports of the app of a screen or a widget."""
    assert isinstance(node.app, ReportingApp), "the app puts reports together"
    return node.app.reporting


# -- what keys ask for ------------------------------------------------------------------------------------------------


def part_of(
    kind: str, *names: str, runs: Iterable[str] = (), sweep: str = "", study: str = "", **way: Any
) -> ReportPart:
    """Return what a report shows of runs, of a sweep, or of a study.

    Args:
        kind: of its items.
        names: of metrics, pictures or tables; none for a kind that has no names.
        runs: their ids.
        sweep: its id.
        study: its name and tier, as ``gan-nz:quick``.
        **way: how they are looked at: ``baseline``, ``smooth``, ``x``, ``log_y``, ``step``.
    """
    from engine import ReportItem, ReportPart, ReportSource

    show = tuple(ReportItem(kind, name) for name in names or ("",))
    return ReportPart(show=show, source=ReportSource(tuple(runs), sweep, study), **way)


def ask_and_add(owner: Widget, part: ReportPart | None) -> None:
    """Add what a part shows to the report; ask which one it is if none is meant yet."""
    if part is None:
        owner.notify(NOTHING, severity="error", markup=False)
        return
    reporting = reporting_of(owner)
    if reporting.name:
        owner.app.run_worker(_add(owner, reporting, part), group="report")
    else:
        ask_which(owner, "add to which report?", lambda chosen: _add(owner, reporting, part, chosen))


def open_report(owner: ActingScreen, workspace: Workspace) -> None:
    """Show the report; ask which one it is if none is meant yet."""
    from tui.screens.report import ReportScreen

    reporting = reporting_of(owner)

    async def show(chosen: Chosen | None = None) -> None:
        try:
            if chosen is not None:
                await asyncio.to_thread(reporting.take, chosen)
        except PhospheneError as error:
            owner.notify(str(error), severity="error", markup=False)
        else:
            owner.app.push_screen(ReportScreen(reporting, workspace, owner.keymap))

    if reporting.name:
        owner.run_worker(show(), group="report")
    else:
        ask_which(owner, "which report?", show)


def ask_which(owner: Widget, question: str, then: Callable[[Chosen], Coroutine[Any, Any, None]]) -> None:
    """Ask which report is meant, and go on with it."""
    from tui.screens.choosing import ChooseReportScreen

    async def ask() -> None:
        kept = reporting_of(owner).kept
        reports = await asyncio.to_thread(lambda: [kept.look(name) for name in kept.names()])

        def answer(chosen: Chosen | None) -> None:
            if chosen is not None:
                owner.app.run_worker(then(chosen), group="report")

        owner.app.push_screen(ChooseReportScreen(question, reports, reporting_of(owner).name), answer)

    owner.run_worker(ask(), group="report")


async def _add(owner: Widget, reporting: Reporting, part: ReportPart, chosen: Chosen | None = None) -> None:
    """Add to the report in a thread, and say where it went."""
    from engine import report_edits, report_wording

    def change() -> ReportChange:
        name = reporting.take(chosen) if chosen is not None else reporting.name
        return reporting.change(name, partial(report_edits.added, part=part))

    try:
        change_ = await asyncio.to_thread(change)
    except PhospheneError as error:
        owner.notify(str(error), severity="error", markup=False)
        return
    after = change_.after
    assert after.outline is not None, "what was changed has an outline"
    place = report_edits.place_of(after.outline, part)
    where = report_wording.where(after, place) if place is not None else after.title
    what = ", ".join(map(str, part.show))
    title = "in the report already" if change_.before.text == after.text else "added to the report"
    owner.notify(f"{what}: {where}; W shows it", title=title, markup=False)
