"""The workbench: it wires the panels to the parts that list, follow and launch runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from textual import on
from textual.containers import Container, Horizontal
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer

from engine import wording
from tui.actions import ACTS, Act, Scope, bindings
from tui.renderers import offered
from tui.screens.page import PageScreen
from tui.screens.picture import PictureScreen
from tui.widgets.charts import ChartPanel
from tui.widgets.console import Console
from tui.widgets.experiments import ExperimentList
from tui.widgets.form import HyperparameterForm, changed_values
from tui.widgets.lists import Lists
from tui.widgets.machine import MachineLine
from tui.widgets.pane_bar import PaneBar
from tui.widgets.pictures import PicturePanel
from tui.widgets.runs import RunList
from tui.widgets.table import TableView
from tui.workbench.dividers import Dividers
from tui.workbench.following import RunFollower
from tui.workbench.listing import News, RunListing, last_time
from tui.workbench.panes import PANES, Panes
from tui.workbench.readiness import PANE_OF, reason_against
from tui.workbench.requests import RunRequests
from tui.workbench.sizes import Sizes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from textual import events
    from textual.app import ComposeResult
    from textual.messages import Prune

    from engine import Engine, Experiment, Listed
    from tui.keymap import Keymap
    from tui.settings import Settings
    from tui.shown import ShownRun

HIGHLIGHT_SECONDS = 0.05
"""How long the highlight must stay on a run before the run is shown."""


class Workbench(Screen[None]):
    """Choose, edit, launch, watch, leave, come back."""

    BINDINGS = bindings("workbench")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-medium"), (140, "-wide")]  # noqa: RUF012 - as Textual declares it
    scopes: tuple[Scope, ...] = ("workbench", "app", *PANE_OF)

    @dataclass
    class SettingsChanged(Message):
        """The settings hold something new that is to be remembered."""

    def __init__(self, home: Path, settings: Settings, renderer: str, keymap: Keymap) -> None:
        super().__init__()
        self._home = home
        self._settings = settings
        self._renderer = renderer
        self.keymap = keymap
        self._panes = Panes(self, Sizes.read(settings.sizes))
        self._dividers = Dividers(self, self._panes)
        self._listing = RunListing(self, lambda: self.engine)
        self._follower = RunFollower(self, lambda: self.engine)
        self._requests = RunRequests(self, lambda: self.engine)
        self._linked = True
        self._greeted = False
        self.catalogue: Mapping[str, Experiment] = {}
        self.runs: list[Listed] = []
        self.shown: ShownRun | None = None

    @cached_property
    def engine(self) -> Engine:
        """The engine; its import takes longer than the first paint may, so it waits for the first use."""
        from engine import Engine

        return Engine(self._home)

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield MachineLine()
        yield PaneBar()
        with Horizontal(id="panes"):
            yield Lists()
            yield HyperparameterForm(self._settings.forms)
            with Container(id="views"):
                yield ChartPanel()
                yield PicturePanel(self._renderer)
                yield TableView(id="tables")
                yield Console()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Show the frames of the panels; what takes longer follows the first paint."""
        self._panes.arrange()
        self.query_one(ExperimentList).focus()
        # A callback after a refresh runs before its paint; a second one runs after the first paint.
        self.call_after_refresh(self.call_after_refresh, self._fill)

    def _fill(self) -> None:
        """Import what the panels need, and fill them."""
        from engine import catalogue

        self.catalogue = catalogue.experiments()
        self.query_one(ExperimentList).show(self.catalogue.values(), self._settings.experiment)
        self._listing.start()
        self.call_after_refresh(self.query_one(ChartPanel).open)
        self._warm()
        for problem in self.keymap.problems:
            self._complain(problem)

    def _warm(self) -> None:
        if self._settings.warm:
            self._requests.warm()

    async def on_prune(self, _: Prune) -> None:
        """Draw nothing more before the panels go, and end the warm worker; runs go on."""
        self.workers.cancel_node(self)
        if "engine" in vars(self):
            self.engine.close()

    # -- the list of runs -----------------------------------------------------------------------------------------

    def on_run_listing_changed(self, message: RunListing.Changed) -> None:
        """Show the runs; follow one that was resumed elsewhere, and another one if the shown run was removed."""
        self.runs = message.runs
        if not self._greeted:
            self._greeted = True
            self._greet(News.since(self._settings.seen, self.runs))
        declared = {name: experiment.headline for name, experiment in self.catalogue.items()}
        headlines = {name: headline.result for name, headline in declared.items() if headline}
        self.query_one(RunList).show(self.runs, headlines)
        if self.shown is not None and not self._follower.busy:
            listed = self._find(self.shown.run.id)
            if listed is not None and listed.status.attempt > self.shown.history.attempt:
                self._follower.follow(listed.id)
            elif listed is None and self.runs:
                self._follower.follow(self.runs[0].id)
        self._hint()
        self._settings.seen = time.time()

    def _greet(self, news: News) -> None:
        """Say what runs and what ended while the workbench was closed, and show one of these runs."""
        for text, level in news.lines():
            self.query_one(Console).say(text, level)
        if news.ended:
            self.notify(f"{len(news.ended)} run{'s' * (len(news.ended) > 1)} ended", title="while you were away")
        if news.best:
            self._follower.follow(news.best)

    def _find(self, run: str) -> Listed | None:
        return next((listed for listed in self.runs if listed.id == run), None)

    def on_run_list_chosen(self, message: RunList.Chosen) -> None:
        """Show the run under the highlight."""
        if self.shown is None or self.shown.run.id != message.run:
            self._follower.follow(message.run, HIGHLIGHT_SECONDS)
        if message.entered:
            self._show_result(self._find(message.run))

    def on_run_list_removal_requested(self, message: RunList.RemovalRequested) -> None:
        """Move a run into the trash."""
        self._requests.remove(message.run)

    def on_run_list_form_requested(self, message: RunList.FormRequested) -> None:
        """Copy a run's hyperparameters into the form of its experiment."""
        listed = self._find(message.run)
        if listed is None or listed.record is None or listed.record.experiment not in self.catalogue:
            return
        experiment = self.catalogue[listed.record.experiment]
        form = self.query_one(HyperparameterForm)
        form.show(experiment, self._settings.forms.get(experiment.name, {}))
        form.take_over(changed_values(experiment, listed.record))
        self._panes.reveal("form")

    def _show_result(self, listed: Listed | None) -> None:
        """Make sure that what the user wants to see of a run is on the screen."""
        record = listed.record if listed else None
        declared = self.catalogue.get(record.experiment) if record else None
        self._suit(declared)
        self._panes.reveal(declared.shows[0] if declared else "charts")

    def _suit(self, experiment: Experiment | None) -> None:
        if experiment is not None:
            self._panes.suit(experiment.shows)

    # -- the shown run --------------------------------------------------------------------------------------------

    def on_run_follower_opened(self, message: RunFollower.Opened) -> None:
        """Show another run."""
        if self.shown is not None:
            self.query_one(Console).forget()
        self.shown = message.shown
        self.query_one(RunList).mark(self.shown.run.id)
        self._suit(self.catalogue.get(self.shown.record.experiment))
        self._draw(self.shown)

    def on_run_follower_advanced(self, message: RunFollower.Advanced) -> None:
        """Draw what has come."""
        self._draw(message.shown)

    def on_run_follower_said(self, message: RunFollower.Said) -> None:
        """Write the lines into the console."""
        for line in message.lines:
            self.query_one(Console).say(line.text, line.level, line.t)

    def on_run_follower_ended(self) -> None:
        """List the runs: the state of this one has changed."""
        self._listing.look_again()

    def _draw(self, shown: ShownRun) -> None:
        declared = self.catalogue.get(shown.record.experiment)
        charts, headline = (declared.charts, declared.headline) if declared else ((), None)
        self.query_one(ChartPanel).show(shown.history.curves, charts, shown.markers, headline)
        self.query_one(PicturePanel).show(shown.album, shown.run.id)
        self.query_one(TableView).show(shown.tables, declared.tables if declared else ())
        self.query_one(MachineLine).show_run(shown)

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

    # -- the form -------------------------------------------------------------------------------------------------

    def on_experiment_list_chosen(self, message: ExperimentList.Chosen) -> None:
        """Show the form of the experiment under the highlight."""
        experiment = self.catalogue[message.name]
        form = self.query_one(HyperparameterForm)
        if form.experiment is not experiment:
            self._settings.experiment = experiment.name
            if self.shown is None:
                self._suit(experiment)
            form.show(experiment, self._settings.forms.get(experiment.name, {}))
            self._hint()
        if message.entered:
            self._panes.reveal("form")
            form.query_one("#fields").focus()

    def _hint(self) -> None:
        """Say in the form how its experiment went last time."""
        form = self.query_one(HyperparameterForm)
        if form.experiment is not None:
            form.hint = last_time(self.runs, form.experiment)

    def on_hyperparameter_form_changed(self, message: HyperparameterForm.Changed) -> None:
        """Remember what was typed, and ask whether it could be launched."""
        if message.values != self._settings.forms.get(message.experiment, {}):
            self._settings.forms[message.experiment] = message.values
            self.post_message(self.SettingsChanged())
        form = self.query_one(HyperparameterForm)
        if form.experiment is not None:
            self._requests.check(form.experiment, *form.chosen_values())

    def on_hyperparameter_form_run_wanted(self, message: HyperparameterForm.RunWanted) -> None:
        """Start an experiment with the values that the form held when the key was pressed."""
        self._requests.launch(message.experiment, message.values, message.options)

    # -- answers of the engine ------------------------------------------------------------------------------------

    def on_run_requests_started(self, message: RunRequests.Started) -> None:
        """Show the run that was launched or resumed."""
        self._follower.follow(message.run.id)
        if self._panes.narrow:
            self._show_result(self._find(message.run.id))
        self._listing.look_again()
        self._warm()

    def on_run_requests_refused(self, message: RunRequests.Refused) -> None:
        """Point at the fields whose values were refused."""
        self._panes.reveal("form")
        self.query_one(HyperparameterForm).point_at(message.problems)
        for name, problem in message.problems.items():
            self.notify(f"{name}: {problem}", severity="error", markup=False)

    def on_run_requests_checked(self, message: RunRequests.Checked) -> None:
        """Mark what a launch would refuse."""
        form = self.query_one(HyperparameterForm)
        if form.experiment is not None and form.experiment.name == message.experiment:
            form.mark(message.problems)

    def on_run_requests_done(self, message: RunRequests.Done) -> None:
        """Say what was done."""
        if message.text:
            self.notify(message.text, title=message.title, markup=False)
        self._listing.look_again()

    @on(RunListing.Failed)
    @on(RunFollower.Failed)
    @on(RunRequests.Failed)
    def complain_of_failure(self, message: RunListing.Failed | RunFollower.Failed | RunRequests.Failed) -> None:
        """Say what could not be done, and why."""
        self._complain(message.reason)

    def _complain(self, text: str) -> None:
        self.query_one(Console).say(text, "error")
        self.notify(text, severity="error", markup=False)

    # -- keys: runs -----------------------------------------------------------------------------------------------

    def action_run(self) -> None:
        """Start the chosen experiment with the values in the form; a field that is still open must be right first."""
        form = self.query_one(HyperparameterForm)
        if form.experiment is not None and form.accept():
            self._requests.launch(form.experiment, *form.chosen_values())

    def action_stop(self) -> None:
        """Let the shown run save and stop."""
        if self.shown is None:
            self._complain("no run is shown")
        else:
            self._requests.stop(self.shown.run, self.shown.history.attempt)

    def action_resume(self) -> None:
        """Go on with the shown run."""
        if self.shown is not None:
            self._requests.resume(self.shown.run)

    def action_set_live(self) -> None:
        """Apply the form's live values to the shown run."""
        form, shown = self.query_one(HyperparameterForm), self.shown
        if shown is None or form.experiment is None or form.experiment.name != shown.record.experiment:
            self._complain("choose the experiment of the shown run first, and change its live values in the form")
        elif values := form.live_values():
            self._requests.set_live(shown.run, values)
        else:
            self._complain("change a live value in the form first, e.g. a learning rate")

    def action_checkpoint(self) -> None:
        """Let the shown run save a checkpoint."""
        if self.shown is not None:
            self._requests.save_checkpoint(self.shown.run)

    def action_copy_command(self) -> None:
        """Copy the form as a command line."""
        form = self.query_one(HyperparameterForm)
        if form.experiment is not None:
            values, options = form.chosen_values()
            command = wording.command_line(form.experiment, values | options)
            self.app.copy_to_clipboard(command)
            self.query_one(Console).say(command)
            self.notify(command, title="copied", markup=False)

    def action_quit(self) -> None:
        """Leave; runs go on."""
        self.app.exit([run.id for run in self.runs if not run.status.ended])

    # -- keys: what is seen ---------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Open the filter of the experiments, or else that of the runs."""
        focused = self.focused.id if self.focused is not None else ""
        self._panes.reveal("lists")
        self.query_one(Lists).open_filter("experiments" if focused == "experiments" else "runs")

    def action_out(self) -> None:
        """Leave the whole screen, the filter or the pane: one layer out."""
        if self._panes.enlarged:
            self._panes.enlarge()
        elif self.focused is not None and self.focused.id in {"experiments", "runs"}:
            self.query_one(Lists).clear_filter(self.focused.id)
        else:
            self._panes.reveal("lists")
            self.query_one(ExperimentList).focus()

    def action_link(self) -> None:
        """Link charts and pictures, or not."""
        self._linked = not self._linked
        self.query_one(ChartPanel).point_at(self.query_one(PicturePanel).pinned if self._linked else None)
        self.notify("charts follow the picture" if self._linked else "charts and pictures are apart")

    def action_renderer(self) -> None:
        """Draw pictures in the next way."""
        panel = self.query_one(PicturePanel)
        choices = offered(self._renderer)
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

    def action_page(self) -> None:
        """Show the page of the chosen experiment."""
        experiment = self.query_one(HyperparameterForm).experiment
        if experiment is not None:
            self.app.push_screen(PageScreen(experiment))

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

    # -- panes, and keys that belong to one of them ---------------------------------------------------------------

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
        """Say which pane has the focus."""
        self._show_bar()

    def on_pane_bar_chosen(self, message: PaneBar.Chosen) -> None:
        """Go to the pane whose name was clicked."""
        self._panes.go_to(PANES[message.index])

    def _show_bar(self) -> None:
        panes = self._panes
        self.query_one(PaneBar).show(PANES, panes.visible, panes.focused, enlarged=panes.enlarged)

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

    async def do(self, act: Act) -> None:
        """Do an action that was chosen in the palette, or say why it cannot be done."""
        if reason := self.reason_against(act):
            self._complain(f"{act.label}: {reason}")
        elif act.scope in PANE_OF:
            self._panes.reveal(PANE_OF[act.scope])
            holder = self.query_one("Chart" if act.scope == "charts" else f"#{act.scope}")
            self.set_focus(holder if holder.focusable else None)
            await holder.run_action(act.name)
        else:
            await self.run_action(f"app.{act.name}" if act.scope == "app" else act.name)

    async def press_elsewhere(self, key: str) -> None:
        """Do what a key means in the only pane that it can mean, or say where it works."""
        acts = [act for act in ACTS if act.scope in PANE_OF and key in self.keymap.keys(act)]
        scopes = list(dict.fromkeys(act.scope for act in acts))
        if not scopes or len(key) > 1:
            return
        act = acts[0]
        reason = self.reason_against(act)
        one_chart = act.scope != "charts" or len(self.query("Chart")) == 1
        if len(acts) == 1 and PANE_OF[act.scope] in self._panes.visible and not reason and one_chart:
            holder = self.query_one("Chart" if act.scope == "charts" else f"#{act.scope}")
            await holder.run_action(act.name)
        elif len(scopes) == 1 and reason:
            self.notify(f"{act.label}: {reason}", markup=False)
        else:
            places = ", ".join(f"{scope} ({PANES.index(PANE_OF[scope]) + 1})" for scope in scopes)
            self.notify(f"{key} works in: {places}", markup=False)
