"""Plots in the workbench: text, the chart itself, and tiles, in the panel and on the whole screen."""

from __future__ import annotations

import re

import numpy as np
import pytest
from textual.widgets import Static

from engine.plots import Bars, Heatmap, Lines, Plot, Tiles
from engine.record.events import PlotLogged, StateChanged
from engine.record.plots import write_plot
from tests.tui.conftest import focus
from tui.screens.picture import PictureScreen
from tui.widgets.chart import Chart
from tui.widgets.pictures import PicturePanel
from tui.widgets.plot import PlotView

NOON = 1_795_262_400.0
CONFUSION = Heatmap([[17, 2], [0, 15]], ["no", "yes"], ["no", "yes"], "true", "predicted", "row", True, 0)
MISTAKES = Tiles([np.full((8, 8, 3), 40 * n, np.uint8) for n in range(3)], ["1 > 8", "8 > 7", ("4 > 9", "a file")])


@pytest.fixture
def plotted(home, written):
    """Write a finished run with these plots: ``plotted(confusion=Heatmap(...))``."""

    def write(**plots: Plot):
        events = [StateChanged(NOON, "running")]
        run = home / "runs" / "1121-1200-cnn-k3f"
        for name in plots:
            events.append(PlotLogged(NOON + 1, name, 7, f"plots/{name}/000000007.json"))
        written(run.name, "cnn", [*events, StateChanged(NOON + 2, "finished", "", 7, 7)])
        for name, plot in plots.items():
            (run / "plots" / name).mkdir(parents=True)
            write_plot(run / "plots" / name / "000000007.json", plot)
        return run

    return write


def rows(app) -> str:
    """Return the text of the whole screen."""
    return "\n".join("".join(segment.text for segment in line) for line in app.screen._compositor.render_strips())


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_numbers_of_a_confusion_matrix_and_captions_of_mistakes_are_text(drive, plotted, size):
    plotted(confusion=CONFUSION, mistakes=MISTAKES)

    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.kind == "confusion")
        if size == (80, 24):
            await pilot.press("4")
        focus(panel)
        await until(lambda: "true ↓  predicted →" in rows(pilot.app))
        assert re.search(r"no +17 +2", rows(pilot.app))
        await pilot.press("down")
        await until(lambda: all(words in rows(pilot.app) for words in ("1 > 8", "8 > 7", "4 > 9", "a file")))
        await pilot.press("enter")
        await until(lambda: isinstance(pilot.app.screen, PictureScreen) and "4 > 9" in rows(pilot.app))
        await pilot.press("down")
        await until(lambda: "predicted →" in rows(pilot.app))
        await pilot.press("escape")

    drive(scenario, size)


def test_lines_are_the_chart_with_its_keys(drive, plotted):
    plotted(C=Lines([0.001, 0.1, 10], {"test": [0.8, 0.9, 0.95]}, x_label="C", y_label="accuracy", x_scale="log"))

    async def scenario(pilot, until):
        view = pilot.app.screen.query_one(PlotView)
        await until(lambda: view.query(Chart))
        chart = view.query_one(Chart)
        await until(lambda: chart.frames_drawn and "0.001" in rows(pilot.app))
        focus(chart)
        await pilot.press("left")
        await until(lambda: chart.crosshair is not None)

    drive(scenario, (160, 48))


def test_the_legend_names_the_value_at_the_marked_place(drive, plotted):
    plotted(C=Lines([0.1, 1, 10], {"test": [0.8, 0.95, 0.9]}, x_label="C", x_scale="log", marked=1))

    async def scenario(pilot, until):
        await until(lambda: re.search(r"test +0\.9500 +@1 ", rows(pilot.app)))
        focus(pilot.app.screen.query_one(PlotView).query_one(Chart))
        await pilot.press("left")
        await until(lambda: re.search(r"test +0\.9000 +@10 ", rows(pilot.app)))

    drive(scenario, (160, 48))


def test_a_plot_higher_than_its_room_is_scrolled(drive, plotted):
    plotted(parameters=Bars([f"layer{n}" for n in range(60)], range(60)))

    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: "layer0" in rows(pilot.app))
        focus(panel)
        await pilot.press("pagedown", "pagedown")
        await until(lambda: "layer0 " not in rows(pilot.app) and "layer3" in rows(pilot.app))

    drive(scenario, (160, 48))


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
def test_the_step_of_each_picture_of_a_sheet_stands_under_it_as_text(drive, album, size):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.steps == [1, 100, 200, 300])
        if size == (80, 24):
            await pilot.press("4")
        focus(panel)
        await pilot.press("g")
        await until(lambda: re.search(r"▀.*\b1 +100 .*\b200 .*\b300 ", rows(pilot.app), re.DOTALL))

    drive(scenario, size)


def test_a_plot_whose_file_is_gone_is_said_to_be(drive, plotted):
    run = plotted(confusion=CONFUSION)
    (run / "plots/confusion/000000007.json").unlink()

    async def scenario(pilot, until):
        view = pilot.app.screen.query_one(PlotView)
        await until(lambda: view.query(Static) and "cannot be read" in str(view.query_one(Static).content))

    drive(scenario, (160, 48))
