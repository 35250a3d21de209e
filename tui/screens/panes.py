"""The panes of the workbench: laid out, drawn, gone to, folded, enlarged and resized."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Container, Horizontal
from textual.message import Message

from engine import Origin
from tui.actions import ACTS, Act, Scope
from tui.exporting import Offer, ask_and_export, chart_offer
from tui.limits import limits_of
from tui.renderers import offered
from tui.reporting import part_of
from tui.screens.acting import ActingScreen
from tui.screens.offering import Offering
from tui.screens.picture import PictureScreen
from tui.widgets.charts import ChartPanel
from tui.widgets.configuration import Configuration
from tui.widgets.console import Console
from tui.widgets.form import HyperparameterForm
from tui.widgets.key_bar import KeyBar
from tui.widgets.lists import Lists
from tui.widgets.machine import MachineLine
from tui.widgets.pane_bar import PaneBar
from tui.widgets.pictures import PicturePanel
from tui.widgets.runs import RunList
from tui.widgets.table import TableView
from tui.workbench.dividers import Dividers
from tui.workbench.following import FAILED
from tui.workbench.panes import PANES, Panes
from tui.workbench.readiness import PANE_OF, reason_against
from tui.workbench.sizes import Sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual import events
    from textual.app import ComposeResult
    from textual.widget import Widget

    from engine import Experiment, Listed, ListedSweep, ReportPart
    from tui.keymap import Keymap
    from tui.settings import Settings
    from tui.shown import ShownRun


class PaneScreen(Offering, ActingScreen):
    """Shows one run in panes; what it is, and what is done with it, is for its child.

    Args:
        settings: remembered sizes, forms and lists.
        renderer: how pictures are drawn.
        keymap: keys that the user chose.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-medium"), (140, "-wide")]  # noqa: RUF012 - as Textual declares it
    scopes: tuple[Scope, ...] = ("workbench", "app", *PANE_OF)
    acts_of: ClassVar[Scope] = "workbench"

    @dataclass
    class SettingsChanged(Message):
        """The settings hold something new that is to be remembered."""

    def __init__(self, settings: Settings, renderer: str, keymap: Keymap) -> None:
        super().__init__(keymap)
        self._settings = settings
        self._renderer = renderer
        self._panes = Panes(self, Sizes.read(settings.sizes))
        self._dividers = Dividers(self, self._panes)
        self._linked = True
        self.catalogue: Mapping[str, Experiment] = {}
        self.runs: list[Listed] = []
        self.sweeps: list[ListedSweep] = []
        self.shown: ShownRun | None = None

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield MachineLine()
        yield PaneBar()
        with Horizontal(id="panes"):
            yield Lists(self._settings.columns, self._settings.sort)
            yield HyperparameterForm(self._settings.forms)
            yield Configuration()
            with Container(id="views"):
                yield ChartPanel()
                yield PicturePanel(self._renderer)
                yield TableView(id="tables")
                yield Console()
        yield KeyBar()

    def _suit(self, experiment: Experiment | None) -> None:
        if experiment is not None:
            self._panes.suit(experiment.shows)

    def _draw(self, shown: ShownRun) -> None:
        declared = self.catalogue.get(shown.record.experiment)
        charts, headline = (declared.charts, declared.headline) if declared else ((), None)
        self.query_one(ChartPanel).show(shown.history.curves, charts, shown.history.marks, headline)
        state = shown.history.state
        none = f"{state}: {PANES.index('console') + 1} says why" if state in FAILED else "no pictures yet"
        self.query_one(PicturePanel).show(shown.album, shown.run.id, none)
        self.query_one(TableView).show(shown.tables, declared.tables if declared else ())
        self.query_one(Configuration).show(shown, declared)
        self.query_one(MachineLine).show_run(shown, self._find(shown.run.id))

    def on_picture_panel_step_chosen(self, message: PicturePanel.StepChosen) -> None:
        """Let the charts point at the step of the picture."""
        if self._linked:
            self.query_one(ChartPanel).point_at(message.step)

    def on_picture_panel_changed(self, message: PicturePanel.Changed) -> None:
        """Hand what the panel shows on to the enlarged picture."""
        for screen in self.app.screen_stack:
            if isinstance(screen, PictureScreen):
                screen.show(message.kind, message.shot)

    def on_picture_panel_enlarge_requested(self) -> None:
        """Show the picture on the whole screen."""
        panel = self.query_one(PicturePanel)
        self.app.push_screen(PictureScreen(panel.renderer, panel.kind, panel.shot, panel.run_action))

    def action_link(self) -> None:
        """Link charts and pictures, or not."""
        self._linked = not self._linked
        self.query_one(ChartPanel).point_at(self.query_one(PicturePanel).pinned if self._linked else None)
        self.notify("charts follow the picture" if self._linked else "charts and pictures are apart")

    def action_renderer(self) -> None:
        """Draw pictures in the next way, if there are any."""
        if self.refuses("images"):
            return
        panel = self.query_one(PicturePanel)
        choices = offered(self._renderer, sixel=limits_of(self).sixel)
        panel.redraw_with(choices[(choices.index(panel.renderer) + 1) % len(choices)])
        self._settings.images = panel.renderer
        self.post_message(self.SettingsChanged())
        self.notify(f"pictures: {panel.renderer}")

    async def action_tables(self) -> None:
        """Show the tables of the shown run on the whole screen, or the panes again."""
        if self._panes.focused == "tables" and self._panes.enlarged:
            await self.action_enlarge()
        elif self.shown is None or not self.shown.tables:
            self.notify("the shown run has no tables", severity="error")
        else:
            self._panes.go_to("tables", enlarged=True)

    def action_pane(self, number: int) -> None:
        """Go to a pane by its number."""
        self._panes.go_to(PANES[number - 1])

    def action_fold(self, number: int) -> None:
        """Fold a pane away, or unfold it."""
        self._panes.fold(PANES[number - 1])

    async def action_enlarge(self) -> None:
        """Show the focused pane on the whole screen, or all panes again."""
        if self._panes.focused == "pictures":
            await self.query_one(PicturePanel).run_action("enlarge")
        else:
            self._panes.enlarge()

    def action_resize(self, wider: int, higher: int) -> None:
        """Make the focused pane wider or narrower, higher or lower."""
        if problem := self._panes.resize(wider, higher):
            self.notify(problem)

    def action_restore(self) -> None:
        """Show all panes in the sizes they had at first."""
        self._panes.restore()

    def action_go(self, offset: int) -> None:
        """Go to the next pane (1) or the previous one (-1)."""
        self._panes.go(offset)

    async def action_charts(self, action: str) -> None:
        """Do something to all charts at once."""
        await self.query_one(ChartPanel).run_action(action)

    def action_export(self) -> None:
        """Ask for a file name, and write the chart that has the focus, or else the first one."""
        ask_and_export(self, self._chart_offer())

    def offer(self) -> Offer | None:
        """Return what has the focus, a chart or a picture."""
        pane = self._panes.focused
        if pane == "pictures":
            return self.query_one(PicturePanel).offer
        return self._chart_offer() if pane == "charts" else None

    def reported(self) -> ReportPart | None:
        """Return what a report shows of that which has the focus; of the list of runs their results."""
        if self._panes.focused == "tables" and self.shown is not None and (table := self.query_one(TableView).shown):
            return part_of("table", table, runs=[self.shown.run.id])
        if self.scope == "runs" and self.sweep_meant is not None:
            return part_of("combinations", sweep=self.sweep_meant.id)
        if self.scope == "runs" and (runs := self.query_one(RunList).meant):
            return part_of("results", runs=[run.id for run in runs])
        return super().reported()

    def _chart_offer(self) -> Offer | None:
        panel = self.query_one(ChartPanel)
        drawn = panel.on_paper
        if drawn is None or self.shown is None:
            return None
        title, chart = drawn
        run = self.shown.run.id
        # One chart may hold several metrics, which no command draws together.
        return chart_offer(f"{run} {title}", replace(chart, origin=Origin((run,))), panel.part(run))

    def on_resize(self) -> None:
        """Arrange the panes anew when the terminal passes one of the breakpoints."""
        self.call_after_refresh(self._panes.arrange)

    def on_panes_arranged(self) -> None:
        """Remember the sizes, and name the panes."""
        self._settings.sizes = self._panes.sizes.to_json()
        self._show_bar()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Hold the border between two panes."""
        if self._dividers.grasp(event.screen_x, event.screen_y):
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Move the border that is held."""
        if self._dividers.held:
            self._dividers.drag(event.screen_x, event.screen_y)

    def on_mouse_up(self) -> None:
        """Let the border go."""
        if self._dividers.held:
            self._dividers.release()
            self.release_mouse()

    def on_descendant_focus(self) -> None:
        """Say which pane has the focus; beside the runs stands what the shown one was started with."""
        self._panes.reading = self.scope == "runs" and self.shown is not None
        self._show_bar()

    def on_pane_bar_chosen(self, message: PaneBar.Chosen) -> None:
        """Go to the pane whose name was clicked."""
        self._panes.go_to(PANES[message.index])

    def _show_bar(self) -> None:
        panes = self._panes
        typed = panes.focused == "form"
        how = {"enlarged": panes.enlarged, "typed": typed}
        self.query_one(PaneBar).show(PANES, panes.visible, panes.focused, again=panes.other_list, **how)

    @property
    def scope(self) -> Scope:
        """The scope whose keys work where the focus is."""
        pane = self._panes.focused
        if pane == "lists":
            return "experiments" if self.focused is not None and self.focused.id == "experiments" else "runs"
        return pane or "workbench"

    def reason_against(self, act: Act) -> str:
        """Return why an action cannot be done now, or the empty string."""
        return reason_against(act, self)

    def prepared(self, act: Act) -> Widget:
        """Return what does an action; the pane of one that works in a pane is shown and has the focus."""
        if act.scope not in PANE_OF:
            return self
        self._panes.reveal(PANE_OF[act.scope])
        holder = self._holder(act)
        self.set_focus(holder if holder.focusable else None)
        return holder

    def _holder(self, act: Act) -> Widget:
        """Return the widget that does the actions of a pane; of several charts, that with the focus, or the first."""
        return self.query_one(ChartPanel).focused_chart if act.scope == "charts" else self.query_one(f"#{act.scope}")

    async def press_elsewhere(self, key: str) -> None:
        """Do what a key means in the only pane that it can mean, or say where it works."""
        acts = [act for act in ACTS if act.scope in PANE_OF and key in self.keymap.keys(act)]
        scopes = list(dict.fromkeys(act.scope for act in acts))
        if not scopes or len(key) > 1:
            return
        act = acts[0]
        reason = self.refusal(act)
        one_chart = act.scope != "charts" or len(self.query("Chart")) == 1
        if len(acts) == 1 and PANE_OF[act.scope] in self._panes.visible and not reason and one_chart:
            await self._holder(act).run_action(act.name)
        elif len(scopes) == 1 and reason:
            self.notify(f"{act.label}: {reason}", markup=False)
        else:
            places = ", ".join(f"{scope} ({PANES.index(PANE_OF[scope]) + 1})" for scope in scopes)
            self.notify(f"{key} works in: {places}", markup=False)

    def _find(self, run: str) -> Listed | None:
        return next((listed for listed in self.runs if listed.id == run), None)

    @property
    def sweep_meant(self) -> ListedSweep | None:
        """The sweep under the highlight of the list of runs, while that has the focus."""
        chosen = self.query_one(RunList).chosen_sweep if self.scope == "runs" else ""
        return next((sweep for sweep in self.sweeps if sweep.id == chosen), None) if chosen else None

    def complain(self, text: str) -> None:
        """Say what could not be done in the console, too, where it stays."""
        self.query_one(Console).say(text, "error")
        super().complain(text)
