"""A workbench that only looks changes nothing, says so, and greys what it will not do; a browser is no terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Footer

from tests.tui.conftest import focus
from tui.actions import ACTS
from tui.app import PhospheneApp
from tui.limits import CHANGES, IN_A_TERMINAL, NO_TERMINAL, READ_ONLY, Limited, Limits
from tui.palette import Actions
from tui.screens.compare import CompareScreen
from tui.screens.help import HelpScreen
from tui.screens.picture import PictureScreen
from tui.screens.report import ReportScreen
from tui.screens.study import StudyScreen
from tui.screens.sweep import SweepScreen
from tui.screens.workbench import Workbench
from tui.widgets.form import HyperparameterForm
from tui.widgets.pictures import PicturePanel
from tui.widgets.runs import RunList

LOOKING = Limits(read_only=True)


def notes(app) -> list[str]:
    return [note.message for note in app._notifications]


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_limits_name_actions_that_there_are_and_who_does_them_refuses_them():
    limited = [act for act in ACTS if act.id in CHANGES | IN_A_TERMINAL]
    assert {act.id for act in limited} == CHANGES | IN_A_TERMINAL
    refusing = {Workbench, CompareScreen, SweepScreen, StudyScreen, HyperparameterForm, RunList, PhospheneApp}
    refusing |= {ReportScreen, PictureScreen}
    assert all(issubclass(each, Limited) for each in refusing)
    assert {act.scope for act in limited} == {each.acts_of for each in refusing}


def test_nothing_in_the_workspace_changes_whatever_is_pressed_and_chosen(drive, album):
    before = content(album)

    async def scenario(pilot, until):
        app, screen = pilot.app, pilot.app.screen
        await until(lambda: screen.shown is not None and screen.shown.album)
        focus(screen.query_one("#runs"))
        await pilot.press("space", "r", "R", "w", "k", "X", "X", "#", "n", "N")
        assert app.screen is screen
        assert set(notes(app)) == {READ_ONLY}
        for act in ACTS:
            if act.id in CHANGES and act.scope in {"workbench", "runs", "form"}:
                await screen.prepared(act).run_action(act.name)
        assert app.screen is screen
        # What is behind the keys refuses, too.
        run = screen.shown.run
        requests = screen._requests
        requests.remove([run])
        requests.annotate([run], lambda run: (run.path / "note").write_text("changed"))
        requests.launch(screen.catalogue["count"], {}, {})
        await until(lambda: sum("may only be looked at" in note for note in notes(app)) == 3)

    drive(scenario, over=PhospheneApp(album, images="halfcell", limits=LOOKING), size=(160, 48))
    assert content(album) == before


def test_footer_palette_and_help_grey_it_and_say_why(drive, album):
    async def scenario(pilot, until):
        screen = pilot.app.screen
        await until(lambda: screen.shown is not None)
        await until(lambda: len(screen.query_one(Footer).query("FooterKey")) > 3)
        keys = {key.description: key.has_class("-disabled") for key in screen.query_one(Footer).query("FooterKey")}
        assert keys["run"]
        assert keys["stop"]
        assert not keys["filter"]
        offered = [hit async for hit in Actions(screen).discover()]
        refused = {hit.text for hit in offered if hit.help == READ_ONLY}
        assert refused == {
            act.label for act in ACTS if act.id in CHANGES and act.scope in {"workbench", "runs", "form"}
        }
        page = HelpScreen.page("runs", screen.keymap, LOOKING).plain
        assert page.count(READ_ONLY) == len(CHANGES)

    drive(scenario, over=PhospheneApp(album, images="halfcell", limits=LOOKING), size=(160, 48))


@pytest.mark.parametrize("images", ["kitty", "ascii"])
def test_a_browser_gets_half_cells_and_the_choice_for_terminals_stays(drive, album, monkeypatch, images):
    (album / "workbench.json").write_text(f'{{"images": "{images}"}}')
    monkeypatch.setattr("tui.app._driver_of_the_browser", lambda: None)

    async def scenario(pilot, until):
        screen = pilot.app.screen
        assert screen.query_one(PicturePanel).renderer == "halfcell"
        await pilot.press("i")
        assert screen.query_one(PicturePanel).renderer == "halfcell"
        assert notes(pilot.app) == [NO_TERMINAL]
        assert screen._settings.images == images

    drive(scenario, over=PhospheneApp(album, limits=Limits(browser=True)))
