"""The screen of a study: it wires question, tables and figure to looks that are taken beside the event loop."""

from __future__ import annotations

import functools
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from engine import PhospheneError, study_naming
from tui.actions import ACTS, bindings
from tui.exporting import ask_and_copy, ask_and_export
from tui.screens.looking import ViewsScreen
from tui.screens.offering import Offering
from tui.screens.questions import TextScreen
from tui.screens.study_plan import StudyPlanScreen
from tui.screens.sweep import MOST_COMPARED, Wish
from tui.widgets.key_bar import KeyBar
from tui.widgets.study.look import TIERS, Asked, Looking
from tui.widgets.study.offers import combinations_offer, figure_offer, published_offer, report_offer
from tui.widgets.study.panels import Published, StudyFigure, StudyText
from tui.widgets.sweep.panels import SweepTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import ComposeResult
    from textual.widget import Widget

    from engine import Planned, Studies, SweepDirectory, Workspace
    from tui.actions import Act, Scope
    from tui.exporting import Offer
    from tui.keymap import Keymap
    from tui.widgets.study.look import Seen
    from tui.workbench.sweeping import SweepRequests

MOST_PUBLISHED = 14
"""Rows of the published values on a wide screen, at most; more of them are scrolled."""


class StudyScreen(Offering, ViewsScreen):
    """Shows a tier of a study, and looks at it again every second.

    Args:
        studies: of the workspace.
        name: of the study.
        requests: stop its sweep.
        compare: opens the comparison of runs by their ids.
        show_sweep: opens the screen of a sweep.
        leave: is told which run is to be shown.
        renderer: how pictures are drawn.
        keymap: keys that the user chose.
    """

    BINDINGS = bindings("study")
    views = ("question", "published", "combinations", "figure")
    scope: Scope = "study"
    acts_of: ClassVar[Scope] = "study"
    scopes: tuple[Scope, ...] = ("study", "charts", "app")

    def __init__(
        self,
        studies: Studies,
        name: str,
        requests: SweepRequests,
        compare: Callable[[Sequence[str]], None],
        show_sweep: Callable[[SweepDirectory], None],
        leave: Callable[[Wish], None],
        renderer: str,
        keymap: Keymap,
    ) -> None:
        super().__init__(keymap, renderer)
        self._studies = studies
        self._study = name
        self._requests = requests
        self._compare = compare
        self._show_sweep = show_sweep
        self._leave = leave
        self._looking = Looking(studies, name)
        self.asked = Asked()
        self.seen: Seen | None = None

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield Static(id="study-head", markup=False)
        with Horizontal(id="study"):
            with Vertical(id="study-said"):
                yield StudyText()
                yield Published()
                yield SweepTable()
            yield StudyFigure(self._first_renderer)
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin to look."""
        self._show_view()
        self._text.focus()
        self.keep_looking()

    @property
    def _text(self) -> StudyText:
        return self.query_one(StudyText)

    @property
    def _published(self) -> Published:
        return self.query_one(Published)

    @property
    def _combinations(self) -> SweepTable:
        return self.query_one(SweepTable)

    @property
    def _figure(self) -> StudyFigure:
        return self.query_one(StudyFigure)

    # -- looks ----------------------------------------------------------------------------------------------------

    def look(self) -> Callable[[], Seen | None]:
        """Return how to look for what is asked for now."""
        return functools.partial(self._looking.look, self.asked)

    def take(self, seen: Seen) -> bool:
        """Show what was seen; the plan comes with a second look."""
        before, self.seen = self.seen, seen
        if self.asked.tier is None:  # the tier that was chosen for the user stays when the other one has runs
            self.asked = replace(self.asked, tier=seen.progress.tier)
        run = next(self.keymap.display(act) for act in ACTS if act.id == "study.run")
        self._text.show(seen, run)
        if before is None or before.body is not seen.body:
            self._published.show(seen.published, seen.metric)
            self._combinations.show(seen.body)
            self._figure.show(seen.figure)
            self._show_view()
        self._show_head()
        return seen.plan is None

    @property
    def drawing(self) -> StudyFigure:
        """The panel of pictures."""
        return self._figure

    # -- what is seen ---------------------------------------------------------------------------------------------

    def _show_view(self) -> None:
        wide, seen = not self.narrow, self.seen
        has_published = seen is not None and seen.published is not None
        # On a wide screen the figure is beside all else until it is gone to: then it has the whole width.
        self._text.display = wide or self.view == "question"
        self._published.display = (wide and has_published) or (not wide and self.view == "published")
        begun = seen is not None and bool(seen.trials)
        self._combinations.display = (wide and begun) or (not wide and self.view == "combinations")
        self._figure.display = self.view == "figure" or (wide and bool(self._figure.part))
        self.query_one("#study-said").display = self.view != "figure"
        if seen is not None and seen.published is not None:
            rows = min(len(seen.published), MOST_PUBLISHED)
            self._published.styles.height = rows + 4 if wide else "1fr"
        self.set_class(not self._figure.display, "-without-figure")
        self._show_head()

    @property
    def first_stop(self) -> Widget | None:
        """The text, one of the tables, or the part of the figure that is on the screen."""
        if self.view == "question":
            return self._text
        if self.view == "figure":
            return self._figure.first_stop
        return self._published.grid if self.view == "published" else self._combinations.table.grid

    def _show_head(self) -> None:
        parts = self._numbered()
        seen = self.seen
        if seen is None:
            lines = [Content.assemble(*parts, "· ", f"reading {self._study}…")]
        else:
            tiers: list[str | tuple[str, str]] = [" "]
            for tier in TIERS:
                style = "bold $text-accent" if tier == seen.progress.tier else "$text-muted"
                tiers += [(f"{tier} {seen.counts[tier]}", style), "  "]
            lines = [
                Content.assemble(*parts, "· ", seen.progress.study.name),
                Content.assemble(*tiers, "· ", seen.progress.study.title),
                Content.styled(
                    f" {seen.standing or 'no sweep has run it yet'}", "" if seen.under_way else "$text-muted"
                ),
            ]
        self.query_one("#study-head", Static).update(Content("\n").join(lines))

    def _ask(self, asked: Asked) -> None:
        self.asked = asked
        self._wanted.set()

    # -- keys: what is seen ---------------------------------------------------------------------------------------

    def action_next_tier(self) -> None:
        """Show the other tier."""
        if self.seen is not None:
            tier = self.seen.progress.tier
            self._ask(replace(self.asked, tier=TIERS[1 - TIERS.index(tier)]))

    def action_set_values(self) -> None:
        """Ask for values in place of the study's; nothing takes those of the study again."""

        def take(text: str | None) -> None:
            if text is None:
                return
            try:
                changed, seeds = study_naming.changes(text)
            except PhospheneError as error:
                self.complain(str(error))
            else:
                self._ask(replace(self.asked, changed=changed, seeds=seeds))

        present = study_naming.Named("", None, self.asked.changed, self.asked.seeds).values
        hint = "as in steps=100 seeds=5; nothing for the study's own"
        self.app.push_screen(TextScreen("other values", shlex.join(present), hint, empty=True), take)

    def action_log_y(self) -> None:
        """Switch the charts between linear and logarithmic y."""
        self._figure.charts.action_log_scale()

    async def action_figure(self, action: str) -> None:
        """Do something to the pictures."""
        await self._figure.do(action)

    def reason_against(self, act: Act) -> str:
        """Return why an action cannot be done now, or the empty string."""
        if self.seen is None:
            return "" if act.scope == "app" or act.name == "close" else "the study is still being read"
        name = act.name.partition("(")[0]
        if act.scope == "study" and name == "stop" and not self.seen.under_way:
            return "its sweep does not run"
        if act.scope == "study" and name == "sweep" and self.seen.sweep is None:
            return "no sweep has run it yet"
        pictures = self._figure.display and self._figure.part in {"kept", "grid"}
        if act.scope == "study" and name in {"figure", "renderer"} and not pictures:
            return "the figure has no pictures"
        charts = self._figure.part == "charts" and self._figure.display
        return "no chart is shown" if (act.scope == "charts" or name == "log_y") and not charts else ""

    def prepared(self, act: Act) -> Widget:
        """Return what does an action: the screen, or a chart, which is given the focus."""
        if act.scope != "charts":
            return self
        chart = self._figure.charts.focused_chart
        self.set_focus(chart)
        return chart

    # -- keys: what is done with it -------------------------------------------------------------------------------

    def action_run(self) -> None:
        """Show the plan of the tier, and launch what is missing."""
        if self.seen is None:
            return
        from engine import catalogue

        progress, asked = self.seen.progress, self.seen.asked
        study = progress.study
        planned = self._studies.asked(study, progress.tier, asked.changed, asked.seeds)
        experiment = catalogue.experiments()[study.experiment]
        words = [study.name, *study_naming.Named(study.name, progress.tier, asked.changed).options]
        seeds = study.tier(progress.tier).seeds
        self.app.push_screen(StudyPlanScreen(self._studies, experiment, planned, words, seeds), self._launch)

    def _launch(self, planned: Planned | None) -> None:
        if planned is not None:
            if self.seen is not None and len(planned.record.seeds) != len(self.seen.progress.record.seeds):
                self.asked = replace(self.asked, seeds=len(planned.record.seeds))
            self._start(planned)

    @work(group="launch")
    async def _start(self, planned: Planned) -> None:
        """Start the sweep, or go on with the one that was left before its end."""
        try:
            sweep = await self._studies.run(planned)
        except PhospheneError as error:
            self.complain(str(error))
        else:
            self.notify(f"{sweep.id} runs what is missing", title=self._study, markup=False)
        self._wanted.set()

    def action_stop(self) -> None:
        """Let its runs save and stop; again, some seconds later, kill them."""
        if self.seen is not None and self.seen.sweep is not None and self.seen.under_way:
            self._requests.stop(self.seen.sweep.directory)
        else:
            self.notify("its sweep does not run")

    def action_sweep(self) -> None:
        """Show the sweep that runs it, or has run it."""
        if self.seen is not None and self.seen.sweep is not None:
            self._show_sweep(self.seen.sweep.directory)
        else:
            self.notify("no sweep has run it yet")

    def action_show_run(self) -> None:
        """Leave for the first run of the combination under the cursor."""
        chosen = self._combinations.chosen
        run = next((trial.run for trial in chosen.trials if trial.status is not None), "") if chosen else ""
        if run:
            self._leave(Wish(run=run))
        else:
            self.notify("this combination has no run yet")

    def action_compare(self) -> None:
        """Compare its runs, those of the best combinations first."""
        outcomes = self.seen.body.outcomes if self.seen is not None else ()
        runs = [trial.run for one in outcomes for trial in one.trials if trial.status is not None]
        if len(runs) < 2:
            self.notify("fewer than two runs have begun")
            return
        self._compare(runs[:MOST_COMPARED])

    def action_copy(self) -> None:
        """Ask in which form a table is to be copied, and copy it: the published values, or the combinations."""
        if self.seen is None:
            return
        if self._published.has_focus_within and self.seen.published is not None:
            table, what = self.seen.published.as_shown(), "the published values"
        else:
            table, what = self.seen.body.table.as_shown(), "the combinations"
        ask_and_copy(self, what, table.columns, table.rows)

    @property
    def workspace(self) -> Workspace:
        """Whose studies these are."""
        return self._studies.workspace

    def offer(self) -> Offer | None:
        """Return what has the focus: a table, the figure, or else the report."""
        seen = self.seen
        if seen is None:
            return None
        if self._published.has_focus_within:
            return published_offer(seen)
        if self._combinations.has_focus_within:
            return combinations_offer(seen)
        return figure_offer(seen, self._figure) if self._figure.has_focus_within else report_offer(self.workspace, seen)

    def action_write_report(self) -> None:
        """Ask for a file name, and write the report of the tier."""
        seen = self.seen
        ask_and_export(self, report_offer(self.workspace, seen) if seen is not None else None)
