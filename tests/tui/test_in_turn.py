"""Keys that come in a burst: each goes where the one before it led, through panes, fields and screens."""

from __future__ import annotations

import asyncio

import pytest
from textual import events

from tests.tui.conftest import focus
from tui.screens.help import HelpScreen
from tui.screens.workbench import Workbench
from tui.widgets.experiments import ExperimentList
from tui.widgets.filters import FilterField
from tui.widgets.form import HyperparameterForm


def burst(app, *typed: str) -> None:
    """Let keys arrive at once, as a slow line delivers them; longer texts that are no names of keys are pasted."""
    for one in typed:
        named = len(one) == 1 or one in {"enter", "escape", "down", "slash", "question_mark", "tab"}
        event = events.Key(one, one if len(one) == 1 else None) if named else events.Paste(one)
        app._driver.send_message(event)


@pytest.mark.parametrize("typed", [[*"probe"], ["probe"]], ids=["typed", "pasted"])
def test_a_text_behind_the_key_that_opens_a_field_is_written_there(drive, home, typed):
    async def scenario(pilot, until):
        app = pilot.app
        focus(app.screen.query_one(ExperimentList))
        burst(app, "slash", *typed, "enter")
        field = app.screen.query_one("#filter-experiments", FilterField)
        await until(lambda: field.value == "probe" and app.screen.query_one(ExperimentList).has_focus)
        assert app.screen.query_one(ExperimentList).chosen == "probe"
        assert not (home / "runs").exists(), "its r is no key of the list"

    drive(scenario)


def test_a_value_behind_the_key_that_goes_to_the_form_is_typed_into_its_field(drive, home):
    async def scenario(pilot, until):
        form = pilot.app.screen.query_one(HyperparameterForm)
        await until(lambda: form.experiment is not None)
        burst(pilot.app, "2", "down", *"300", "enter")
        await until(lambda: form.chosen_values()[0] == {"batch": "300"})

    drive(scenario)


def test_keys_go_on_behind_those_that_open_and_close_a_screen(drive):
    async def scenario(pilot, until):
        app, bench = pilot.app, pilot.app.screen
        focus(bench.query_one(ExperimentList))
        burst(app, *["question_mark", "escape"] * 3, "slash", *"dann")
        await until(lambda: bench.query_one("#filter-experiments", FilterField).value == "dann")
        assert app.screen is bench
        burst(app, "escape", "question_mark")
        await until(lambda: isinstance(app.screen, HelpScreen))

    drive(scenario)


def test_keys_behind_the_one_that_leaves_go_nowhere(home, terminal):
    window = terminal()
    window.expect("epochs")
    window.send("qrr?/x")
    assert window.wait() == 0, window.text
    assert "Traceback" not in window.text
    assert not (home / "runs").exists()


def test_a_key_that_comes_to_no_end_holds_others_back_no_longer_than_it_may(drive, monkeypatch):
    monkeypatch.setattr("tui.in_turn.SETTLED_SECONDS", 0.05)

    async def scenario(pilot, until):
        app = pilot.app
        focus(app.screen.query_one(ExperimentList))
        later, never = Workbench.call_later, []

        def call_later(screen, callback, *args):
            waited_for = isinstance(getattr(callback, "__self__", None), asyncio.Event)
            never.extend([callback] * waited_for)
            return True if waited_for else later(screen, callback, *args)

        with monkeypatch.context() as patch:
            patch.setattr(Workbench, "call_later", call_later)
            burst(app, "slash", *"dann")
            await until(lambda: never and not app._typed and app._settling is None)

    drive(scenario)
