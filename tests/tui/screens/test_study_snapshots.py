"""The shelf of studies and the screen of one, compared with pictures of them that somebody has looked at."""

from __future__ import annotations

import time

import pytest

from engine.record.events import Metrics
from tests.synthetic_study import COUNTING, write_runs, write_study
from tests.synthetic_sweep import NOON
from tests.tui.conftest import write_picture
from tests.tui.screens.test_sweep_snapshots import settle, wait_for
from tui.app import PhospheneApp
from tui.screens.shelf import ShelfScreen
from tui.screens.study import StudyScreen

SIZES = {"wide": (160, 48), "narrow": (80, 24)}
PICTURES = COUNTING.replace("train/loss", "samples").replace('"curves"', '"pictures"\ncolumns = "lr"')


def more(path, setting, seed):
    losses = [Metrics(NOON + step, step, {"train/loss": setting["lr"] / step}, step / 10) for step in range(1, 5)]
    return [*losses, *(write_picture(path, "samples", step) for step in (2, 4))]


@pytest.fixture
def still(home, monkeypatch, tmp_path):
    """The app over three studies of the user: one that has run, one with pictures, one that cannot be read."""
    monkeypatch.setattr("engine.studies.study.BUILT_IN", tmp_path / "none")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    write_study(home)
    write_study(home, PICTURES.replace('"Counting"', '"Pictures of counting"'), "pictured")
    write_study(home, COUNTING.replace("seeds = 3", "seeds = "), "broken")
    yield lambda: PhospheneApp(home, images="halfcell")
    monkeypatch.undo()
    time.tzset()


async def shelf(pilot) -> ShelfScreen:
    app = pilot.app
    await wait_for(pilot, lambda: app.screen.query("#experiments") and app.screen.catalogue)
    await pilot.press("u")
    await wait_for(pilot, lambda: isinstance(app.screen, ShelfScreen) and app.screen.counted)
    await settle(pilot)
    return app.screen


def study(name, *keys):
    async def show(pilot) -> None:
        app, screen = pilot.app, await shelf(pilot)
        screen._list.highlighted = screen._list.get_option_index(name)
        await pilot.press("enter")
        await wait_for(pilot, lambda: isinstance(app.screen, StudyScreen) and app.screen.seen)
        await wait_for(pilot, lambda: app.screen.seen.plan is not None)
        await pilot.press(*keys)
        await wait_for(pilot, lambda: app.screen._figure.part != "kept" or app.screen.query("ShotView"))
        await settle(pilot)

    return show


@pytest.mark.parametrize("size", SIZES)
def test_shelf(still, home, snap_compare, size):
    write_runs(home, limit=1)
    write_runs(home, tier="full")
    assert snap_compare(still(), terminal_size=SIZES[size], run_before=shelf)


@pytest.mark.parametrize("size", SIZES)
def test_before_runs(still, snap_compare, size):
    assert snap_compare(still(), terminal_size=SIZES[size], run_before=study("counting"))


@pytest.mark.parametrize("size", SIZES)
def test_after_runs(still, home, snap_compare, size):
    write_runs(home, tier="full", more=more)
    assert snap_compare(still(), terminal_size=SIZES[size], run_before=study("counting"))


@pytest.mark.parametrize(
    "view", ["4", pytest.param("2", marks=pytest.mark.slow), pytest.param("3", marks=pytest.mark.slow)]
)
def test_narrow_views(still, home, snap_compare, view):
    write_runs(home, name="pictured", more=more)
    assert snap_compare(still(), terminal_size=(80, 24), run_before=study("pictured", view))
