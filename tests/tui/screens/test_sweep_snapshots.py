"""The plan and the screen of a sweep, compared with pictures of them that somebody has looked at."""

from __future__ import annotations

import socket
import time

import pytest
from textual.widgets import Input

from tests.synthetic_sweep import write_sweep
from tests.tui.conftest import focus
from tests.tui.screens.test_sweep import LR, STEPS, more, value
from tui.app import PhospheneApp
from tui.screens.plan import PlanScreen
from tui.screens.sweep import SweepScreen
from tui.widgets.form import HyperparameterForm
from tui.widgets.machine import MachineLine
from tui.widgets.runs import RunList

SIZES = {"wide": (160, 48), "narrow": (80, 24)}
DEPTHS = {
    "truecolor": {"COLORTERM": "truecolor", "TERM": "xterm-256color"},
    "256": {"COLORTERM": "", "TERM": "tmux-256color"},
}
LOOKS = [("wide", "truecolor"), ("narrow", "truecolor"), ("narrow", "256")]


@pytest.fixture
def still(home, monkeypatch):
    """The app over a sweep, with everything still that differs from machine to machine."""
    write_sweep(home, [LR, STEPS], value, seeds=3, more=more)
    monkeypatch.setattr(socket, "gethostname", lambda: "gpu01")
    monkeypatch.setattr(MachineLine, "on_mount", lambda self: None)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield lambda: PhospheneApp(home, images="halfcell")
    monkeypatch.undo()
    time.tzset()


async def wait_for(pilot, condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        await pilot.pause(0.02)


async def settle(pilot) -> None:
    """Wait until every chart is drawn, and nothing blinks."""
    screen = pilot.app.screen
    charts = screen.query("Chart")
    await wait_for(pilot, lambda: all(not chart._dirty or not chart._visible for chart in charts))
    pilot.app.clear_notifications()
    for field in screen.query(Input):
        field.cursor_blink = False
    await pilot.pause(0.3)


async def plan(pilot) -> None:
    app = pilot.app
    await wait_for(pilot, lambda: app.screen.query("#form") and app.screen.query_one(HyperparameterForm).experiment)
    await wait_for(pilot, lambda: app.screen.query_one(RunList)._drawn)
    app.screen.query_one(HyperparameterForm).take_over({"lr": "* log 1e-4..1e-1", "batch": "*16,32", "epochs": "2"})
    await pilot.press("S")
    await wait_for(pilot, lambda: isinstance(app.screen, PlanScreen) and app.screen.planned)
    await settle(pilot)


def sweep(view):
    async def show(pilot) -> None:
        app = pilot.app
        await wait_for(pilot, lambda: app.screen.query("#runs") and app.screen.query_one(RunList)._drawn)
        runs = app.screen.query_one(RunList)
        focus(runs)
        await wait_for(pilot, lambda: runs.has_focus)
        runs.highlighted = 0
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, SweepScreen) and app.screen.seen)
        screen = app.screen
        await wait_for(pilot, lambda: screen.seen.body.remarks is not None)
        await pilot.press(view)
        await wait_for(pilot, lambda: screen.view != "pictures" or screen.query("SweepPictures Static"))
        await settle(pilot)

    return show


@pytest.mark.parametrize(("size", "depth"), LOOKS)
def test_plan(still, snap_compare, monkeypatch, size, depth):
    for name, text in DEPTHS[depth].items():
        monkeypatch.setenv(name, text)
    assert snap_compare(still(), terminal_size=SIZES[size], run_before=plan)


@pytest.mark.parametrize(("size", "depth"), LOOKS)
def test_sweep(still, snap_compare, monkeypatch, size, depth):
    for name, text in DEPTHS[depth].items():
        monkeypatch.setenv(name, text)
    assert snap_compare(still(), terminal_size=SIZES[size], run_before=sweep("1"))


@pytest.mark.parametrize("view", ["2", "3", "4"])
def test_narrow_views(still, snap_compare, view):
    assert snap_compare(still(), terminal_size=(80, 24), run_before=sweep(view))
