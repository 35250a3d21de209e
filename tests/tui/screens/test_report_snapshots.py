"""The screen of a report, compared with pictures of it that somebody has looked at."""

from __future__ import annotations

import json
import shutil
import time
from functools import partial

import pytest
from textual.widgets import Input, TextArea

from engine import KeptReports, ReportItem, ReportPart, ReportSource, Workspace, report_edits
from tui.app import PhospheneApp
from tui.keymap import Keymap
from tui.screens.choosing import ChooseReportScreen
from tui.screens.report import ReportScreen
from tui.widgets.report.outline import Spot

SIZES = {"wide": (160, 48), "narrow": (80, 24)}


@pytest.fixture
def still(album, monkeypatch):
    """Return the app and its screen over a report, of which one part is broken."""
    monkeypatch.setattr(PhospheneApp, "on_mount", lambda self: None)
    kept = KeptReports(album)
    name = kept.begin("How fast? <b>_x_ 50 %</b> 😀")
    for items, runs, more in (
        (["curves train/loss", "curves validation/loss"], ["1121-1200-cnn-k3f"], {"smooth": 0.6, "log_y": True}),
        (["results"], ["1121-1100-count-9qd", "1121-1200-cnn-k3f"], {"note": "What **came** out:\n\n- `loss` falls"}),
        (["pictures batch"], ["1121-1000-count-7xy"], {}),
    ):
        show = tuple(map(ReportItem.of, items))
        part = ReportPart(show=show, source=ReportSource(tuple(runs)), **more)
        kept.change(name, partial(report_edits.added, part=part))
    kept.begin("Another one")
    shutil.rmtree(album / "runs/1121-1000-count-7xy")
    (album / "workbench.json").write_text(json.dumps({"report": name}))

    def made():
        return PhospheneApp(album, images="halfcell"), album

    return made


def settled(home, spot, *keys, then=lambda app: True):
    """Open the report, put the highlight on a line, press keys, and wait for what they bring."""

    async def run_before(pilot) -> None:
        app = pilot.app

        async def wait_for(condition) -> None:
            deadline = time.monotonic() + 15
            while not condition():
                assert time.monotonic() < deadline, "the condition did not come true"
                await pilot.pause(0.02)

        screen = ReportScreen(app.reporting, Workspace(home), Keymap())
        await app.push_screen(screen)
        await wait_for(lambda: screen.seen is not None and screen.seen.read is not None)
        screen._list.go_to(spot)
        for key in keys:
            await pilot.press(key)
        await wait_for(lambda: then(app))
        await wait_for(lambda: not screen._preview.display or screen.query("#preview MarkdownH2"))
        app.clear_notifications()
        for field in app.screen.query(Input):
            field.cursor_blink = False
        for field in app.screen.query(TextArea):
            field.cursor_blink = False
        await pilot.pause(0.3)

    return run_before


@pytest.mark.parametrize("size", SIZES)
def test_outline(still, snap_compare, size):
    app, home = still()
    assert snap_compare(app, terminal_size=SIZES[size], run_before=settled(home, Spot("part", 1)))


def test_narrow_preview(still, snap_compare):
    app, home = still()
    assert snap_compare(app, terminal_size=(80, 24), run_before=settled(home, Spot("part", 1), "2"))


def steady(app) -> bool:
    """Tell whether a note is edited; its cursor blinks no more, which pictures must not depend on."""
    area = app.screen.focused
    if isinstance(area, TextArea):
        area.cursor_blink = False
    return isinstance(area, TextArea)


@pytest.mark.parametrize("size", SIZES)
def test_editor(still, snap_compare, size):
    app, home = still()
    keys = settled(home, Spot("part", 1), "n", then=steady)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=keys)


def test_choosing(still, snap_compare):
    app, home = still()
    keys = settled(home, Spot("part", 1), "o", then=lambda app: isinstance(app.screen, ChooseReportScreen))
    assert snap_compare(app, terminal_size=(80, 24), run_before=keys)
