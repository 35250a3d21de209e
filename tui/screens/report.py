"""The screen of a report: what keys do to its outline, and what is typed into it."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textual import work
from textual.message import Message

from engine import PhospheneError, ReportItem, Reports, report_edits, report_outlines
from tui.actions import bindings
from tui.reporting import ask_which
from tui.screens.outlining import OutliningScreen
from tui.widgets.ask import Ask
from tui.widgets.report.editing import Edited
from tui.widgets.report.outline import Spot
from tui.widgets.report.writing import ask_and_write

if TYPE_CHECKING:
    from textual.widget import Widget
    from textual.widgets import OptionList

    from engine import ReportOutline, ReportPart, Workspace
    from tui.actions import Act, Scope
    from tui.keymap import Keymap
    from tui.reporting import Reporting
    from tui.screens.choosing import Chosen
    from tui.widgets.report.editor import Editor


class ReportScreen(OutliningScreen):
    """Reorders, annotates and writes the report that is meant; arguments as those of its parent."""

    BINDINGS = bindings("report")
    scope: Scope = "report"
    scopes: tuple[Scope, ...] = ("report", "part", "app")

    @dataclass
    class Progress(Message):
        """How far the writing of the report is; empty at its end."""

        text: str

    def __init__(self, reporting: Reporting, workspace: Workspace, keymap: Keymap) -> None:
        super().__init__(reporting, workspace, keymap)
        self._edited: Edited | None = None

    def reason_against(self, act: Act) -> str:
        """Return why an action cannot be done now, or the empty string."""
        if act.scope == "part":
            return "" if self._editor.display else "nothing is typed: enter or n edits a part"
        looks = {"app.help", "close", "view", "choose", "copy", "go"}
        if self.outline is not None or act.scope == "app" or act.name.partition("(")[0] in looks:
            return ""
        return self.seen.kept.problem if self.seen is not None else "the report is still read"

    def prepared(self, act: Act) -> Widget:
        """Return what does an action: the screen, or the fields."""
        return self._editor if act.scope == "part" else self

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Edit what was entered."""
        event.stop()
        await self.run_action("edit")

    def action_close(self) -> None:
        """Go back: from a preview that has the whole screen to the outline, from there to what was looked at before."""
        if self.narrow and self.view == "preview":
            self.action_view("outline")
        else:
            super().action_close()

    # -- order ----------------------------------------------------------------------------------------------------

    def action_undo(self) -> None:
        """Undo what was done last."""
        if not self._busy():
            self._do(functools.partial(self._reporting.undo, self._report))

    def action_redo(self) -> None:
        """Do again what was undone."""
        if not self._busy():
            self._do(functools.partial(self._reporting.redo, self._report))

    def action_move(self, by: int) -> None:
        """Move the part, or the item, down (1) or up (-1)."""
        spot, part = self._list.spot, self._part_meant
        if part is None or self.outline is None:
            self.complain("put the highlight on the part that is to be moved")
            return
        if spot.kind == "item":
            to, last = spot.item + by, len(part.show) - 1
            moved = report_edits.with_item_moved(part, spot.item, to)
        else:
            to, last = spot.part + by, len(self.outline.parts) - 1
        if not 0 <= to <= last:
            self.complain("it is the last one already" if by > 0 else "it is the first one already")
            return

        def edit(outline: ReportOutline) -> ReportOutline:
            at = report_edits.found(outline, spot.part, part)
            if spot.kind == "item":
                return report_edits.replaced(outline, at, moved)
            return report_edits.moved(outline, at, at + by)

        self._apply(edit, spot._replace(item=to) if spot.kind == "item" else spot._replace(part=to))

    def action_remove(self) -> None:
        """Take out the part, its note or the item."""
        spot, part = self._list.spot, self._part_meant
        if part is None:
            self.complain("put the highlight on what is to be taken out")
        elif spot.kind == "part":
            self._put(spot, part)
        elif spot.kind == "note":
            self._put(spot, part, replace(part, note=""))
        else:
            self._put(spot, part, report_edits.without_item(part, spot.item))

    def _put(self, spot: Spot, part: ReportPart, *parts: ReportPart) -> None:
        """Put other parts in the place of one."""

        def edit(outline: ReportOutline) -> ReportOutline:
            return report_edits.replaced(outline, report_edits.found(outline, spot.part, part), *parts)

        self._apply(edit, spot)

    # -- what is typed --------------------------------------------------------------------------------------------

    def action_edit(self) -> None:
        """Edit what is under the highlight."""
        spot, part = self._list.spot, self._part_meant
        if self._busy() or self.outline is None:
            return
        if spot.kind == "head":
            self._open(Edited("head", (self.outline.title, self.outline.author), key="the report"))
        elif part is None:
            self.action_add_part()
        elif spot.kind == "item":
            self._ask_for_items("what is shown there", str(part.show[spot.item]), spot, part)
        else:
            self._open(Edited.of_part(spot.part, part), note=spot.kind == "note")

    def action_note(self) -> None:
        """Edit the note of the part."""
        if not self._busy() and self._part_meant is not None:
            self._open(Edited.of_part(self._list.spot.part, self._part_meant), note=True)

    def action_add_part(self) -> None:
        """Type the words of a new part behind this one."""
        if not self._busy():
            place = 0 if self._list.spot.kind == "head" else self._list.spot.part + 1
            self._open(Edited("new", ("", ""), place, key="a new part"))

    def action_add_item(self) -> None:
        """Ask what more the part is to show."""
        part = self._part_meant
        if self._busy():
            return
        if part is None or part.source is None:
            self.complain("this part is of no runs: A adds a chart, a picture or a table where it is shown")
            return
        spot = self._list.spot
        more = Spot("item", spot.part, spot.item if spot.kind == "item" else len(part.show) - 1)
        self._ask_for_items("what more is shown", "", more._replace(item=more.item + 1), part, more=True)

    def _ask_for_items(self, question: str, text: str, spot: Spot, part: ReportPart, *, more: bool = False) -> None:
        """Ask for what stands at a spot of a part; several items are separated by semicolons."""

        def answer(typed: str) -> str:
            try:
                items = tuple(ReportItem.of(one) for one in typed.split(";") if one.strip())
            except PhospheneError as error:
                return str(error)
            for item in items:
                if problem := report_outlines.misplaced(item, part.source):
                    return problem
            show = (*part.show[: spot.item], *items, *part.show[spot.item + (not more) :])
            self._put(spot, part, replace(part, show=show))
            return ""

        self.query_one(Ask).open(f"{question}: curves METRIC, pictures NAME, table NAME, results, …", text, answer)

    def action_source(self) -> None:
        """Ask of which runs the part is to be."""
        spot, part = self._list.spot, self._part_meant
        if self._busy():
            return
        if part is None or not part.show:
            self.complain("put the highlight on a part that shows something of runs")
            return

        def answer(text: str) -> str:
            self._take_source(text, spot, part)
            return ""

        present = part.source.text if part.source is not None else ""
        self.query_one(Ask).open("of which runs: names, a filter such as nz>=10, a sweep or a study", present, answer)

    @work(group="source", exclusive=True)
    async def _take_source(self, text: str, spot: Spot, part: ReportPart) -> None:
        try:
            source = await asyncio.to_thread(Reports(self._workspace).meant_by, text)
            changed = report_edits.about(part, source)
        except PhospheneError as error:
            self.complain(str(error))
            return
        if changed == part:
            self.notify("that is how it is already")
        elif self.is_attached:
            self._put(spot, part, changed)

    def _open(self, edited: Edited, *, note: bool = False) -> None:
        """Show the fields, with what was typed into them before and not kept."""
        self._edited = edited
        names = ("title", "author") if edited.kind == "head" else ("heading", "note, in Markdown")
        self._editor.open(edited.title, names, edited.texts, lined=edited.kind == "head")
        self._arrange()
        if draft := self._reporting.drafts(self._report).get(edited.key):
            self._editor.offer(*draft.split("\n", 1))
        self._editor.focus_field(note=note)

    def on_editor_typed(self, message: Editor.Typed) -> None:
        """Remember what is typed: a terminal may be closed at any moment."""
        drafts = self._reporting.drafts(self._report)
        if self._edited is None or (message.heading, message.note) == self._edited.texts:
            return
        drafts[self._edited.key] = f"{message.heading}\n{message.note}"

    def on_editor_kept(self, message: Editor.Kept) -> None:
        """Put what was typed into the outline; say first if somebody has changed the part meanwhile."""
        edited, texts = self._edited, (message.heading, message.note)
        if edited is None or self.outline is None:
            self._editor.complain(self.seen.kept.problem if self.seen is not None else "the report is still read")
            return
        try:
            edited.applied(self.outline, texts)
        except PhospheneError:
            self._edited = edited.anew(self.outline)
            what = "adds it anew" if self._edited.kind == "new" else "puts your words in place of what stands there now"
            self._editor.complain(f"somebody has changed this part meanwhile: ctrl+s again {what}")
            return
        self._close_editor()
        self._apply(lambda outline: edited.applied(outline, texts), edited.spot, edited.key)

    def on_editor_taken_back(self) -> None:
        """Leave everything as it was; what was typed is offered again."""
        edited = self._edited
        self._close_editor()
        if edited is not None and edited.key in self._reporting.drafts(self._report):
            self.notify("taken back; editing it again offers what you typed")

    def _close_editor(self) -> None:
        self._edited = None
        self._editor.close()
        self._arrange()
        self.set_focus(self._list)

    # -- the whole report -----------------------------------------------------------------------------------------

    def action_export(self) -> None:
        """Ask for a file name, and write the report."""
        if not self._busy():
            ask_and_write(self, self._reporting, self._report, self._workspace, self._told)

    def _told(self, text: str) -> None:
        self.post_message(self.Progress(text))

    def on_report_screen_progress(self, message: Progress) -> None:
        """Say how far the writing is."""
        self._progress = message.text
        self._show_head()

    def action_choose(self) -> None:
        """Go to another report, or begin one."""
        if not self._editor.display:
            ask_which(self, "which report?", self._go_on_with)

    async def _go_on_with(self, chosen: Chosen) -> None:
        try:
            self._report = await asyncio.to_thread(self._reporting.take, chosen)
        except PhospheneError as error:
            self.complain(str(error))
            return
        self.seen = self.outline = None
        self._list.go_to(Spot())
        self._wanted.set()

    def action_copy(self) -> None:
        """Copy the command that writes the report."""
        self.app.copy_to_clipboard(self.command)
        self.notify(self.command, title="copied", markup=False)
