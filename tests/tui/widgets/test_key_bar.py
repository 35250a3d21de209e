"""The line of keys: at any width the key for help is in sight."""

from __future__ import annotations

import pytest

from tui.widgets.key_bar import KeyBar


@pytest.mark.parametrize("width", [80, 60])
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

        await until(lambda: last() and bar.max_scroll_x > 0)
        await until(lambda: last()[0].region.right == width and last()[0].region.width == len(" ? help"))

    drive(scenario, (width, 24))
