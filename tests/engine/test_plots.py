"""Plots as data: declared, stored, read back, drawn on paper and as text."""

from __future__ import annotations

import functools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from engine import Origin, PhospheneError, WorkspaceError, paper
from engine.plots import Bars, Heatmap, Lines, Scatter, Tiles
from engine.record.plots import read_plot, write_plot
from tui import draw_plot
from tui.plots.colours import confusion, contrast, difference, luminance

PICTURES = [np.full((6, 4, 3), 10 * n, np.uint8) for n in range(5)]
EVERY_KIND = [
    Lines([0.1, 1, 10], {"test": [0.5, math.nan, 0.75]}, {"test": [0.1, 0.1, 0.2]}, "C", "accuracy", "log"),
    Lines(["conv1", "relu1"], {"one": [1, 2], "two": [2, 1]}, marked="relu1"),
    Heatmap([[5, 0], [1, 7]], ["no", "yes"], ["no", "yes"], "true", "predicted", "row", diagonal=True, digits=0),
    Heatmap([[0.5, math.nan]], ["conv1"], ["fc6", "a rather long name"]),
    Heatmap([[-3, 0], [math.nan, 1]], "ab", "ab", shade="difference", digits=0, legend="the first minus the second"),
    Bars(["conv1", "fc6"], [300, 1e6], label="parameters"),
    Bars(["a"], [0.0], [0.1]),
    Scatter([(0, 1), (2, 3)], ["3", "8"], ["digits", "digits-m"], group_label="class", shape_label="domain"),
    Scatter([(math.nan, 1)], ["3"], x_label="first", y_label="second"),
    Tiles(PICTURES, ["one", ("two", "lines"), "", "ü", "[red]markup[/]"], columns=2),
]


def kind_of(plot):
    return plot.kind


def text_of(plot, width=80, height=24):
    lines = draw_plot(plot, width, height)
    assert all(line.cell_len <= width for line in lines)
    return "\n".join(line.plain for line in lines)


@pytest.mark.parametrize("plot", EVERY_KIND, ids=kind_of)
def test_what_is_written_is_read_back(tmp_path, plot):
    write_plot(tmp_path / "000000007.json", plot)
    read = read_plot(tmp_path / "000000007.json")
    if isinstance(plot, Tiles):
        assert read.captions == plot.captions
        for picture, path in zip(plot.pictures, read.pictures, strict=True):
            assert (np.asarray(Image.open(path)) == picture).all()
    else:
        assert repr(read) == repr(plot)
    json.loads((tmp_path / "000000007.json").read_text(), parse_constant=pytest.fail)


@pytest.mark.parametrize(
    "content", ["", "{}", '{"kind": "pie"}', '{"kind": "bars", "names": ["a"], "values": []}', "[1]"]
)
def test_a_damaged_plot_is_one_sentence(tmp_path, content):
    (tmp_path / "1.json").write_text(content)
    with pytest.raises(WorkspaceError, match="cannot be read"):
        read_plot(tmp_path / "1.json")


@pytest.mark.parametrize("plot", EVERY_KIND, ids=kind_of)
@pytest.mark.parametrize("ending", [*(pytest.param(one, marks=pytest.mark.slow) for one in (".png", ".pdf")), ".svg"])
def test_every_kind_is_drawn_on_paper_with_the_same_bytes_each_time(tmp_path, plot, ending):
    first, again = tmp_path / f"first{ending}", tmp_path / f"again{ending}"
    paper.write(plot, first, Origin(("k3f",)))
    paper.write(plot, again, Origin(("k3f",)))
    assert first.read_bytes() == again.read_bytes()
    assert first.stat().st_size > 500


@pytest.mark.parametrize("ending", [".png", ".pdf"])
def test_what_is_drawn_on_paper_is_the_same_file_each_time(tmp_path, ending):
    files = [tmp_path / f"{name}{ending}" for name in ("first", "again")]
    for file in files:
        paper.write(EVERY_KIND[0], file, Origin(("k3f",)))
    assert files[0].read_bytes() == files[1].read_bytes()


def test_paper_has_three_endings(tmp_path):
    with pytest.raises(PhospheneError, match=r"\.png or \.svg or \.pdf"):
        paper.write(EVERY_KIND[0], tmp_path / "plot.jpg", Origin(()))


