"""The workbench: it wires the panels to the parts that list, follow and launch runs."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from textual import on

from engine import PhospheneError, wording
from tui.actions import bindings
from tui.limits import limits_of
from tui.screens.page import PageScreen
from tui.screens.studies import StudyBench
from tui.widgets.charts import ChartPanel
from tui.widgets.console import Console
from tui.widgets.experiments import ExperimentList
from tui.widgets.form import HyperparameterForm
from tui.widgets.lists import Lists
from tui.widgets.machine import MachineLine
from tui.widgets.runs import RunList
from tui.workbench.following import RunFollower
from tui.workbench.listing import News, RunListing, last_finished, last_time
from tui.workbench.requests import RunRequests

if TYPE_CHECKING:
    from pathlib import Path

    from textual.messages import Prune

    from engine import Experiment, Listed
    from tui.keymap import Keymap
    from tui.settings import Settings

HIGHLIGHT_SECONDS = 0.05
"""How long the highlight must stay on a run before the run is shown."""


class Workbench(StudyBench):
    """Choose, edit, launch, watch, leave, come back."""

    BINDINGS = bindings("workbench")

    def __init__(self, home: Path, settings: Settings, renderer: str, keymap: Keymap) -> None:
        super().__init__(home, settings, renderer, keymap)
        self._listing = RunListing(self, lambda: self.engine, lambda: self.swept)
        self._follower = RunFollower(self, lambda: self.engine)
        self._requests = RunRequests(self, lambda: self.engine)
        self._greeted = False
        self._hinted = ("", "")

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
        for problem in (*self.keymap.problems, *catalogue.left_out()):
            self.complain(problem)

    def _warm(self) -> None:
        if self._settings.warm and not limits_of(self).read_only:
            self._requests.warm()

    async def on_prune(self, _: Prune) -> None:
        """End the fork server; runs go on."""
        if "engine" in vars(self):
            self.engine.close()

    # -- the list of runs -----------------------------------------------------------------------------------------

    def on_run_listing_changed(self, message: RunListing.Changed) -> None:
        """Show the runs; follow one that was resumed elsewhere, and another one if the shown run was removed."""
        self.runs, self.sweeps = message.runs, message.sweeps
        if not self._greeted:
            self._greeted = True
            self._greet(News.since(self._settings.seen, self.runs))
        self.query_one(RunList).show(self.runs, self.sweeps)
        if self.shown is not None:
            self.query_one(MachineLine).show_run(self.shown, self._find(self.shown.run.id))
        if self.shown is not None and not self._follower.busy:
            listed = self._find(self.shown.run.id)
            if listed is not None and listed.status.attempt > self.shown.history.attempt:
                self._follower.follow(listed.id)
            elif listed is None and self.runs:
                self._follow(self.runs[0].id)
        self._hint()
        self._settings.seen = time.time()

    def _greet(self, news: News) -> None:
        """Say what runs and what ended while the workbench was closed, and show one of these runs."""
        for text, level in news.lines():
            self.query_one(Console).say(text, level)
        if news.ended:
            self.notify(f"{len(news.ended)} run{'s' * (len(news.ended) > 1)} ended", title="while you were away")
        if news.best:
            self._follow(news.best)

    def _follow(self, run: str) -> None:
        """Show a run that the user has not pointed at; from now on the highlight is theirs to move on."""
        self.query_one(RunList).mark(run)
        self._follower.follow(run)

    def on_run_list_chosen(self, message: RunList.Chosen) -> None:
        """Show the run under the highlight."""
        if self.shown is None or self.shown.run.id != message.run:
            self._follower.follow(message.run, HIGHLIGHT_SECONDS)
        if message.entered:
            self._show_result(self._experiment_of(message.run))

    def on_run_list_removal_requested(self, message: RunList.RemovalRequested) -> None:
        """Move runs into the trash."""
        self._requests.remove(message.runs)

    def on_queued_runs_move_requested(self, message: RunList.MoveRequested) -> None:
        """Move a run in the queue."""
        self._requests.move(message.run, message.where)

    def on_queued_runs_cancellation_requested(self, message: RunList.CancellationRequested) -> None:
        """Let runs that wait not start."""
        self._requests.cancel(message.runs)

    def on_run_list_restoration_requested(self) -> None:
        """Bring back the runs that were removed last."""
        self._requests.restore()

    def on_run_list_annotation_requested(self, message: RunList.AnnotationRequested) -> None:
        """Write what the user adds to runs."""
        self._requests.annotate(message.runs, message.write)

    def on_run_list_table_changed(self, message: RunList.TableChanged) -> None:
        """Remember the columns of the table of runs, and its order."""
        self._settings.columns, self._settings.sort = message.columns, message.sort
        self.post_message(self.SettingsChanged())

    def on_run_list_compare_requested(self, message: RunList.CompareRequested) -> None:
        """Show the selected runs side by side; numpy, which that needs, is imported only now."""
        self._compare(message.runs)

    def on_run_list_form_requested(self, message: RunList.FormRequested) -> None:
        """Copy a run's hyperparameters into the form of its experiment."""
        listed = self._find(message.run)
        if listed is not None and listed.record is not None:
            self._take_into_form(listed.record.experiment, listed.record.hyperparameters, listed.record.seed)

    def _look_again(self) -> None:
        self._listing.look_again()

    def _show_run(self, run: str) -> None:
        self._follow(run)
        self._show_result(self._experiment_of(run))

    def _experiment_of(self, run: str) -> str:
        listed = self._find(run)
        return listed.record.experiment if listed is not None and listed.record is not None else ""

    def _show_result(self, experiment: str) -> None:
        """Make sure that what the user wants to see of a run is on the screen."""
        declared = self.catalogue.get(experiment)
        self._suit(declared)
        pane = declared.shows[0] if declared else "charts"
        # Where the form has gone from the screen, the focus must not be on it.
        (self._panes.go_to if self._panes.narrow and self._panes.focused == "form" else self._panes.reveal)(pane)

    # -- the shown run --------------------------------------------------------------------------------------------

    def on_run_follower_opened(self, message: RunFollower.Opened) -> None:
        """Show another run."""
        if self.shown is not None:
            self.query_one(Console).forget()
        self.shown = message.shown
        self._suit(self.catalogue.get(self.shown.record.experiment))
        self._draw(self.shown)

    def on_run_follower_advanced(self, message: RunFollower.Advanced) -> None:
        """Draw what has come."""
        self._draw(message.shown)

    def on_run_follower_said(self, message: RunFollower.Said) -> None:
        """Write the lines into the console."""
        for line in message.lines:
            self.query_one(Console).say(line.text, line.level, line.t)

    def on_run_follower_ended(self, message: RunFollower.Ended) -> None:
        """List the runs: the state of this one has changed; say why it failed."""
        if message.failure:
            self.notify(
                message.failure, title=f"{wording.short_id(message.run)} failed", severity="error", markup=False
            )
        self._listing.look_again()

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
        experiment = self.query_one(HyperparameterForm).experiment
        if experiment is not None:
            run = last_finished(self.runs, experiment)
            if (told := (experiment.name, run.id if run else "")) != self._hinted:
                self._hinted = told
                self.run_worker(self._hint_at(run, experiment), group="hint", exclusive=True)

    async def _hint_at(self, run: Listed | None, experiment: Experiment) -> None:
        text = await asyncio.to_thread(last_time, run, experiment) if run else ""
        self.query_one(HyperparameterForm).hint = text

    def on_hyperparameter_form_changed(self, message: HyperparameterForm.Changed) -> None:
        """Remember what was typed, and ask whether it could be launched."""
        if message.values != self._settings.forms.get(message.experiment, {}):
            self._settings.forms[message.experiment] = message.values
            self.post_message(self.SettingsChanged())
        form = self.query_one(HyperparameterForm)
        if form.experiment is not None:
            self._requests.check(form.experiment, *form.chosen_values(), form.axes())

    def on_hyperparameter_form_run_wanted(self, message: HyperparameterForm.RunWanted) -> None:
        """Start an experiment with the values that the form held when the key was pressed, or plan a sweep of it."""
        if message.axes:
            self._plan(message.experiment, message.values, message.options, message.axes)
        else:
            self._requests.launch(message.experiment, message.values, message.options)

    # -- answers of the engine ------------------------------------------------------------------------------------

    def on_run_requests_started(self, message: RunRequests.Started) -> None:
        """Show the run that was launched or resumed."""
        self._follow(message.run.id)
        if self._panes.narrow:
            with contextlib.suppress(PhospheneError):
                self._show_result(message.run.record().experiment)  # it is not in the list yet
        self._listing.look_again()
        self._warm()

    def on_run_requests_refused(self, message: RunRequests.Refused) -> None:
        """Point at the fields whose values were refused."""
        self._panes.reveal("form")
        self.query_one(HyperparameterForm).point_at(message.problems)
        for name, problem in message.problems.items():
            self.notify(f"{name}: {problem}", severity="error", markup=False)

    def on_run_requests_checked(self, message: RunRequests.Checked) -> None:
        """Mark what a launch would refuse, and what is hardly meant."""
        form = self.query_one(HyperparameterForm)
        if form.experiment is not None and form.experiment.name == message.experiment:
            form.mark(message.problems, message.doubts)

    def on_run_requests_done(self, message: RunRequests.Done) -> None:
        """Say what was done."""
        if message.text:
            self.notify(message.text, title=message.title, markup=False, timeout=message.seconds)
        self._listing.look_again()

    @on(RunListing.Failed)
    @on(RunFollower.Failed)
    @on(RunRequests.Failed)
    def complain_of_failure(self, message: RunListing.Failed | RunFollower.Failed | RunRequests.Failed) -> None:
        """Say what could not be done, and why."""
        self.complain(message.reason)

    # -- keys: runs -----------------------------------------------------------------------------------------------

    def action_run(self) -> None:
        """Start the chosen experiment with the values in the form; a field that is still open must be right first."""
        form = self.query_one(HyperparameterForm)
        if self._panes.reading:
            self._panes.reveal("form")
            self.notify("r again starts the experiment of this form; f takes over the values of the run")
        elif form.experiment is not None and form.accept():
            form.action_run()

    def action_stop(self) -> None:
        """Let the shown run save and stop, or the highlighted sweep."""
        if self.sweep_meant is not None:
            self._sweeping.stop(self.sweep_meant.directory)
        elif self.shown is None:
            self.complain("no run is shown")
        else:
            self._requests.stop(self.shown.run, self.shown.history.attempt)

    def action_resume(self) -> None:
        """Go on with the shown run, or with the highlighted sweep."""
        if self.sweep_meant is not None:
            self._sweeping.resume(self.sweep_meant.directory)
        elif self.shown is not None:
            self._requests.resume(self.shown.run)

    def action_set_live(self) -> None:
        """Apply the form's live values to the shown run."""
        form, shown = self.query_one(HyperparameterForm), self.shown
        if shown is None or form.experiment is None or form.experiment.name != shown.record.experiment:
            self.complain("choose the experiment of the shown run first, and change its live values in the form")
        elif values := form.live_values():
            self._requests.set_live(shown.run, values)
        else:
            self.complain("change a live value in the form first, e.g. a learning rate")

    def action_checkpoint(self) -> None:
        """Let the shown run save a checkpoint."""
        if self.shown is not None:
            self._requests.save_checkpoint(self.shown.run)

    def action_copy_command(self) -> None:
        """Copy the form as a command line."""
        form = self.query_one(HyperparameterForm)
        if form.experiment is not None:
            values, options = form.chosen_values()
            command = wording.command_line(form.experiment, values | options, form.axes())
            self.app.copy_to_clipboard(command)
            self.query_one(Console).say(command)
            self.notify(command, title="copied", markup=False)

    def action_quit(self) -> None:
        """Leave; runs go on."""
        self.app.exit([run for run in self.runs if not run.status.ended])

    # -- keys: what is seen ---------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Open the filter of the experiments, or else that of the runs."""
        focused = self.focused.id if self.focused is not None else ""
        self._panes.reveal("lists")
        self.query_one(Lists).open_filter("experiments" if focused == "experiments" else "runs")

    def action_out(self) -> None:
        """Leave the whole screen, the filter, the selection or the pane: one layer out."""
        if self._panes.enlarged:
            self._panes.enlarge()
        elif self.focused is not None and self.focused.id in {"experiments", "runs"}:
            self.query_one(Lists).step_out(self.focused.id)
        else:
            self._panes.reveal("lists")
            self.query_one(ExperimentList).focus()

    def action_page(self) -> None:
        """Show the page of the chosen experiment."""
        experiment = self.query_one(HyperparameterForm).experiment
        if experiment is not None:
            self.app.push_screen(PageScreen(experiment))
