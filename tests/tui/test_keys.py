"""One registry of actions: keys, help and palette follow from it, and users may choose other keys."""

from __future__ import annotations

import pytest

from tests.tui.conftest import focus
from tui.actions import ACTS
from tui.app import PhospheneApp
from tui.keymap import Keymap
from tui.palette import Actions
from tui.screens.help import TITLES, HelpScreen
from tui.screens.workbench import Workbench
from tui.workbench.readiness import PANE_OF


def notes(app) -> str:
    return "\n".join(note.message for note in app._notifications)


def test_ids_are_unique_and_every_scope_has_a_title_in_the_help():
    ids = [act.id for act in ACTS]
    assert len(set(ids)) == len(ids)
    assert {act.scope for act in ACTS} <= {*TITLES, "app"}


def test_every_action_has_a_handler_where_it_works(drive):
    async def scenario(pilot, until):
        screen = pilot.app.screen
        await until(lambda: screen.query("Chart"))
        for act in ACTS:
            target, _, name = act.name.partition("(")[0].rpartition(".")
            if act.scope == "app" or target == "app":
                holder = pilot.app
            elif act.scope in PANE_OF:
                holder = screen.query("Chart" if act.scope == "charts" else f"#{act.scope}").first()
            elif act.scope == "workbench":
                holder = screen
            else:
                continue
            assert hasattr(holder, f"action_{name}"), act

    drive(scenario)


def test_the_help_shows_the_focused_panes_keys_first(drive, album):
    async def scenario(pilot, until):
        focus(pilot.app.screen.query_one("#pictures"))
        await pilot.press("question_mark")
        await until(lambda: isinstance(pilot.app.screen, HelpScreen))
        await pilot.press("escape")
        await until(lambda: isinstance(pilot.app.screen, Workbench))

    drive(scenario)
    page = str(HelpScreen.page("pictures", Keymap()))
    assert page.startswith("Pictures")
    assert all(act.help in page for act in ACTS)


def test_the_palette_names_every_action_with_its_keys_and_why_it_cannot_be_done(drive, album):
    async def scenario(pilot, until):
        screen = pilot.app.screen
        await until(lambda: screen.shown is not None and screen.shown.history.ended)
        hits = [hit async for hit in Actions(screen).discover()]
        texts = {str(hit.display): hit for hit in hits}
        assert len(texts) == sum(act.scope in screen.scopes for act in ACTS)
        stop = next(hit for text, hit in texts.items() if text.startswith("stop "))
        assert str(stop.help) == "the shown run is finished"
        await stop.command()
        await until(lambda: "stop: the shown run is finished" in notes(pilot.app))
        [grid] = [hit for text, hit in texts.items() if text.startswith("pictures: grid")]
        await grid.command()
        assert screen.query_one("#pictures")._mode == "grid"
        found = [hit async for hit in Actions(screen).search("smooth more")]
        assert str(max(found, key=lambda hit: hit.score).match_display).startswith("smooth more  +")

    drive(scenario)


def test_a_key_of_the_only_pane_that_can_be_meant_works_from_elsewhere(drive, album):
    async def scenario(pilot, until):
        screen = pilot.app.screen
        await until(lambda: screen.shown is not None and screen.shown.album)
        focus(screen.query_one("#experiments"))
        await pilot.press("g")
        assert screen.query_one("#pictures")._mode == "grid"

    drive(scenario, size=(160, 48))


def test_a_key_says_where_it_would_work(drive, album):
    async def scenario(pilot, until):
        screen = pilot.app.screen
        await until(lambda: screen.shown is not None and screen.shown.album)
        focus(screen.query_one("#experiments"))
        await pilot.press("g")
        await until(lambda: "g works in: pictures (4)" in notes(pilot.app))
        assert screen.query_one("#pictures")._mode == "single"

    drive(scenario, size=(80, 24))


def test_users_choose_keys_in_a_file_by_the_ids_of_actions(drive, album):
    (album / "keys.toml").write_text('run = "f5"\ncopy = "V"\npictures.grid = "ctrl+g"\n')

    async def scenario(pilot, until):
        screen = pilot.app.screen
        launched = []
        screen.action_run = lambda: launched.append(1)
        panel = screen.query_one("#pictures")
        await until(lambda: panel.still is not None)
        await pilot.press("r")
        assert not launched
        await pilot.press("f5")
        assert launched
        await pilot.press("4")
        await until(lambda: screen.focused is panel)
        await pilot.press("ctrl+g")
        await until(lambda: panel._mode == "grid")
        assert "f5" in str(HelpScreen.page("workbench", screen.keymap))

    drive(scenario, over=PhospheneApp(album, images="halfcell"))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('rum = "f5"', "there is no action 'rum'; did you mean 'run'?"),
        ("run = 5", "run: write its keys as text, for example run = 'r'"),
        ('run = "hyper+x"', "run: there is no key 'hyper+x'"),
        ('run = "s"', "run: s is the key of 'stop' already"),
        ('pictures.grid = "r"', "pictures.grid: r is the key of 'run' already"),
        ("run = ", "cannot be read"),
    ],
)
def test_a_line_that_cannot_be_followed_is_told_and_leaves_the_key_as_it_was(tmp_path, line, sentence):
    (tmp_path / "keys.toml").write_text(line)
    keymap = Keymap.read(tmp_path / "keys.toml")
    assert sentence in " ".join(keymap.problems)
    assert not keymap.chosen


def test_what_is_wrong_with_the_file_is_said_in_the_console(drive, album):
    (album / "keys.toml").write_text('rum = "f5"\n')

    async def scenario(pilot, until):
        console = pilot.app.screen.query_one("#console")
        await until(lambda: any("there is no action 'rum'" in line.text for line in console.lines))

    drive(scenario, over=PhospheneApp(album, images="halfcell"), size=(200, 40))
