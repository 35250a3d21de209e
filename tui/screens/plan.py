"""The plan of a sweep before it is launched: its axes, its runs, what they will take, and options that change it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import work
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from engine import PhospheneError, sweep_wording, wording
from tui.actions import bindings
from tui.screens.ending import Ending
from tui.screens.painting import PaintedOnce
from tui.widgets.key_bar import KeyBar
from tui.widgets.sweep.options import Mistakes, OptionField, OptionLine, asked_of, asked_with, given
from tui.workbench.sweeping import HOW

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.app import ComposeResult
    from textual.widgets import Input

    from engine import Experiment, Planned, SweepAsked, Sweeps
    from tui.actions import Scope
    from tui.widgets.sweep.options import Option

PAUSE_SECONDS = 0.15
"""For which the options must stay as they are before it is planned anew."""


class PlanScreen(Ending, PaintedOnce, ModalScreen["Planned | None"]):
    """Answers with the plan that is to be launched, or None.

    Args:
        sweeps: of the workspace.
        experiment: that is run.
        asked: its axes, fixed values and options of runs.

    Attributes:
        options: that are asked about.
    """

    BINDINGS = bindings("plan")
    scope: Scope = "plan"

    def __init__(self, sweeps: Sweeps, experiment: Experiment, asked: SweepAsked) -> None:
        super().__init__()
        self._sweeps = sweeps
        self._experiment = experiment
        self._asked = asked
        self._usual: Sequence[Option] = asked_of(asked.options)
        self.options: Sequence[Option] = [
            replace(one, default=str(asked.seeds)) if one.name == "seeds" else one for one in self._usual
        ]
        self._launching = False
        self.planned: Planned | None = None

    def compose(self) -> ComposeResult:
        """Lay out what is said above the options."""
        with VerticalScroll(id="plan", can_focus=False) as frame:
            frame.border_title = Content(self.heading)
            frame.border_subtitle = "enter launches it · esc leaves"
            yield Static(id="plan-said", markup=False)
            yield Static(id="plan-problems", markup=False)
            for option in self.options:
                yield OptionLine(option)
            yield Static(id="plan-command", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Plan."""
        self.query(OptionField).first().focus()
        self._plan()

    @property
    def heading(self) -> str:
        """What is planned, in a few words."""
        return f"a sweep of {self._experiment.name}" if self._asked.over else f"{self._experiment.name} with more seeds"

    @property
    def hint(self) -> str:
        """What else could be planned."""
        return "" if self._asked.over else HOW

    @property
    def texts(self) -> dict[str, str]:
        """The options as typed."""
        return {line.option.name: line.text for line in self.query(OptionLine)}

    @property
    def command(self) -> str:
        """What does the same on the command line."""
        name = {"name": self._asked.name} if self._asked.name else {}
        values = {**self._asked.fixed, **name, **self._asked.options}
        return wording.command_line(self._experiment, values, self._asked.over, given(self.texts, self._usual))

    @work(exclusive=True, group="plan")
    async def _plan(self) -> None:
        """Ask the engine what it would be, and say it."""
        self.planned = None
        self.query_one("#plan-command", Static).update(Content.styled(self.command, "$text-muted"))
        self._say(["planning…"], {})
        await asyncio.sleep(PAUSE_SECONDS)
        planned: Planned | None = None
        problems: Mapping[str, str] = {}
        try:
            planned = await self._sweeps.plan(asked_with(self._asked, self.texts, self.options))
        except Mistakes as mistakes:
            problems = mistakes.problems
        except PhospheneError as error:
            problems = dict(error.problems) or {"": str(error)}
        # Left while it was worked out; an app that ends takes the parts away before the screen.
        if not self.is_attached or len(self.query("#plan-said, #plan-problems")) < 2:
            return
        if planned is None:
            self._refuse(problems)
            return
        self.planned = planned
        self._say([*sweep_wording.plan(planned), *([self.hint] if self.hint else [])], {})
        if self._launching:
            self.dismiss(planned)

    def _refuse(self, problems: Mapping[str, str]) -> None:
        self._launching = False
        over = {**self._asked.over, **self._asked.together}
        axes = "  ".join(f"{name} over {text}" for name, text in over.items())
        self._say([axes], problems)

    def _say(self, lines: list[str], problems: Mapping[str, str]) -> None:
        self.query_one("#plan-said", Static).update(Content("\n".join(lines)))
        own = {line.option.name: line for line in self.query(OptionLine)}
        for name, line in own.items():
            line.complain(problems.get(name, ""))
        others = [f"✗ {name}: {text}" if name else f"✗ {text}" for name, text in problems.items() if name not in own]
        said = self.query_one("#plan-problems", Static)
        said.update(Content.styled("\n".join(others), "$text-error"))
        said.display = bool(others)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Plan anew."""
        event.stop()
        self._plan()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Launch it."""
        event.stop()
        self.action_launch()

    def action_launch(self) -> None:
        """Launch what is planned; if that is still being worked out, as soon as it is known."""
        if self.planned is not None:
            self.dismiss(self.planned)
        else:
            self._launching = True
            self._plan()

    def action_step(self, offset: int) -> None:
        """Go to the next option (1) or the previous one (-1)."""
        if offset > 0:
            self.focus_next(OptionField)
        else:
            self.focus_previous(OptionField)

    def action_copy_command(self) -> None:
        """Copy the command that does the same."""
        self.app.copy_to_clipboard(self.command)
        self.notify(self.command, title="copied", markup=False)

    def action_close(self) -> None:
        """Launch nothing."""
        self.dismiss(None)
