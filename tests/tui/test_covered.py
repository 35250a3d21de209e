"""Screens below an opaque one: no work is done for them, and they are right when they are seen again."""

from __future__ import annotations

import pytest
from textual.screen import ModalScreen, Screen

from tui.screens.workbench import Workbench


@pytest.fixture
def arranged(monkeypatch):
    """Which screens were laid out."""
    seen = []
    lay_out = Workbench._refresh_layout

    def counted(self, *args, **kwargs):
        seen.append(self)
        lay_out(self, *args, **kwargs)

    monkeypatch.setattr(Workbench, "_refresh_layout", counted)
    return seen


@pytest.mark.parametrize(("over", "seen"), [(Screen, False), (ModalScreen, True)])
def test_a_screen_is_laid_out_only_while_it_can_be_seen(drive, over, seen, arranged):
    async def scenario(pilot, until):
        workbench = pilot.app.screen
        assert workbench.has_class("-wide")
        await pilot.app.push_screen(over())
        await pilot.pause()
        arranged.clear()
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert bool(arranged) is seen
        await pilot.app.pop_screen()
        await until(lambda: workbench.has_class("-narrow"))
        assert pilot.app.screen is workbench
        assert workbench.size == (80, 24)
        assert not workbench.has_class("-wide")

    drive(scenario, (160, 48))
