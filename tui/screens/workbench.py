"""The workbench: panels around the engine. It wires messages and actions; what panels show, they draw themselves."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any

from textual import work
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Footer, Input, OptionList

from engine import InvalidHyperparameters, PhospheneError
from tui.actions import bindings
from tui.screens.picture import PictureScreen
from tui.screens.view import View
from tui.widgets.charts import ChartPanel
from tui.widgets.console import Console
from tui.widgets.experiments import ExperimentList
from tui.widgets.form import HyperparameterForm
from tui.widgets.machine import MachineLine
from tui.widgets.pictures import PicturePanel
from tui.widgets.runs import MARKS, RunList, headline, short

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from textual.app import ComposeResult
    from textual.messages import Prune

    from engine import Engine, Experiment, Listed, Run
    from tui.settings import Settings
    from tui.shown import ShownRun

RUNS_SECONDS = 1.0
SECOND_STOP = 3.0
"""Seconds after which a second `stop` ends a run that has not stopped by itself."""
AT_ONCE = 5_000
"""Events taken in between two looks at the keyboard."""


class Workbench(View):
    """Choose, edit, launch, watch, leave, come back."""

    BINDINGS = bindings("workbench")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (104, "-wide")]  # noqa: RUF012 - as Textual declares it

    _engine: Engine

    def __init__(self, home: Path, settings: Settings, renderer: str) -> None:
        super().__init__()
        self._home = home
        self._catalogue: Mapping[str, Experiment] = {}
        self._settings = settings
        self._renderer = renderer
        self._shown: ShownRun | None = None
        self._runs: list[Listed] = []
        self._listed_once = False
        self._following: str | None = None
        self._stopped: tuple[str, int, float] = ("", 0, 0.0)
        self._complaint = ""
        self._look_again = asyncio.Event()
        self._link = True

    def compose(self) -> ComposeResult:
        """Lay out the panels."""
        yield MachineLine()
        with Horizontal(id="panes"):
            with Vertical(id="lists"):
                yield Input(placeholder="filter", id="filter", compact=True)
                yield ExperimentList()
                yield RunList()
            yield HyperparameterForm()
            yield ChartPanel()
            with Vertical(id="right"):
                yield PicturePanel(self._renderer)
                yield Console()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Fill the lists; what takes longer follows after the first paint."""
        self.query_one("#filter").display = False
        self._narrow_to(2)
        self.query_one(ExperimentList).focus()
        # What is called after a refresh comes before its paint: the second one is behind the first paint.
        self.call_after_refresh(self.call_after_refresh, self._fill)

    def _fill(self) -> None:
        """Import what the panels need, now that their frames are on the screen, and fill them."""
        from engine import Engine, catalogue

        self._engine = Engine(self._home)
        self._catalogue = catalogue.experiments()
        self.query_one(ExperimentList).show(self._catalogue.values(), self._settings.experiment)
        self._keep_listing()
        self.call_after_refresh(self.query_one(ChartPanel).open)
        self._warm()

    async def on_prune(self, _: Prune) -> None:
        """Draw nothing any more, before the panels go; let the warm worker go; runs go on."""
        self.workers.cancel_node(self)
        if hasattr(self, "_engine"):
            self._engine.close()

    @work(group="warm")
    async def _warm(self) -> None:
        if self._settings.warm:
            with contextlib.suppress(PhospheneError, OSError):
                await self._engine.warm()

    # -- runs -----------------------------------------------------------------------------------------------------

    def _list_runs(self) -> None:
        self._look_again.set()

    @work(group="runs")
    async def _keep_listing(self) -> None:
        """List the runs now and then, and at once when asked to; never two listings at a time."""
        while True:
            try:
                self._runs = await self._engine.runs()
                self._complaint = ""
                self._show_runs()
            except PhospheneError as error:
                if str(error) != self._complaint:
                    self._complaint = str(error)
                    self._complain(self._complaint)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look_again.wait(), RUNS_SECONDS)
            self._look_again.clear()

    def _show_runs(self) -> None:
        declared = {name: experiment.headline for name, experiment in self._catalogue.items()}
        metrics = {name: headline.result for name, headline in declared.items() if headline}
        if not self._listed_once:
            self._listed_once = True
            self._tell_what_happened()
        self.query_one(RunList).show(self._runs, metrics)
        if self._shown is not None and self._following is None:
            # Somebody else may have resumed the run on the screen, or removed it.
            listed = self._find(self._shown.run.id)
            if listed is not None and listed.status.attempt > self._shown.attempt:
                self._follow(listed.id)
            elif listed is None and self._runs:
                self._follow(self._runs[0].id)
        self._estimate()
        self._settings.seen = time.time()

    def _tell_what_happened(self) -> None:
        """Say what runs and what ended since the workbench was last open; show the most interesting one."""
        seen, console = self._settings.seen, self.query_one(Console)
        active = [run for run in self._runs if not run.status.ended]
        ended = [run for run in self._runs if run.status.ended and run.status.changed > seen > 0]
        for run in active:
            console.say(f"{run.id} is {run.status.state}")
        if ended:
            console.say("while you were away:", "alarm")
            for run in ended[:20]:
                figures = ", ".join(f"{name} {value:.4g}" for name, value in list(run.status.result.items())[:2])
                console.say(f"  {run.id} {run.status.state} {figures or run.status.reason}")
            self.notify(f"{len(ended)} run{'s' * (len(ended) > 1)} ended", title="while you were away")
        if first := next(iter([*active, *ended, *self._runs]), None):
            self._show_run(first.id)

    def _find(self, run: str) -> Listed | None:
        return next((listed for listed in self._runs if listed.id == run), None)

    def _show_run(self, run: str) -> None:
        if self._shown is None or self._shown.run.id != run:
            self._follow(run)

    @work(group="follow", exclusive=True)
    async def _follow(self, name: str, pause: float = 0.0) -> None:
        """Show a run and keep showing what comes."""
        from tui.shown import ShownRun

        await asyncio.sleep(pause)
        self._following = name
        try:
            run = await self._engine.find(name)
            shown = ShownRun(run, await asyncio.to_thread(run.record))
            if self._shown is not None:
                self.query_one(Console).forget()
            self._shown = shown
            self.query_one(RunList).mark(run.id)
            self._draw(shown)
            await self._watch(shown)
        except (PhospheneError, OSError) as error:
            self._complain(f"{name}: {error}")
        finally:
            if self._following == name:
                self._following = None
        self._list_runs()

    async def _watch(self, shown: ShownRun) -> None:
        output = shown.run.output()
        async for events in self._engine.batches(shown.run):
            for start in range(0, len(events), AT_ONCE):
                lines = shown.take(events[start : start + AT_ONCE])
                for t, text, level in lines[-200:]:
                    self.query_one(Console).say(text, level, t)
                self._draw(shown)
                await asyncio.sleep(0)
            self._say_output(await asyncio.to_thread(output.poll), output.skipped)
            output.skipped = 0

    def _say_output(self, lines: list[str], skipped: int) -> None:
        console = self.query_one(Console)
        if skipped:
            console.say(f"… {skipped / 1024:,.0f} KiB of output skipped, all of it is in output.log", "output")
        for line in lines[-50:]:
            console.say(line[:500], "output")

    def _draw(self, shown: ShownRun) -> None:
        declared = self._catalogue.get(shown.record.experiment)
        self.query_one(ChartPanel).show(shown.curves, declared.charts if declared else (), shown.markers)
        self.query_one(PicturePanel).show(shown.images)
        mark, style = MARKS[shown.state]
        done = f" {100 * shown.step / shown.total:.0f} %" if shown.total and shown.state != "finished" else ""
        eta = f"  eta {_clock(shown.eta)}" if shown.state == "running" and shown.total else ""
        name = f" {short(shown.run.id)} {shown.record.experiment} {shown.record.name}".rstrip()
        self.query_one(MachineLine).show_run(Content.assemble(f"{name} ", (mark, style), f" {shown.state}{done}{eta} "))

    # -- messages -------------------------------------------------------------------------------------------------

    def on_experiment_list_chosen(self, message: ExperimentList.Chosen) -> None:
        """Show the form of the experiment under the highlight."""
        experiment = self._catalogue[message.name]
        form = self.query_one(HyperparameterForm)
        if form.experiment is not experiment:
            self._settings.experiment = experiment.name
            form.show(experiment, self._settings.forms.get(experiment.name, {}))
            self._estimate()
        if message.entered:
            self._unfold(2)
            form.query_one("#fields").focus()

    def _estimate(self) -> None:
        """Say in the form how the experiment went last time."""
        form = self.query_one(HyperparameterForm)
        if form.experiment is None:
            return
        name = form.experiment.name
        form.hint = ""
        done = [r for r in self._runs if r.record and r.record.experiment == name and r.status.state == "finished"]
        if done and (record := done[0].record):
            took = _clock(done[0].status.changed - record.created)
            figure = headline(done[0], declared.result) if (declared := form.experiment.headline) else ""
            form.hint = f"last {figure} in {took}"

    def on_hyperparameter_form_changed(self, message: HyperparameterForm.Changed) -> None:
        """Remember what was typed."""
        self._settings.forms[message.experiment] = message.values
        self.app.save_settings()  # type: ignore[attr-defined]

    def on_run_list_chosen(self, message: RunList.Chosen) -> None:
        """Show the run under the highlight."""
        if self._shown is None or self._shown.run.id != message.run:
            self._follow(message.run, pause=0.05)
        if message.entered:
            self._unfold(3)

    @work(group="requests")
    async def on_run_list_remove_asked(self, message: RunList.RemoveAsked) -> None:
        """Move a run into the trash."""
        with self._complaining():
            where = await self._engine.remove(await self._engine.find(message.run))
            self.notify(f"{message.run} lies in {where} now", title="removed", markup=False)
            self._list_runs()

    def on_run_list_form_asked(self, message: RunList.FormAsked) -> None:
        """Take a run's hyperparameters into the form of its experiment."""
        listed = self._find(message.run)
        if listed is None or listed.record is None or listed.record.experiment not in self._catalogue:
            return
        record, experiment = listed.record, self._catalogue[listed.record.experiment]
        views = {view.name: view for view in experiment.fields()}
        shown = {name: views[name].show(value) for name, value in record.hyperparameters.items() if name in views}
        values = {name: text for name, text in shown.items() if text != views[name].show(views[name].default)}
        self._settings.forms[experiment.name] = values | ({"seed": str(record.seed)} if record.seed else {})
        self.query_one(HyperparameterForm).show(experiment, self._settings.forms[experiment.name])
        self._unfold(2)

    def on_picture_panel_shown(self, message: PicturePanel.Shown) -> None:
        """Let the charts point at the step of the picture."""
        if self._link:
            self.query_one(ChartPanel).point_at(message.step)

    def on_picture_panel_enlarge_asked(self) -> None:
        """Show the picture on the whole screen."""
        self.app.push_screen(PictureScreen(self.query_one(PicturePanel)))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as the user types."""
        if event.input.id == "filter":
            self.query_one(ExperimentList).narrow(event.value)
            self.query_one(RunList).narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter and go to what it found."""
        if event.input.id == "filter":
            self.query_one(ExperimentList).settle()
            lists: list[OptionList] = [self.query_one(ExperimentList), self.query_one(RunList)]
            next((each for each in lists if each.option_count), lists[0]).focus()

    # -- actions --------------------------------------------------------------------------------------------------

    @work(group="requests")
    async def action_run(self) -> None:
        """Start the chosen experiment with the values in the form."""
        form = self.query_one(HyperparameterForm)
        if form.experiment is None:
            return
        values, options = form.chosen_values()
        try:
            run = await self._engine.launch(form.experiment, values, options)
        except InvalidHyperparameters as error:
            name, problem = next(iter(error.problems.items()))
            self._unfold(2)
            form.point_at(name, problem)
            self.notify(f"{name}: {problem}", severity="error", markup=False)
            return
        except PhospheneError as error:
            self._complain(str(error))
            return
        self._follow(run.id)
        if self.has_class("-narrow"):
            self._narrow_to(3)
        self._list_runs()
        self._warm()

    @work(group="requests")
    async def action_stop(self) -> None:
        """Let the shown run save and stop; later pressed again, end it."""
        if self._shown is None:
            self._complain("no run is shown")
            return
        run, attempt = self._shown.run, self._shown.attempt
        asked = self._stopped[:2] == (run.id, attempt)
        kill = asked and time.monotonic() - self._stopped[2] > SECOND_STOP
        with self._complaining():
            await self._engine.stop(run, kill=kill)
            if not asked:
                self._stopped = (run.id, attempt, time.monotonic())
                self.notify(f"{short(run.id)} saves and stops; s again ends it at once")

    @work(group="requests")
    async def action_resume(self) -> None:
        """Go on with the shown run."""
        if self._shown is not None:
            with self._complaining():
                run: Run = await self._engine.resume(self._shown.run)
                self._follow(run.id)
                self._list_runs()

    @work(group="requests")
    async def action_set_live(self) -> None:
        """Write the form's live values into the shown run."""
        form, shown = self.query_one(HyperparameterForm), self._shown
        if shown is None or form.experiment is None or form.experiment.name != shown.record.experiment:
            self._complain("choose the experiment of the shown run first, and change its live values in the form")
            return
        values = form.live_values()
        if not values:
            self._complain("change a live value in the form first, e.g. a learning rate")
            return
        with self._complaining():
            await self._engine.set(shown.run, values)
            text = ", ".join(f"{name} {value}" for name, value in values.items())
            self.notify(f"{text} from the next step on", markup=False)

    @work(group="requests")
    async def action_checkpoint(self) -> None:
        """Let the shown run save a checkpoint."""
        if self._shown is not None:
            with self._complaining():
                await self._engine.checkpoint(self._shown.run)

    def action_quit(self) -> None:
        """Leave; runs go on."""
        self.app.exit([run.id for run in self._runs if not run.status.ended])

    # -- complaints -----------------------------------------------------------------------------------------------
    def _complain(self, text: str) -> None:
        self.query_one(Console).say(text, "error")
        self.notify(text, severity="error", markup=False)

    @contextlib.contextmanager
    def _complaining(self) -> Any:
        try:
            yield
        except PhospheneError as error:
            self._complain(str(error))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"
