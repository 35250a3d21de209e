"""Screens are painted once for what happens at once, and then show what they would show if they were painted anew."""

from __future__ import annotations

from collections import Counter

import pytest
from textual._compositor import Compositor

from tui.screens.help import HelpScreen
from tui.screens.workbench import Workbench


@pytest.fixture
def paints(monkeypatch):
    """Count how often each screen is painted whole, by the name of its class."""
    found = Counter()
    paint = Compositor.render_update

    def counted(self, *arguments, **options):
        if self.root is not None and self.size.region in self._dirty_regions:
            found[type(self.root).__name__] += 1
        return paint(self, *arguments, **options)

    monkeypatch.setattr(Compositor, "render_update", counted)
    return found


def shown(app) -> list[str]:
    """Return the lines that are on the screen, but for the first one, which says how busy the machine is."""
    return [strip.text for strip in app.screen._compositor.render_strips()][1:]


def test_a_screen_opens_with_one_painting_and_nothing_is_left_as_it_was(drive, album, paints):
    async def scenario(pilot, until):
        app = pilot.app
        await until(lambda: app.screen.shown is not None and app.screen.shown.history.ended)
        await pilot.pause(0.3)
        for key, screen in (("question_mark", HelpScreen), ("escape", Workbench), ("t", Workbench)):
            paints.clear()
            await pilot.press(key)
            await until(lambda screen=screen: isinstance(app.screen, screen) and app.screen.size == app.size)
            await until(lambda: not app.screen._dirty_widgets and not app.screen._layout_required)
            await pilot.pause(0.2)
            before = shown(app)
            assert paints["HelpScreen"] == (key == "question_mark"), key
            app.screen.refresh(layout=True)
            await pilot.pause(0.2)
            assert shown(app) == before, key

    drive(scenario)
