"""The line of keys: at any width the key for help is in sight."""

from __future__ import annotations

import pytest
from textual import events
from textual._compositor import Compositor

from tui.widgets.key_bar import KeyBar


@pytest.mark.parametrize("width", [pytest.param(80, marks=pytest.mark.slow), 60])
@pytest.mark.parametrize(("key", "pane"), [("3", "charts"), ("4", "pictures"), ("6", "tables")])
def test_help_is_in_sight_though_there_are_more_keys_than_room(drive, crowd, key, pane, width):
    async def scenario(pilot, until):
        screen = pilot.app.screen
        await until(lambda: screen.shown is not None)
        await pilot.press("1", key)
        await until(lambda: screen._panes.focused == pane)
        bar = screen.query_one(KeyBar)

        def last():
            return [each for each in bar.children if getattr(each, "action", "") == "help" and each.region.width]

        await until(lambda: last() and last()[0].region.right == width)
        await until(lambda: last()[0].region.width == len(" ? help"))
        keys = [each.region for each in bar.children]
        assert bar.max_scroll_x == 0
        assert len(keys) < len([one for one in bar._keys() if len(one) > 1]), "some keys have no room"
        assert sum(region.width for region in keys) <= width, "every key that is shown is whole"

    drive(scenario, (width, 24))


def test_the_shelf_of_studies_shows_it_too(drive, crowd):
    async def scenario(pilot, until):
        await pilot.press("u")
        await until(lambda: "help" in [getattr(key, "action", "") for key in pilot.app.screen.query("KeyBar > *")])

    drive(scenario, (80, 24))


def test_moving_the_focus_neither_paints_the_whole_screen_nor_lays_out_equal_keys(drive, crowd, monkeypatch):
    whole: list[Compositor] = []
    full = Compositor.render_full_update

    def painted(self, *arguments, **options):
        whole.append(self)
        return full(self, *arguments, **options)

    async def scenario(pilot, until):
        screen = pilot.app.screen
        await until(lambda: screen.shown is not None and screen._panes.focused == "lists")
        bar = screen.query_one(KeyBar)
        await until(lambda: bar.children)
        await pilot._wait_for_screen()
        # On a busy machine the first painting of the screen is still to come.
        await until(lambda: not (screen._layout_required or screen._dirty_widgets or screen._compositor._dirty_regions))
        monkeypatch.setattr(Compositor, "render_full_update", painted)
        for key, pane in (("3", "charts"), ("4", "pictures"), ("3", "charts"), ("5", "console")):
            await pilot.press(key)
            await until(lambda pane=pane: screen._panes.focused == pane)
            await pilot._wait_for_screen()
        await until(lambda: bar._laid_out == bar._keys())
        await until(lambda: bar.children and all(key.is_mounted and key.has_class("-compact") for key in bar.children))
        keys = list(bar.children)
        screen.refresh_bindings()
        await pilot._wait_for_screen()
        assert list(bar.children) == keys
        assert not whole

    drive(scenario, (160, 48))


def test_a_screen_that_is_left_at_once_leaves_the_keys_as_live_as_they_were(drive, crowd):
    async def scenario(pilot, until):
        app, screen = pilot.app, pilot.app.screen
        await until(lambda: screen.shown is not None)
        bar = screen.query_one(KeyBar)
        for key in ("question_mark", "escape"):
            app.post_message(events.Key(key, None))
        await until(lambda: app.screen is screen and not app._typed)
        await pilot.press("3")
        await until(lambda: screen._panes.focused == "charts")
        await until(lambda: "zoom" in [getattr(key, "description", "") for key in bar.children])

    drive(scenario, (120, 40))
