"""The workbench: it wires the panels to the parts that list, follow and launch runs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from textual import on
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Footer

from engine import wording
from tui.actions import bindings
from tui.renderers import RENDERERS
from tui.screens.help import HelpScreen
from tui.screens.picture import PictureScreen
from tui.screens.table import TableScreen
from tui.widgets.charts import ChartPanel
from tui.widgets.console import Console
from tui.widgets.experiments import ExperimentList
from tui.widgets.form import HyperparameterForm, changed_values
from tui.widgets.lists import Lists
from tui.widgets.machine import MachineLine
from tui.widgets.pictures import PicturePanel
from tui.widgets.runs import RunList
from tui.workbench.following import RunFollower
from tui.workbench.listing import News, RunListing, last_time
from tui.workbench.panes import PANES, Panes
from tui.workbench.requests import RunRequests

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.messages import Prune

    from engine import Engine, Experiment, Listed
    from tui.settings import Settings
    from tui.shown import ShownRun

HIGHLIGHT_SECONDS = 0.05
"""How long the highlight must stay on a run before the run is shown."""


class Workbench(Screen[None]):
    """Choose, edit, launch, watch, leave, come back."""

    BINDINGS = bindings("workbench")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-wide")]  # noqa: RUF012 - as Textual declares it

    @dataclass
    class SettingsChanged(Message):
        """The settings hold something new that is to be remembered."""

    def __init__(self, home: Path, settings: Settings, renderer: str) -> None:
        super().__init__()
        self._home = home
        self._settings = settings
        self._renderer = renderer
        self._panes = Panes(self)
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
        with Horizontal(id="panes"):
            yield Lists()
            yield HyperparameterForm(self._settings.forms)
            yield ChartPanel()
            with Vertical(id="right"):
                yield PicturePanel(self._renderer)
                yield Console()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Show the frames of the panels; what takes longer follows the first paint."""
        self._panes.narrow_to("form")
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
            self._panes.reveal("charts")

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

    # -- the shown run --------------------------------------------------------------------------------------------

    def on_run_follower_opened(self, message: RunFollower.Opened) -> None:
        """Show another run."""
        if self.shown is not None:
            self.query_one(Console).forget()
        self.shown = message.shown
        self.query_one(RunList).mark(self.shown.run.id)
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
        self.query_one(ChartPanel).show(shown.history.curves, declared.charts if declared else (), shown.markers)
        self.query_one(PicturePanel).show(shown.album, shown.run.id)
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

    def on_hyperparameter_form_run_wanted(self) -> None:
        """Start the chosen experiment."""
        self.action_run()

    # -- answers of the engine ------------------------------------------------------------------------------------

    def on_run_requests_started(self, message: RunRequests.Started) -> None:
        """Show the run that was launched or resumed."""
        self._follower.follow(message.run.id)
        if self._panes.narrow:
            self._panes.narrow_to("charts")
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
        """Open the filter."""
        self._panes.reveal("lists")
        self.query_one(Lists).open_filter()

    def action_out(self) -> None:
        """Leave the filter, and go to the experiments."""
        self.query_one(Lists).leave_filter()

    def action_link(self) -> None:
        """Link charts and pictures, or not."""
        self._linked = not self._linked
        self.query_one(ChartPanel).point_at(self.query_one(PicturePanel).pinned if self._linked else None)
        self.notify("charts follow the picture" if self._linked else "charts and pictures are apart")

    def action_renderer(self) -> None:
        """Draw pictures in the next way."""
        panel = self.query_one(PicturePanel)
        panel.redraw_with(RENDERERS[(RENDERERS.index(panel.renderer) + 1) % len(RENDERERS)])
        self._settings.images = panel.renderer
        self.post_message(self.SettingsChanged())
        self.notify(f"pictures: {panel.renderer}")

    def action_tables(self) -> None:
        """Show the tables of the shown run."""
        if self.shown is None or not self.shown.tables:
            self.notify("the shown run has no tables", severity="error")
        else:
            self.app.push_screen(TableScreen(self.shown.tables))

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(HelpScreen())

    def action_pane(self, number: int) -> None:
        """Fold or show a pane by its number."""
        self._panes.switch(PANES[number - 1])

    def action_go(self, offset: int) -> None:
        """Go to the next pane (1) or the previous one (-1)."""
        self._panes.go(offset)

    async def action_charts(self, action: str) -> None:
        """Do something to all charts at once."""
        await self.query_one(ChartPanel).run_action(action)
