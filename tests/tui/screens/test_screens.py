"""Whole screens, compared with pictures of them that somebody has looked at.

After a change that is meant: ``pytest tests/tui/screens/test_screens.py --snapshot-update``, and look at what changed.
"""

from __future__ import annotations

import socket
import time

import pytest
from textual.widgets import Input

from tui.app import PhospheneApp
from tui.screens.help import HelpScreen
from tui.widgets.form import HyperparameterForm
from tui.widgets.machine import MachineLine
from tui.widgets.picture import Picture


@pytest.fixture
def still(album, monkeypatch):
    """The app over the album, with everything still that differs from machine to machine."""
    monkeypatch.setattr(socket, "gethostname", lambda: "gpu01")
    monkeypatch.setattr(MachineLine, "on_mount", lambda self: None)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.delenv("PHOSPHENE_DATA", raising=False)
    yield lambda: PhospheneApp(album, images="halfcell")
    monkeypatch.undo()
    time.tzset()


def settled(*keys: str, then=lambda app: True):
    """Press keys once the shown run is complete on the screen, and wait for what they bring."""

    async def run_before(pilot) -> None:
        app = pilot.app

        async def wait_for(condition) -> None:
            deadline = time.monotonic() + 15
            while not condition():
                assert time.monotonic() < deadline, "the condition did not come true"
                await pilot.pause(0.02)

        await wait_for(lambda: app.screen.query("#charts") and getattr(app.screen, "shown", None))
        await wait_for(lambda: app.screen.shown.history.ended and app.screen.query_one(Picture).region is not None)
        form = app.screen.query_one(HyperparameterForm)
        await wait_for(lambda: form.hint or form.experiment.name != "cnn")
        for key in keys:
            await pilot.press(key)
        await wait_for(lambda: then(app))
        charts = app.screen.query("Chart")
        await wait_for(lambda: all(not chart._dirty or not chart._visible for chart in charts))
        app.clear_notifications()
        for field in app.screen.query(Input):
            field.cursor_blink = False
        await pilot.pause(0.3)

    return run_before


SIZES = {"wide": (160, 48), "medium": (120, 30), "narrow": (80, 24), "tiny": (60, 20)}
DEPTHS = {
    "256": {"COLORTERM": "", "TERM": "tmux-256color"},
    "16": {"COLORTERM": "", "TERM": "xterm"},
    "none": {"NO_COLOR": "1"},
}


@pytest.mark.parametrize("size", SIZES)
def test_sizes(still, snap_compare, size):
    assert snap_compare(still(), terminal_size=SIZES[size], run_before=settled())


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_depths(still, snap_compare, monkeypatch, size, depth):
    for name, value in DEPTHS[depth].items():
        monkeypatch.setenv(name, value)
    assert snap_compare(still(), terminal_size=SIZES[size], run_before=settled("1"))


def test_narrow_with_charts(still, snap_compare):
    assert snap_compare(still(), terminal_size=(80, 24), run_before=settled("3", "plus", "plus"))


def test_narrow_with_an_open_field(still, snap_compare):
    keys = ("enter", "down", "down", "0", "period")
    assert snap_compare(still(), terminal_size=(80, 24), run_before=settled(*keys))


def test_help(still, snap_compare):
    opened = settled("question_mark", then=lambda app: isinstance(app.screen, HelpScreen))
    assert snap_compare(still(), terminal_size=(100, 40), run_before=opened)
