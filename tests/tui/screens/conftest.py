"""What tests of screens share: a report and a study of the user, and ways to them."""

from __future__ import annotations

import json
from functools import partial

import pytest

from engine import KeptReports, ReportItem, ReportPart, ReportSource, report_edits
from engine.record.events import Metrics
from tests.synthetic_study import write_study
from tests.synthetic_sweep import NOON
from tests.tui.conftest import write_picture
from tui.screens.shelf import ShelfScreen
from tui.screens.study import StudyScreen

HOSTILE = "<script>_x_ 50 % 😀"
CNN = "1121-1200-cnn-k3f"


def notes(app) -> str:
    return "\n".join(f"{note.title}: {note.message}" for note in app._notifications)


def part(*items, runs=(CNN,), **more) -> ReportPart:
    return ReportPart(show=tuple(map(ReportItem.of, items)), source=ReportSource(tuple(runs)), **more)


@pytest.fixture
def kept(home):
    return KeptReports(home)


@pytest.fixture
def rates(home, kept, album) -> str:
    """A report of three parts that is the one that is meant."""
    name = kept.begin("Rates")
    for one in (part("curves train/loss", "curves train/accuracy", note="A *note*.\nMore."), part("pictures batch")):
        kept.change(name, partial(report_edits.added, part=one))
    last = ReportPart(heading="The end", note=HOSTILE)
    kept.change(name, lambda outline: report_edits.inserted(outline, 2, last))
    (home / "workbench.json").write_text(json.dumps({"report": name}))
    return name


@pytest.fixture
def own(home, monkeypatch, tmp_path):
    """A workspace with a study of the user, and no others: counting them all takes seconds."""
    monkeypatch.setattr("engine.studies.study.BUILT_IN", tmp_path / "none")
    write_study(home)
    return home


def curve(path, setting, seed):
    losses = [Metrics(NOON + step, step, {"train/loss": setting["lr"] / step}, step / 10) for step in range(1, 5)]
    return [*losses, *(write_picture(path, "samples", step) for step in (2, 4))]


async def shelf(pilot, until) -> ShelfScreen:
    await pilot.press("u")
    await until(lambda: isinstance(pilot.app.screen, ShelfScreen))
    screen = pilot.app.screen
    await until(lambda: screen.counted, 60)
    return screen


async def opened(pilot, until) -> StudyScreen:
    """Open the user's study from the shelf."""
    await shelf(pilot, until)
    await pilot.press("enter")
    await until(lambda: isinstance(pilot.app.screen, StudyScreen))
    screen = pilot.app.screen
    await until(lambda: screen.seen is not None and screen.seen.plan is not None)
    return screen
