"""The picture panel: scrubbed, chosen by name, drawn as the terminal allows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Static

from engine import PhospheneError, gallery, provenance
from engine.plots import Heatmap
from engine.record.events import StateChanged
from engine.record.plots import write_plot
from tui.app import PhospheneApp
from tui.limits import Limits
from tui.renderers import RENDERERS, choose_images, offered
from tui.screens.picture import PictureScreen
from tui.screens.questions import TextScreen
from tui.settings import Settings
from tui.widgets.picture import Picture, _part, fit
from tui.widgets.pictures import PicturePanel
from tui.widgets.shot import ShotView


def test_scrubs_through_steps_and_names_and_follows_the_newest_until_one_goes_back(drive, album):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.steps == [1, 100, 200, 300])
        assert panel.current == 300
        await pilot.press("4")
        await pilot.press("left", "left")
        await until(lambda: panel.current == 100)
        assert panel.offer.part.step == 100
        panel.show({"batch": {**panel._images["batch"], 400: replace(panel.still, step=400)}}, panel._run)
        assert panel.current == 100
        await pilot.press("end")
        await until(lambda: panel.current == 400)
        assert panel.offer.part.step == 0
        await pilot.press("home", "left")
        await until(lambda: panel.current == 1)

    drive(scenario)


def test_a_run_that_failed_before_its_first_picture_says_where_the_reason_stands(drive, written):
    written("1121-1300-count-bad", "count", [StateChanged(0.0, "failed", "weights: no such file")])

    async def scenario(pilot, until):
        said = pilot.app.screen.query_one("#scrubber", Static)
        await until(lambda: str(said.render()) == "failed: 5 says why")

    drive(scenario)


def test_shows_each_kind_of_picture_by_name_and_the_whole_screen_on_demand(drive, album):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.kind == "batch")
        await pilot.press("4")
        await pilot.press("down")
        await until(lambda: panel.kind == "confusion" and "2/2" in str(panel.border_title))
        await pilot.press("enter")
        await until(lambda: isinstance(pilot.app.screen, PictureScreen))
        await until(lambda: pilot.app.screen.query_one(Picture)._widget is not None)
        await pilot.press("escape")
        await until(lambda: not isinstance(pilot.app.screen, PictureScreen))

    drive(scenario)


def test_points_the_charts_at_the_step_of_the_picture_while_they_are_linked(drive, album):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.current == 300)
        await pilot.press("4")
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

    drive(scenario, size=(160, 48), over=PhospheneApp(album, images=renderer))


def test_a_picture_that_is_gone_or_damaged_leaves_the_rest_standing(drive, album):
    run = album / "runs/1121-1200-cnn-k3f/images/batch"
    (run / "000000300.png").write_bytes(b"not a picture")
    (run / "000000200.png").unlink()

    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.current == 300)
        await pilot.press("4")
        await pilot.press("left", "left")
        await until(lambda: panel.current == 100 and panel.query_one(Picture)._widget is not None)

    drive(scenario, size=(160, 48))


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
def test_the_renderer_follows_from_the_environment(monkeypatch, environment, renderer):
    for name in ("TERM", "TMUX", "KITTY_WINDOW_ID", "TERM_PROGRAM", "GHOSTTY_RESOURCES_DIR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert choose_images("auto") == renderer


@pytest.fixture
def plain(monkeypatch):
    """A terminal that promises no pixels."""
    for name in ("TMUX", "KITTY_WINDOW_ID", "TERM_PROGRAM", "GHOSTTY_RESOURCES_DIR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_only_renderers_that_the_terminal_has_are_offered_and_what_was_forced(plain, monkeypatch):
    assert offered("halfcell") == ("halfcell", "ascii")
    assert offered("sixel") == ("sixel", "halfcell", "ascii")
    monkeypatch.setenv("KITTY_WINDOW_ID", "1")
    assert offered("halfcell") == ("kitty", "halfcell", "ascii")


def test_a_terminal_that_says_so_draws_sixels_but_a_multiplexer_is_not_believed(plain, monkeypatch):
    assert choose_images("auto", sixel=True) == "sixel"
    assert offered("halfcell", sixel=True) == ("sixel", "halfcell", "ascii")
    monkeypatch.setenv("TERM", "tmux-256color")
    assert choose_images("auto", sixel=True) == "halfcell"
    assert offered("halfcell", sixel=True) == ("halfcell", "ascii")


def test_a_remembered_renderer_counts_only_where_it_works_and_a_wanted_one_always(plain, home):
    assert choose_images("", "ascii") == "ascii"
    assert choose_images("", "sixel") == "halfcell"
    assert choose_images("", "sixel", sixel=True) == "sixel"
    assert choose_images("sixel") == "sixel"
    Settings(images="sixel").save(home / "workbench.json")
    app = PhospheneApp(home)
    assert (app.renderer, app.settings.images) == ("halfcell", "sixel")
    assert PhospheneApp(home, limits=Limits(sixel=True)).renderer == "sixel"


def test_i_says_that_there_are_no_pictures_and_changes_nothing(drive, home, plain):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await pilot.press("i")
        await until(lambda: [each.message for each in pilot.app._notifications] == ["the shown run has no pictures"])
        assert panel.renderer == "halfcell"

    drive(scenario)


def test_i_goes_through_the_renderers_of_this_terminal(drive, album, plain):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.shot is not None)
        for renderer in ("ascii", "halfcell", "ascii"):
            await pilot.press("i")
            await until(lambda renderer=renderer: panel.renderer == renderer)

    drive(scenario)


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


def test_pictures_are_seen_all_at_once_and_one_again(drive, album):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.steps == [1, 100, 200, 300])
        await pilot.press("4")
        await pilot.press("g")
        await until(lambda: isinstance(panel.shot, gallery.Sheet) and len(panel.shot.stills) == 4)
        await until(lambda: "all 4" in str(panel.border_subtitle))
        await pilot.press("g")
        await until(lambda: panel.shot == panel.still)

    drive(scenario)


def test_two_pictures_blink_and_their_difference_gets_louder(drive, album):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.current == 300)
        await pilot.press("4")
        await pilot.press("home", "m", "end")
        await until(lambda: panel.other is not None and panel.other.step == 1 and panel.current == 300)
        seen = set()
        await pilot.press("b")
        await until(lambda: seen.add(panel.shot.step) or seen == {1, 300})
        await pilot.press("d")
        await until(lambda: panel.shot == gallery.Difference(panel.other, panel.still, 1))
        await pilot.press("d", "d")
        await until(lambda: panel.shot.times == 10 and "x10" in str(panel.border_subtitle))
        # One way of showing at a time: the sheet ends the difference, and blinking ends the sheet.
        await pilot.press("g")
        await until(lambda: isinstance(panel.shot, gallery.Sheet) and panel._blink_timer is None)
        await pilot.press("b")
        await until(lambda: panel._mode == "blink" and not isinstance(panel.shot, gallery.Sheet))
        await pilot.press("d", "d", "d", "d", "d")
        await until(lambda: panel.shot == panel.still and panel._blink_timer is None)

    drive(scenario)


def test_without_a_mark_a_picture_is_compared_with_its_original_or_with_the_step_before(drive, album):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.current == 300)
        await pilot.press("4")
        await pilot.press("d")
        await until(lambda: panel.shot == gallery.Difference(panel._images["batch"][200], panel.still, 1))
        assert str(panel.border_subtitle) == "batch, step 300 - step 200, x1"
        both = {name: {7: replace(panel.still, name=name, step=7)} for name in ("adversarial", "original")}
        panel.show(both, panel._run)
        await until(lambda: panel.shot == both["adversarial"][7])
        await pilot.press("d")
        await until(lambda: panel.shot == gallery.Difference(both["original"][7], both["adversarial"][7], 1))
        assert str(panel.border_subtitle) == "adversarial - original, step 7, x1"
        await pilot.press("down")
        await until(lambda: panel.kind == "original" and panel.shot == panel.still)

    drive(scenario)


def test_where_nothing_is_meant_one_is_asked_to_mark_a_picture(drive, album):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.current == 300)
        await pilot.press("4")
        await pilot.press("home", "b")
        await until(lambda: any("press m" in note.message for note in pilot.app._notifications))
        assert panel.shot == panel.still

    drive(scenario)


@pytest.mark.parametrize("key", ["g", "b", "d"])
def test_another_kind_of_picture_ends_the_way_of_showing(drive, album, key):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.current == 300)
        await pilot.press("4")
        await pilot.press(key)
        await until(lambda: panel._mode != "single")
        await pilot.press("down")
        await until(lambda: panel.kind == "confusion" and panel._mode == "single" and panel._blink_timer is None)

    drive(scenario)


def test_what_is_shown_is_exported_and_nothing_overwritten(drive, album, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "k3f-batch-300.png").write_bytes(b"mine")

    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.current == 300)
        await pilot.press("4")
        for key, name in (("", "k3f-batch-300-2.png"), ("g", "k3f-batch-all.png")):
            await pilot.press(*key, "e")
            await until(lambda: isinstance(pilot.app.screen, TextScreen) and pilot.app.screen.query("Input"))
            await pilot.press("enter")
            await until((tmp_path / name).exists)
        await pilot.press("v")
        await until((tmp_path / "k3f-batch-all.gif.source.json").exists)

    drive(scenario)
    assert (tmp_path / "k3f-batch-300.png").read_bytes() == b"mine"
    run = provenance.found(tmp_path / "k3f-batch-all.gif").origin.runs[0]
    for name, words in (("300-2.png", "--step 300"), ("all.png", "--grid"), ("all.gif", "--animation")):
        command = provenance.found(tmp_path / f"k3f-batch-{name}").origin.command
        assert command == f"phosphene picture {run} batch {words}"


def test_a_plot_is_written_by_the_ending_of_its_file_and_a_picture_as_png_alone(tmp_path):
    write_plot(tmp_path / "heat.json", Heatmap(((1.0, 2.0),), ("a",), ("b", "c")))
    plot = gallery.Plotted("1121-1300-count-plt", "heat", 1, tmp_path / "heat.json")
    for ending, start in ((".svg", b"<?xml"), (".png", b"\x89PNG")):
        gallery.save(plot, tmp_path / f"heat{ending}", gallery.origin_of(plot))
        assert (tmp_path / f"heat{ending}").read_bytes().startswith(start)
    picture = gallery.Still("1121-1300-count-plt", "photo", 1, tmp_path / "photo.png")
    for ending in (".svg", ".jpg"):
        with pytest.raises(PhospheneError, match=r"end in \.png"):
            gallery.save(picture, tmp_path / f"photo{ending}", gallery.origin_of(picture))


def test_a_part_is_seen_closer_and_moved(drive, album):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.current == 300)
        await pilot.press("4")
        await pilot.press("F")
        await until(lambda: isinstance(pilot.app.screen, PictureScreen))
        picture = pilot.app.screen.query_one(Picture)
        await pilot.press("z", "z")
        await until(
            lambda: picture.zoom == 4 and "4 times larger" in str(pilot.app.screen.query_one(ShotView).border_subtitle)
        )
        await pilot.press(*["shift+left"] * 9, *["shift+up"] * 9)
        await until(lambda: picture._centre == (0.125, 0.125))
        await pilot.press("down")
        await until(lambda: panel.kind == "confusion")
        await pilot.press("Z", "Z", "Z")
        await until(lambda: picture.zoom == 1 and picture._centre == (0.5, 0.5))

    drive(scenario)


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([2, 4, 8, 16]), st.floats(0, 1), st.floats(0, 1))
def test_a_part_lies_inside_its_picture(width, height, zoom, x, y):
    edge = 0.5 / zoom
    centre = (min(max(x, edge), 1 - edge), min(max(y, edge), 1 - edge))
    left, top, right, bottom = _part((width, height), zoom, centre)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


def test_the_chosen_kind_of_picture_is_shown_of_the_next_run_too(drive, album):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.kind == "batch")
        await pilot.press("4")
        await pilot.press("down")
        images = panel._images
        panel.show({}, "another")
        panel.show({"batch": images["batch"]}, "another")
        assert panel.kind == "batch"
        panel.show(images, "another")
        assert panel.kind == "confusion"

    drive(scenario)


def test_another_run_ends_blinking_and_a_marked_picture_that_is_gone_is_said_to_be(drive, album, tmp_path):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.current == 300)
        await pilot.press("4")
        await pilot.press("home", "m", "end", "b")
        await until(lambda: panel._blink_timer is not None)
        gone = replace(panel.still, run="1", file=tmp_path / "gone.png")
        panel.show({"batch": {1: gone}}, "another")
        await until(lambda: panel._blink_timer is None and panel.shot == gone)
        picture = panel.query_one(Picture)
        await until(lambda: picture.query_one(".unreadable").display)
        panel.show({}, "a third one")
        assert (str(panel.border_title), str(panel.border_subtitle)) == ("pictures", "")

    drive(scenario)


def test_the_enlarged_picture_follows_what_the_panel_shows(drive, album):
    async def scenario(pilot, until):
        panel = pilot.app.screen.query_one(PicturePanel)
        await until(lambda: panel.current == 300)
        await pilot.press("4")
        await pilot.press("enter")
        await until(lambda: isinstance(pilot.app.screen, PictureScreen))
        picture = pilot.app.screen.query_one(Picture)
        await until(lambda: picture._shot == panel.still)
        newer = replace(panel.still, step=400)
        panel.show({"batch": {**panel._images["batch"], 400: newer}}, panel._run)
        await until(
            lambda: picture._shot == newer and "step 400" in str(pilot.app.screen.query_one(ShotView).border_subtitle)
        )
        await pilot.press("g")
        plot = pilot.app.screen.query_one(ShotView).plot
        await until(lambda: isinstance(plot._shown, gallery.Sheet) and plot.display)
        await pilot.press("z", "b", "F")
        await until(lambda: not isinstance(pilot.app.screen, PictureScreen))

    drive(scenario)
