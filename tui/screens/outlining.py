"""The outline of a report on a screen: looked at again and again, changed at once and written behind that."""

from __future__ import annotations

import asyncio
import functools
import shlex
from collections import deque
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from engine import PhospheneError, report_wording, wording
from tui.screens.looking import ViewsScreen
from tui.widgets.ask import Ask
from tui.widgets.key_bar import KeyBar
from tui.widgets.report.editor import Editor
from tui.widgets.report.look import Looking
from tui.widgets.report.outline import OutlineList, Spot
from tui.widgets.report.preview import Preview

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.widget import Widget

    from engine import ReportChange, ReportEdit, ReportOutline, ReportPart, Workspace
    from tui.actions import Scope
    from tui.keymap import Keymap
    from tui.reporting import Reporting
    from tui.widgets.report.look import Seen


class OutliningScreen(ViewsScreen):
    """Shows the report that is meant beside the part as it will be read; what keys do to it is for its child.

    What is changed is shown at once and written beside the event loop, one change after the other.

    Args:
        reporting: the reports of the workspace.
        workspace: of the runs.
        keymap: keys that the user chose.
    """

    views = ("outline", "preview")
    acts_of: ClassVar[Scope] = "report"

    def __init__(self, reporting: Reporting, workspace: Workspace, keymap: Keymap) -> None:
        super().__init__(keymap, "")
        self._reporting = reporting
        self._workspace = workspace
        self._looking = Looking(reporting, workspace)
        self._changes: deque[Callable[[], ReportChange | None]] = deque()
        self._progress = ""
        self._report = reporting.name
        self.seen: Seen | None = None
        self.outline: ReportOutline | None = None

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield Static(id="report-head", markup=False)
        with Horizontal(id="report"):
            yield OutlineList()
            yield Preview()
            yield Editor()
        yield Ask()
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to look."""
        self._arrange()
        self._list.focus()
        self.keep_looking()

    @property
    def _list(self) -> OutlineList:
        return self.query_one(OutlineList)

    @property
    def _preview(self) -> Preview:
        return self.query_one(Preview)

    @property
    def _editor(self) -> Editor:
        return self.query_one(Editor)

    # -- looks ----------------------------------------------------------------------------------------------------

    def look(self) -> Callable[[], Seen | None]:
        """Return how to look at the report that is meant now."""
        return functools.partial(self._looking.look, self._report)

    def take(self, seen: Seen) -> bool:
        """Show what was seen, unless it is older than what is being written; the parts themselves come second."""
        if not self._changes and seen.kept.name == self._report:
            self.seen, self.outline = seen, seen.kept.outline
            self._show()
        return seen.read is None and seen.kept.outline is not None

    def _show(self, spot: Spot | None = None) -> None:
        if self.seen is not None:
            self._list.show(self.outline, self.seen, spot)
        self._show_part()
        self._show_head()

    def _show_head(self) -> None:
        parts = self._numbered()
        if self.outline is not None and self.seen is not None:
            count = len(self.outline.parts)
            broken = sum(len(read.problems) for read in (self.seen.read or {}).values())
            parts.append(f"· {count} part{'s' * (count != 1)}")
            parts += [(f" · {broken} item{'s' * (broken != 1)} cannot be shown", "$text-error")] if broken else []
        path = self._reporting.kept.path(self._report)
        parts.append((f" · {self._progress or f'{path.parent.name}/{path.name}'}", "$text-muted"))
        self.query_one("#report-head", Static).update(Content.assemble(*parts), layout=False)

    def _show_part(self) -> None:
        """Show the part under the highlight as it will be read, where there is room for it."""
        if self.seen is None or not self._preview.display:
            return
        found, spot = self._part_meant, self._list.spot
        if found is None:
            said = f"{self.seen.kept.path}\n\ne writes it, and so does: {self.command}"
            self._preview.show("the report", said, "")
            return
        read = self.seen.of(found)
        about = [report_wording.described(found), *(f"✗ {text}" for text in (read.problems.values() if read else ()))]
        text = read.text if read is not None else "reading…"
        self._preview.show(f"part {spot.part + 1}", "\n".join(wording.printable(one) for one in about if one), text)

    @property
    def command(self) -> str:
        """What writes the report on the command line."""
        return f"phosphene report {shlex.quote(self._report)} -o {shlex.quote(f'{self._report}.html')}"

    @property
    def _part_meant(self) -> ReportPart | None:
        """The part under the highlight."""
        spot, outline = self._list.spot, self.outline
        there = outline is not None and spot.kind != "head" and spot.part < len(outline.parts)
        return outline.parts[spot.part] if outline is not None and there else None

    # -- what is seen ---------------------------------------------------------------------------------------------

    def _show_view(self) -> None:
        self._arrange()
        self._show_part()
        self._show_head()

    @property
    def first_stop(self) -> Widget | None:
        """The outline, or what it shows of a part."""
        return self._list if self.view == "outline" else self._preview

    def _arrange(self) -> None:
        editing = self._editor.display
        self._list.display = not self.narrow or (self.view == "outline" and not editing)
        self._preview.display = not editing and (not self.narrow or self.view == "preview")
        self._list.disabled = editing

    def on_option_list_option_highlighted(self) -> None:
        """Show the part under the highlight."""
        self._show_part()

    # -- changes --------------------------------------------------------------------------------------------------

    def _apply(self, edit: ReportEdit, spot: Spot, draft: str = "") -> None:
        """Change the outline now, and its file as soon as it can be.

        Args:
            edit: what is done.
            spot: where the highlight goes.
            draft: key of what was typed, which is forgotten once it is kept.
        """
        if self.outline is None or self._busy():
            return
        try:
            self.outline = edit(self.outline)
        except PhospheneError as error:
            self.complain(str(error))
            return
        self._show(spot)
        name, reporting = self._report, self._reporting

        def change() -> ReportChange:
            done = reporting.change(name, edit)
            reporting.drafts(name).pop(draft, None)
            return done

        self._do(change)

    def _do(self, change: Callable[[], ReportChange | None]) -> None:
        self._changes.append(change)
        if len(self._changes) == 1:
            # Of the app, so that what was begun is done when this screen is left.
            self.app.run_worker(self._write_changes(), group="report-changes")

    async def _write_changes(self) -> None:
        while self._changes:
            try:
                if await asyncio.to_thread(self._changes[0]) is None:
                    self.app.notify("there is nothing more to undo or to do again")
            except PhospheneError as error:
                self.app.notify(str(error), severity="error", markup=False)
                self._changes.clear()
            else:
                self._changes.popleft()
        self._wanted.set()

    def _busy(self) -> bool:
        """Say what hinders a change, if anything does."""
        if self._editor.display:
            self.complain("keep what you type with ctrl+s, or take it back with esc, first")
        elif self.seen is None or self.outline is None:
            self.complain(self.seen.kept.problem if self.seen is not None else "the report is still read")
        else:
            return False
        return True
