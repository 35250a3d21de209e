"""The screen that compares runs: it wires tables, charts and pictures to looks that are taken beside the event loop."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from engine import PhospheneError
from tui.actions import bindings
from tui.exporting import ask_and_copy, chart_offer
from tui.reporting import part_of
from tui.screens.looking import ViewsScreen
from tui.screens.offering import Offering
from tui.screens.questions import TextScreen
from tui.widgets.comparison.charts import ComparisonCharts
from tui.widgets.comparison.look import Asked, Looking
from tui.widgets.comparison.offers import pictures_offer, results_offer
from tui.widgets.comparison.pictures import ComparisonPictures
from tui.widgets.comparison.tables import ComparisonTables
from tui.widgets.key_bar import KeyBar
from tui.workbench.studying import ask_and_write_study

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.widget import Widget

    from engine import Engine, Listed, ReportPart, Workspace
    from tui.actions import Act, Scope
    from tui.exporting import Offer
    from tui.keymap import Keymap
    from tui.widgets.comparison.look import Seen


class CompareScreen(Offering, ViewsScreen):
    """Compares runs, and looks at them again every second.

    Args:
        engine: of the workspace in which they lie; launches further seeds.
        runs: that are compared, as they are listed.
        renderer: how pictures are drawn.
        keymap: keys that the user chose.
    """

    BINDINGS = bindings("compare")
    views = ("curves", "results", "pictures")
    scope: Scope = "compare"
    acts_of: ClassVar[Scope] = "compare"
    scopes: tuple[Scope, ...] = ("compare", "charts", "app")

    def __init__(self, engine: Engine, runs: Sequence[Listed], renderer: str, keymap: Keymap) -> None:
        super().__init__(keymap, renderer)
        self._engine = engine
        self._looking = Looking(engine.workspace, runs)
        self._count = len(runs)
        self._members = self._every = False
        self._baseline = ""
        self.seen: Seen | None = None

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield Static(id="comparison-head", markup=False)
        with Horizontal(id="comparison"):
            yield ComparisonTables()
            yield ComparisonCharts()
            yield ComparisonPictures(self._first_renderer)
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to look."""
        self._show_view()
        self._tables.focus()
        self.keep_looking()

    @property
    def _tables(self) -> ComparisonTables:
        return self.query_one(ComparisonTables)

    @property
    def _charts(self) -> ComparisonCharts:
        return self.query_one(ComparisonCharts)

    @property
    def _pictures(self) -> ComparisonPictures:
        return self.query_one(ComparisonPictures)

    # -- looks ----------------------------------------------------------------------------------------------------

    @property
    def asked(self) -> Asked:
        """What the user wants to see."""
        charts = self._charts
        return Asked(
            axis=charts.axis if charts.axis_chosen else None,
            weight=charts.smoothing or 0.0,
            log_y=charts.log_y,
            members=self._members,
            every=self._every,
            baseline=self._baseline,
        )

    def look(self) -> Callable[[], Seen | None]:
        """Return how to look for what is asked for now."""
        return functools.partial(self._looking.look, self.asked)

    def take(self, seen: Seen) -> bool:
        """Show what was seen."""
        self._show(seen)
        return False

    @property
    def drawing(self) -> ComparisonPictures:
        """The panel of pictures."""
        return self._pictures

    def _show(self, seen: Seen) -> None:
        first = self.seen is None
        self.seen = seen
        self._tables.show(seen)
        self._charts.show(seen)
        self._pictures.show(seen.shelves)
        self._show_head()
        if first and self._tables.has_focus:
            self.call_after_refresh(self._focus_view)

    def on_comparison_charts_changed(self) -> None:
        """Look at once."""
        self._wanted.set()

    # -- actions --------------------------------------------------------------------------------------------------

    def reason_against(self, act: Act) -> str:
        """Return why an action cannot be done now, or the empty string."""
        if act.scope == "charts":
            return "" if self._charts.display and self._charts.metrics else "no curves are shown: 1 shows them"
        if act.name.startswith("pictures(") or act.name == "renderer":
            return "" if self._pictures.display else "no pictures are shown: 3 shows them"
        reads = {"members", "more", "baseline", "replicate", "copy", "export", "add_to_report"}
        return "the runs are still read" if act.name in reads and self.seen is None else ""

    def prepared(self, act: Act) -> Widget:
        """Return what does an action; of several charts, the one that has the focus, or else the first."""
        if act.scope != "charts":
            return self
        chart = self._charts.focused_chart
        self.set_focus(chart)
        return chart

    # -- what is seen ---------------------------------------------------------------------------------------------

    def _show_view(self) -> None:
        wide = not self.narrow
        self._tables.display = wide or self.view == "results"
        self._pictures.display = self.view == "pictures"
        self._charts.display = self.view == "curves" or (wide and self.view == "results")
        self._show_head()

    @property
    def first_stop(self) -> Widget | None:
        """The first chart, the tables or the pictures."""
        if self.view == "curves":
            return self._charts.first_stop
        return self._tables if self.view == "results" else self._pictures

    def _show_head(self) -> None:
        seen = self.seen
        parts = self._numbered()
        if seen is None:
            parts.append(f"reading {self._count} runs…")
        else:
            groups = f"{len(seen.keys)} group{'s' * (len(seen.keys) != 1)}"
            parts.append(f"· {seen.runs} run{'s' * (seen.runs != 1)} in {groups}")
        self.query_one("#comparison-head", Static).update(Content.assemble(*parts), layout=False)

    # -- keys -----------------------------------------------------------------------------------------------------

    async def action_charts(self, action: str) -> None:
        """Do something to all charts."""
        await self._charts.run_action(action)

    async def action_pictures(self, action: str) -> None:
        """Do something to the pictures, if they are shown."""
        if self._pictures.display:
            await self._pictures.run_action(action)

    def action_members(self) -> None:
        """Show the runs behind the means, or not."""
        self._members = not self._members
        self._wanted.set()

    def action_more(self) -> None:
        """Name all fields, or only those that differ; in the pictures, show differences."""
        if self._pictures.has_focus:
            self._pictures.action_difference()
            return
        self._every = not self._every
        self._wanted.set()

    def action_baseline(self) -> None:
        """Compare with the next group; after the last one, with none."""
        keys = [*(self.seen.keys if self.seen is not None else ()), ""]
        self._baseline = keys[(keys.index(self._baseline) + 1) % len(keys)] if self._baseline in keys else ""
        self._wanted.set()

    def action_write_study(self) -> None:
        """Ask for a name, and write a study of the runs."""
        ask_and_write_study(self, self._engine.workspace.home, self._looking.ids, "compared")

    def action_copy(self) -> None:
        """Ask in which form the results are to be copied, and copy them."""
        if self.seen is not None:
            ask_and_copy(self, "the results", self.seen.results.columns, self.seen.results.rows)

    @property
    def workspace(self) -> Workspace:
        """Whose runs are compared."""
        return self._engine.workspace

    def offer(self) -> Offer | None:
        """Return what has the focus: the tables, a chart, or all pictures."""
        if self.seen is None:
            return None
        tables_meant = self._tables.has_focus
        if self._pictures.display and not tables_meant:
            return pictures_offer(self._pictures.sheet, self._part("pictures", self._pictures.kind))
        if self._charts.display and not tables_meant:
            drawn = self._charts.on_paper
            return chart_offer(*drawn, self._part("curves", drawn[0])) if drawn is not None else None
        return results_offer(self.seen, self._part("results"))

    def _part(self, kind: str, *names: str) -> ReportPart:
        """Return what a report shows of the runs, as they are looked at."""
        asked, runs = self.asked, self.seen.ids if self.seen is not None else ()
        return part_of(
            kind,
            *names,
            runs=runs,
            baseline=asked.baseline,
            smooth=asked.weight,
            x=asked.axis or "",
            log_y=asked.log_y,
            step=self._pictures.pinned or 0,
        )

    def action_replicate(self) -> None:
        """Ask how many further seeds each group is to have, and launch them."""

        def launch(count: str | None) -> None:
            if count is not None and count.isdecimal():
                self._replicate(int(count))
            elif count is not None:
                self.notify(f"{count!r} is no number of seeds", severity="error", markup=False)

        self.app.push_screen(TextScreen("further seeds for each group", "2", "a number"), launch)

    @work(group="replicate")
    async def _replicate(self, count: int) -> None:
        """Launch the seeds that are missing; those that are there join, as the others do when they have finished."""
        launched, joined = [], []
        try:
            for each in await asyncio.to_thread(self._looking.further, count):
                if each.there is not None:
                    joined.append(each.there.id)
                    continue
                run = await self._engine.launch(each.experiment, each.hyperparameters, each.options)
                launched.append(run.id)
        except PhospheneError as error:
            self.notify(str(error), severity="error", markup=False)
        self._looking.join([*launched, *joined])
        self._wanted.set()
        if launched or joined:
            self.notify(f"{len(launched)} launched, {len(joined)} were there already", title="further seeds")
