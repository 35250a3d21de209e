"""Runs of an experiment that is not installed here."""

from __future__ import annotations

from engine.record.events import StateChanged
from tests.tui.conftest import NOON, focus
from tui.widgets.runs import RunList


def test_a_run_whose_experiment_is_not_installed_has_no_form_and_no_value_of_it_is_told_as_changed(drive, written):
    events = [StateChanged(NOON, "running"), StateChanged(NOON + 5, "finished")]
    written("1121-1200-alien-k3f", "alien", events, hyperparameters={"lr": 0.1})

    async def scenario(pilot, until):
        screen = pilot.app.screen
        runs = screen.query_one(RunList)
        await until(lambda: screen.shown is not None and screen.shown.history.ended)
        focus(runs)
        await until(lambda: runs.has_focus and "lr" in str(screen.query_one("#configured").render()))
        assert "●" not in str(screen.query_one("#configured").render())
        await pilot.press("f")
        await until(lambda: any("alien is not installed here" in note.message for note in pilot.app._notifications))

    drive(scenario, size=(160, 48))