@pytest.mark.parametrize("plot", EVERY_KIND, ids=kind_of)
@pytest.mark.parametrize("width", [20, 54, 120])
def test_every_kind_is_drawn_as_text_within_its_width(plot, width):
    assert text_of(plot, width).strip()


@pytest.mark.parametrize("width", [54, 120])
def test_every_number_and_name_of_a_large_confusion_matrix_can_be_read(width):
    names = [f"Class{n:02d}" for n in range(15)]
    counts = [[80 if row == column else row + column for column in range(15)] for row in range(15)]
    text = text_of(Heatmap(counts, names, names, "true", "predicted", "row", diagonal=True, digits=0), width)
    rows = [line for line in text.splitlines() if "Class" in line]
    assert [row.split()[1] for row in rows] == names
    for n, row in enumerate(rows):
        assert row.split()[2:] == [str(count or "·") for count in counts[n]]


def test_captions_stand_under_their_tiles_whole():
    captions = [("Kitchen > LivingRoom", "image_0172.jpg"), "a", "b", "c", "d"]
    text = text_of(Tiles(PICTURES, captions), 54)
    assert "image_0172.jpg" in text
    assert "Kitchen >" in text
    assert "LivingRoom" in text


@pytest.mark.parametrize("caption", ["one line", ("two", "lines")])
def test_captions_on_paper_do_not_cover_their_tiles(caption):
    figure = paper.figure(Tiles(PICTURES, [caption] * len(PICTURES)))
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    for axes in figure.axes:
        assert axes.title.get_window_extent(renderer).y1 <= axes.get_window_extent(renderer).y0


lengths = st.integers(0, 6)


@settings(max_examples=30)
@given(st.data(), st.integers(20, 200), st.integers(4, 60))
def test_no_plot_fails_to_be_drawn(data, width, height):
    count = data.draw(lengths)
    numbers = st.floats(allow_nan=True, allow_infinity=True)
    names = data.draw(st.lists(st.text(max_size=40), min_size=count, max_size=count))
    values = data.draw(st.lists(numbers, min_size=count, max_size=count))
    plots = [
        Bars(names, values),
        Heatmap([values] * count, names, names),
        Heatmap([values] * count, names, names, shade="difference", legend=" ".join(names)),
        Scatter(list(zip(values, reversed(values), strict=True)), names),
        Lines(values, {"a": values}, x_scale=data.draw(st.sampled_from(["linear", "log"]))),
        Lines(names, {"a": values, "b": values[::-1]}),
        Tiles(PICTURES[: min(count, 5)], names[: min(count, 5)]),
    ]
    for plot in plots:
        lines = draw_plot(plot, width, height)
        assert all(line.cell_len <= width for line in lines)


@pytest.mark.parametrize("colours", ["truecolor", "256", "16"])
def test_little_is_dark_on_a_dark_background_and_light_on_a_light_one(monkeypatch, colours):
    monkeypatch.setattr("tui.plots.colours.depth", lambda: colours)
    for draw in (functools.partial(confusion, right=True), functools.partial(confusion, right=False), difference_above):
        for light in (False, True):
            little, much = (luminance(draw(share, light=light)) for share in (0.0, 1.0))
            assert (little > much) == light, (draw, light)


def difference_above(share, *, light):
    return difference(0.5 + share / 2, light=light)


def test_zero_is_the_middle_of_a_difference_and_its_ends_are_told_apart_by_colour_blind_readers(monkeypatch):
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    plot = Heatmap([[-4, 0], [1, math.nan]], "ab", "ab", shade="difference", digits=0, legend="one minus the other")
    assert paper.shares(plot).ravel()[:3].tolist() == [0.0, 0.5, 0.625]
    assert paper.shares(Heatmap([[0, 0]], "a", "ab", shade="difference")).tolist() == [[0.5, 0.5]]
    text = text_of(plot, 40)
    assert "one minus the other" in text
    assert text.splitlines()[-1].split() == ["-4", "0", "+4"]
    assert "+1" in text.splitlines()[2]
    # Blue tells more from less for every kind of colour blindness, and the lightness of both differs.
    less, more = difference(0.0), difference(1.0)
    assert less[2] - less[0] > 100 < more[0] - more[2]
    assert contrast(less, more) > 1.2
    assert len({difference(share / 10) for share in range(11)}) == 11
