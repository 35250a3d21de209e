"""The sweeps of the workbench: planned from the form, listed beside the runs, shown on a screen of their own."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from tui.limits import limits_of
from tui.screens.panes import PaneScreen
from tui.widgets.form import HyperparameterForm
from tui.widgets.pictures import PicturePanel
from tui.workbench.sweeping import SweepRequests, asked_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from engine import Engine, Experiment, Planned, SweepDirectory, Sweeps, Workspace
    from tui.keymap import Keymap
    from tui.screens.sweep import Wish
    from tui.settings import Settings
    from tui.widgets.runs import RunList


class SweepBench(PaneScreen):
    """Plans, shows and steers sweeps; runs are for its child.

    Args:
        home: the folder of the workspace.
        settings: remembered sizes, forms and lists.
        renderer: how pictures are drawn.
        keymap: keys that the user chose.
    """

    def __init__(self, home: Path, settings: Settings, renderer: str, keymap: Keymap) -> None:
        super().__init__(settings, renderer, keymap)
        self._home = home
        self._sweeping = SweepRequests(self, lambda: self.swept)

    @cached_property
    def engine(self) -> Engine:
        """The engine; its import takes longer than the first paint may, so it waits for the first use."""
        from engine import Engine

        return Engine(self._home, read_only=limits_of(self).read_only)

    @cached_property
    def swept(self) -> Sweeps:
        """The sweeps of the workspace, which share with the engine what is known of its runs."""
        from engine import Sweeps

        return Sweeps(workspace=self.engine.workspace, read_only=self.engine.read_only)

    @property
    def workspace(self) -> Workspace:
        """Whose runs and sweeps are listed."""
        return self.engine.workspace

    def _look_again(self) -> None:
        """List runs and sweeps at once."""
        raise NotImplementedError

    def _show_run(self, run: str) -> None:
        """Follow a run in the panes."""
        raise NotImplementedError

    def _compare(self, ids: Sequence[str]) -> None:
        from tui.screens.compare import CompareScreen

        runs = [listed for run in ids if (listed := self._find(run)) is not None]
        self.app.push_screen(CompareScreen(self.engine, runs, self.query_one(PicturePanel).renderer, self.keymap))

    def _take_into_form(self, name: str, hyperparameters: Mapping[str, Any], seed: int) -> None:
        experiment = self.catalogue.get(name)
        if experiment is None:
            self.complain(f"{name} is not installed here, so that there is no form for it")
            return
        form = self.query_one(HyperparameterForm)
        form.show(experiment, self._settings.forms.get(name, {}))
        form.take_over(experiment.changed(hyperparameters, seed))
        self._panes.reveal("form")

    def action_sweep(self) -> None:
        """Plan a sweep over the axes of the form; without one, over several seeds."""
        form = self.query_one(HyperparameterForm)
        if form.experiment is None or not form.accept():
            return
        self._plan(form.experiment, *form.chosen_values(), form.axes())

    def _plan(self, experiment: Experiment, *form: Mapping[str, str]) -> None:
        from tui.screens.plan import PlanScreen

        def launch(planned: Planned | None) -> None:
            if planned is not None:
                self._sweeping.launch(planned)

        self.app.push_screen(PlanScreen(self.swept, experiment, asked_of(experiment.name, *form)), launch)

    def on_sweep_requests_started(self, message: SweepRequests.Started) -> None:
        """Show the sweep that was launched."""
        self._look_again()
        self._show_sweep(message.sweep)

    def on_run_list_sweep_entered(self, message: RunList.SweepEntered) -> None:
        """Show what came of a sweep."""
        listed = next((sweep for sweep in self.sweeps if sweep.id == message.sweep), None)
        if listed is not None and listed.record is None:
            self.complain(listed.status.reason)
        elif listed is not None:
            self._show_sweep(listed.directory)

    def _show_sweep(self, sweep: SweepDirectory) -> None:
        from tui.screens.sweep import SweepScreen

        renderer = self.query_one(PicturePanel).renderer
        screen = SweepScreen(self.swept, sweep, self._sweeping, self._compare, self._after_sweep, renderer, self.keymap)
        self.app.push_screen(screen)

    def _after_sweep(self, wish: Wish) -> None:
        """Do what the screen of a sweep or of a study was left for, on top of all others."""
        while self.app.screen is not self:
            self.app.pop_screen()
        if wish.form is not None:
            self._take_into_form(*wish.form)
        elif wish.run:
            self._show_run(wish.run)
