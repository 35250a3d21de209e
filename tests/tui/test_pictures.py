"""The picture panel: scrubbed, chosen by name, drawn as the terminal allows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.pictures import RENDERERS, choose_images
from tui.screens.picture import PictureScreen
from tui.widgets.picture import Picture, fit
from tui.widgets.pictures import PicturePanel


def test_scrubs_through_steps_and_names_and_follows_the_newest_until_one_goes_back(drive, album):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.steps == [1, 100, 200, 300])
        assert panel.current == 300
        panel.focus()
        await pilot.press("left", "left")
        await until(lambda: panel.current == 100)
        panel.show({"batch": {**panel._images["batch"], 400: replace(panel.still, step=400)}})
        assert panel.current == 100
        await pilot.press("end")
        await until(lambda: panel.current == 400)
        await pilot.press("home", "left")
        await until(lambda: panel.current == 1)

    drive(scenario)


def test_shows_each_kind_of_picture_by_name_and_the_whole_screen_on_demand(drive, album):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.kind == "batch")
        panel.focus()
        await pilot.press("n")
        await until(lambda: panel.kind == "confusion" and "2/2" in str(panel.border_title))
        await pilot.press("z")
        await until(lambda: isinstance(pilot.app.screen, PictureScreen))
        await until(lambda: pilot.app.screen.query_one(Picture)._widget is not None)
        await pilot.press("escape")
        await until(lambda: not isinstance(pilot.app.screen, PictureScreen))

    drive(scenario)


def test_points_the_charts_at_the_step_of_the_picture_while_they_are_linked(drive, album):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.current == 300)
        panel.focus()
        await pilot.press("left")
        charts = list(pilot.app.screen.query("Chart"))
        await until(lambda: all(chart.crosshair == 200 for chart in charts))
        await pilot.press("l")
        await until(lambda: all(chart.crosshair is None for chart in charts))

    drive(scenario)


@pytest.mark.parametrize("renderer", RENDERERS)
def test_every_renderer_draws(drive, album, renderer, monkeypatch):
    from tui.app import PhospheneApp

    async def scenario(pilot, until):
        picture = pilot.app.screen.query_one(PicturePanel).query_one(Picture)
        await until(lambda: picture._widget is not None)
        assert picture.renderer == renderer

    drive(scenario, over=PhospheneApp(album, images=renderer))


def test_a_picture_that_is_gone_or_damaged_leaves_the_rest_standing(drive, album):
    run = album / "runs/1121-1200-cnn-k3f/images/batch"
    (run / "000000300.png").write_bytes(b"not a picture")
    (run / "000000200.png").unlink()

    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.current == 300)
        panel.focus()
        await pilot.press("left", "left")
        await until(lambda: panel.current == 100 and panel.query_one(Picture)._widget is not None)

    drive(scenario)


@pytest.mark.parametrize(
    ("environment", "renderer"),
    [
        ({"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/x", "KITTY_WINDOW_ID": "1"}, "halfcell"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "sixel"),
        ({"TERM": "xterm-256color"}, "halfcell"),
        ({"TERM": "linux"}, "ascii"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "ascii"),
    ],
)
def test_the_renderer_follows_from_the_environment_alone(monkeypatch, environment, renderer):
    for name in ("TERM", "TMUX", "KITTY_WINDOW_ID", "TERM_PROGRAM", "GHOSTTY_RESOURCES_DIR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert choose_images("auto") == renderer


def test_an_unknown_renderer_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="choose auto, kitty, sixel, halfcell, ascii"):
        choose_images("paint")


@given(st.integers(1, 5_000), st.integers(1, 5_000), st.integers(1, 300), st.integers(1, 100))
def test_a_picture_fits_its_room_and_keeps_its_proportions(width, height, columns, rows):
    cells = fit((width, height), (columns, rows))
    assert 1 <= cells[0] <= columns
    assert 1 <= cells[1] <= rows
    if min(cells) > 4:
        assert cells[0] / (2 * cells[1]) == pytest.approx(width / height, rel=0.3)
