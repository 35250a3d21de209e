"""The column of charts of a run: what all of them share, and what follows from the experiment."""

from __future__ import annotations

import math

import pytest

from engine.record.events import Metrics, StateChanged
from tests.tui.conftest import focus
from tui.screens.questions import TextScreen
from tui.widgets.charts import ChartPanel

NOON = 1_795_262_400.0


@pytest.fixture
def training(written):
    """A finished GAN: two noisy losses of 3,000 steps, and its headline six times."""
    events = [StateChanged(NOON, "running")]
    for step in range(1, 3001):
        values = {"generator/loss": 1 + math.sin(step * 99.7), "discriminator/loss": 0.7 + math.sin(step * 77.7) / 5}
        if step % 500 == 0:
            values["quality/frechet"] = 20 + abs(step - 2000) / 100
        events.append(Metrics(NOON + step, step, values))
    return written("1121-1300-dcgan-gan", "dcgan", [*events, StateChanged(NOON + 3001, "finished", "", 3000, 3000)])


def lines_of(chart) -> list[str]:
    """Return the chart's lines as they stand on the screen."""
    return ["".join(segment.text for segment in chart.render_line(y)) for y in range(chart.size.height)]


def chart_of(app, title: str):
    """Return the chart with this title, or None."""
    return next((chart for chart in app.screen.query("Chart") if chart.title == title), None)


def test_crowded_losses_are_smoothed_until_the_user_chooses_and_the_choice_stays(drive, training):
    async def scenario(pilot, until):
        await until(lambda: chart_of(pilot.app, "loss") and "auto" in str(chart_of(pilot.app, "loss").border_subtitle))
        loss, panel = chart_of(pilot.app, "loss"), pilot.app.screen.query_one(ChartPanel)
        automatic = loss.weight
        await pilot.press("minus")
        await until(lambda: 0 < panel.smoothing < automatic and loss.weight == panel.smoothing)
        await until(lambda: "auto" not in str(loss.border_subtitle))
        await pilot.press(*["minus"] * 9)
        await until(lambda: panel.smoothing == 0 and not loss.border_subtitle)
        panel.show(panel._curves, (), [])
        await until(lambda: chart_of(pilot.app, "loss").smoothing == 0)
        await pilot.press(*["plus"] * 9)
        await until(lambda: panel.smoothing is None and "auto" in str(loss.border_subtitle))

    drive(scenario, (160, 48))


def test_few_points_are_marked_and_the_best_is_named_by_the_headline_but_rivals_have_none(drive, training):
    async def scenario(pilot, until):
        await until(lambda: chart_of(pilot.app, "frechet") and chart_of(pilot.app, "frechet").frames_drawn)
        lines = lines_of(chart_of(pilot.app, "frechet"))
        assert sum(line.count("●") for line in lines) == 6
        assert "▼ 20.00 @2,000" in lines[0]
        assert not any("▼" in line or "▲" in line for line in lines_of(chart_of(pilot.app, "loss"))[:2])

    drive(scenario, (160, 48))


def test_home_shows_the_whole_view_again(drive, training):
    async def scenario(pilot, until):
        await until(lambda: chart_of(pilot.app, "loss") and chart_of(pilot.app, "loss").lines)
        chart = chart_of(pilot.app, "loss")
        focus(chart)
        await pilot.press("z", "z")
        await until(lambda: chart.view is not None and "zoom 4x" in str(chart.border_subtitle))
        await pilot.press("home")
        await until(lambda: chart.view is None)

    drive(scenario, (160, 48))


@pytest.mark.parametrize(
    ("ending", "start"),
    [
        ("csv", "line,step,loss,low,high\n"),
        ("svg", "<?xml"),
        pytest.param("pdf", "%PDF", marks=pytest.mark.slow),
    ],
)
def test_the_focused_chart_is_written_as_it_is_drawn(drive, training, tmp_path, ending, start):
    async def scenario(pilot, until):
        app = pilot.app
        await until(lambda: chart_of(app, "loss") and "auto" in str(chart_of(app, "loss").border_subtitle))
        focus(chart_of(app, "loss"))
        await pilot.press("e")
        await until(lambda: isinstance(app.screen, TextScreen) and app.screen.query("Input"))
        assert app.screen.query_one("Input").value == "1121-1300-dcgan-gan-loss.pdf"
        app.screen.query_one("Input").value = str(tmp_path / f"loss.{ending}")
        await pilot.press("enter")
        await until(lambda: any(note.title == "exported" for note in app._notifications))

    drive(scenario, (160, 48))
    found = (tmp_path / f"loss.{ending}").read_bytes()
    assert found.startswith(start.encode())
    if ending == "csv":
        rows = [line.split(",") for line in found.decode().splitlines()[1:]]
        assert {row[0].partition(" smoothed ")[0] for row in rows} == {'"generator', '"discriminator'}
