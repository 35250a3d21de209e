"""What a user does to see things differently: panes, scales, filter, renderer, theme. No run is touched here."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from textual.screen import Screen
from textual.widgets import Input

from tui.renderers import RENDERERS
from tui.screens.help import HelpScreen
from tui.screens.table import TableScreen
from tui.widgets.charts import ChartPanel
from tui.widgets.console import Console
from tui.widgets.experiments import ExperimentList
from tui.widgets.form import HyperparameterForm
from tui.widgets.pictures import PicturePanel

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.settings import Settings
    from tui.shown import ShownRun

PANES = {1: "lists", 2: "form", 3: "charts", 4: "pictures", 5: "console"}


class View(Screen[None]):
    """The part of the workbench that only looks."""

    _settings: Settings
    _link: bool
    _shown: ShownRun | None

    def action_filter(self) -> None:
        """Open the filter."""
        self._unfold(1)
        field = self.query_one("#filter", Input)
        field.display = True
        self.set_focus(field)

    def action_out(self) -> None:
        """Go one layer out: a field, the filter, then the list of experiments."""
        field = self.query_one("#filter", Input)
        if self.query_one(HyperparameterForm).leave():
            return
        if field.display:
            field.value = ""
            field.display = False
        self.query_one(ExperimentList).focus()

    def action_log_scale(self) -> None:
        """Switch the charts' y axis."""
        self.query_one(ChartPanel).switch_log()

    def action_smoother(self) -> None:
        """Smooth more."""
        self.query_one(ChartPanel).smooth(1)

    def action_rougher(self) -> None:
        """Smooth less."""
        self.query_one(ChartPanel).smooth(-1)

    def action_x_axis(self) -> None:
        """Take the next x axis."""
        self.query_one(ChartPanel).next_axis()

    def action_link(self) -> None:
        """Link charts and pictures, or not."""
        self._link = not self._link
        panel = self.query_one(PicturePanel)
        self.query_one(ChartPanel).point_at(panel.pinned if self._link else None)
        self.notify("charts follow the picture" if self._link else "charts and pictures are apart")

    def action_renderer(self) -> None:
        """Draw pictures in the next way."""
        panel = self.query_one(PicturePanel)
        panel.redraw_with(RENDERERS[(RENDERERS.index(panel.renderer) + 1) % len(RENDERERS)])
        self._settings.images = panel.renderer
        self.app.save_settings()  # type: ignore[attr-defined]
        self.notify(f"pictures: {panel.renderer}")

    def action_theme(self) -> None:
        """Take the next colour theme."""
        names = sorted(self.app.available_themes)
        self.app.theme = names[(names.index(self.app.theme) + 1) % len(names)]
        self.notify(f"theme: {self.app.theme}")

    def action_copy_command(self) -> None:
        """Copy the form as a command line."""
        form = self.query_one(HyperparameterForm)
        if form.experiment is None:
            return
        command = ["phosphene", "run", form.experiment.name]
        for name, text in {**form.chosen_values()[0], **form.chosen_values()[1]}.items():
            flag = name.replace("_", "-")
            switch = {"on": f"--{flag}", "off": f"--no-{flag}"}
            boolean = any(view.name == name and view.kind == "boolean" for view in form.experiment.fields())
            command += [switch[text]] if boolean else [f"--{flag}", text]
        self.app.copy_to_clipboard(shlex.join(command))
        self.query_one(Console).say(shlex.join(command))
        self.notify(shlex.join(command), title="copied", markup=False)

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self._go_to_pane(1)

    def action_previous_pane(self) -> None:
        """Go to the previous pane."""
        self._go_to_pane(-1)

    def _go_to_pane(self, offset: int) -> None:
        stops: list[Widget] = [w for w in self.focus_chain if w.id not in {"filter", "edit"}]
        if not stops:
            return
        index = stops.index(self.focused) if self.focused in stops else -offset
        stops[(index + offset) % len(stops)].focus()

    def action_tables(self) -> None:
        """Show the tables of the shown run."""
        if self._shown is None or not self._shown.tables:
            self.notify("the shown run has no tables", severity="error")
            return
        self.app.push_screen(TableScreen(self._shown.tables))

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(HelpScreen())

    def action_pane(self, number: int) -> None:
        """Fold a pane, or on a narrow screen show it alone beside the lists and go to it."""
        if number == 1 or not self.has_class("-narrow"):
            self.toggle_class(f"-fold-{PANES[number]}")
            return
        self._narrow_to(number)
        stop = {2: "#fields", 3: "Chart", 4: "#pictures", 5: "#console"}[number]
        self.call_after_refresh(self._go_to, stop)

    def _go_to(self, selector: str) -> None:
        found = self.query(selector)
        if found:
            self.set_focus(found.first())

    def _narrow_to(self, number: int) -> None:
        for pane in PANES.values():
            self.set_class(pane == PANES[number], f"-show-{pane}")

    def _unfold(self, number: int) -> None:
        self.remove_class(f"-fold-{PANES[number]}")
        if number != 1:
            self._narrow_to(number)
