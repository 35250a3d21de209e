"""The chart widget: what it draws, in every size and for every value."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.app import App

from engine.curves.trace import Trace
from tests.tui.conftest import focus
from tui.widgets.chart import EPOCH, STEP, TIME, Chart, Curve, XAxis, braille
from tui.widgets.chart.canvas import Ink
from tui.widgets.chart.frame import draw
from tui.widgets.chart.model import Settings
from tui.widgets.chart.smoothing import next_weight

BRAILLE = range(0x2801, 0x2900)


class ChartApp(App[None]):
    """One chart on the whole screen."""

    def __init__(self, *curves: Curve) -> None:
        super().__init__()
        self._curves = curves

    def compose(self):
        yield Chart(title="loss")

    def on_mount(self) -> None:
        self.query_one(Chart).show(self._curves)


def curve(y, name: str = "train/loss", style: int = 0, x=None) -> Curve:
    """Make a curve over steps from 1."""
    values = np.asarray(y, dtype=float)
    return Curve(name=name, x=np.arange(1.0, len(values) + 1) if x is None else x, y=values, style=style, label=name)


def test_the_legend_names_the_last_values_beside_a_marker_and_those_at_a_chosen_place():
    one = curve([3.0, 2.0, 1.0])
    trace = Trace()
    trace.update(one.x, one.y)

    def legend(settings: Settings) -> str:
        return "".join(map(chr, draw([(one, trace)], settings).canvas.characters[0]))

    marked = Settings(40, 10, markers=((2.0, "lr 0.1"),))
    assert legend(marked).split() == ["──", "train/loss", "1.000"]
    assert legend(replace(marked, x_axis=replace(STEP, chosen=2.0))).split() == ["──", "train/loss", "2.000", "@2"]


def text_of(chart: Chart) -> list[str]:
    """Return the chart's lines as they stand on the screen."""
    return ["".join(segment.text for segment in chart.render_line(y)) for y in range(chart.size.height)]


def drawn(scenario, *curves: Curve, size=(60, 16)) -> None:
    """Run a scenario against an app with one chart."""

    async def play() -> None:
        app = ChartApp(*curves)
        async with app.run_test(size=size) as pilot:
            chart = app.query_one(Chart)
            deadline = time.monotonic() + 5
            while not chart.frames_drawn and time.monotonic() < deadline:
                await pilot.pause(0.01)
            await scenario(pilot, chart)

    asyncio.run(play())


async def redrawn(pilot, chart: Chart) -> list[str]:
    """Wait for the chart's next frame and return it."""
    before, deadline = chart.frames_drawn, time.monotonic() + 5
    while chart.frames_drawn == before:
        assert time.monotonic() < deadline, "no frame was drawn"
        await pilot.pause(0.01)
    return text_of(chart)


def dots(lines: list[str]) -> int:
    """Count the cells with a part of a curve."""
    return sum(ord(letter) in BRAILLE for line in lines for letter in line)


def frame(*curves: Curve, width: int = 60, height: int = 16, **options) -> list[str]:
    """Draw curves without an app."""
    traces = []
    for one in curves:
        trace = Trace()
        trace.update(one.x, one.y)
        traces.append((one, trace))
    canvas = draw(traces, Settings(width=width, height=height, **options)).canvas
    return ["".join(chr(code) for code in row) for row in canvas.characters.tolist()]


def test_a_falling_loss_falls_from_the_upper_left_to_the_lower_right():
    lines = frame(curve(np.exp(-np.arange(200) / 40)), height=18)
    columns = {}
    for row, line in enumerate(lines):
        for column, letter in enumerate(line):
            if ord(letter) in BRAILLE:
                columns.setdefault(column, row)
    tops = [columns[column] for column in sorted(columns)]
    assert tops == sorted(tops)
    assert tops[-1] - tops[0] > 8


def test_legend_names_every_curve_with_a_line_of_its_own_and_its_last_value():
    text = "\n".join(frame(curve([1, 0.5], "train"), curve([1, 0.25], "validation", 1), width=80))
    assert "── train" in text
    assert "╌╌ validation" in text
    assert "0.5" in text
    assert "0.25" in text


def test_nan_breaks_the_line_and_is_marked_and_infinities_stand_at_the_edges():
    y = np.ones(60)
    y[20:23], y[40], y[50] = np.nan, np.inf, -np.inf
    text = "\n".join(frame(curve(y)))
    assert "\N{MULTIPLICATION SIGN}" in text
    assert "↑" in text
    assert "↓" in text


def test_nothing_but_nan_is_said_in_words():
    assert "every value is NaN" in "\n".join(frame(curve([math.nan] * 5)))
    assert "no data yet" in "\n".join(frame(curve([])))


def test_a_single_point_is_visible_and_a_constant_stands_at_mid_height():
    assert dots(frame(curve([3.0]))) >= 1
    lines = frame(curve([2.0] * 50), height=21)
    rows = [row for row, line in enumerate(lines) if dots([line]) > 5]
    assert len(rows) == 1
    assert 6 < rows[0] < 14


def test_log_scale_leaves_out_what_it_cannot_show_and_says_how_many():
    text = "\n".join(frame(curve([1, 0.1, 0, -1, 0.01, 0.001]), log_y=True, width=70))
    assert "2 points" in text
    assert "≤ 0" in text


def test_smoothing_keeps_the_raw_curve_behind_the_smooth_one():
    rng = np.random.default_rng(0)
    noisy = curve(1 + rng.normal(size=400))
    assert dots(frame(noisy, smoothing=0.9)) >= dots(frame(noisy)) * 0.8


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.one_of(st.floats(), st.sampled_from([5e-324, 1e308, -1e308])), max_size=60),
    st.integers(0, 70),
    st.integers(0, 20),
    st.booleans(),
    st.sampled_from([0.0, 0.5, 0.995, None]),
    st.sampled_from([STEP, EPOCH, TIME, XAxis("C", scale="log"), XAxis("layer", names=("conv1", "fc" * 9))]),
)
def test_never_fails_whatever_the_values_and_however_small_the_room(y, width, height, log_y, smoothing, axis):
    lines = frame(curve(y), width=width, height=height, log_y=log_y, smoothing=smoothing, x_axis=axis)
    assert len(lines) == height
    assert all(len(line) == width for line in lines)


def test_follows_a_growing_curve_until_one_zooms_and_again_after_a_reset():
    async def scenario(pilot, chart):
        buffer = np.arange(1.0, 2001.0)
        chart.show([Curve("a", buffer[:1000], buffer[:1000], 0, "a")])
        first = await redrawn(pilot, chart)
        chart.show([Curve("a", buffer, buffer, 0, "a")])
        assert await redrawn(pilot, chart) != first
        chart.zoom(4)
        await redrawn(pilot, chart)
        low, high = chart.view
        assert high - low < 700
        chart.pan(-0.2)
        await redrawn(pilot, chart)
        assert chart.view[0] < low
        chart.reset_view()
        await redrawn(pilot, chart)
        assert chart.view is None

    drawn(scenario, curve([1.0]))


def test_crosshair_shows_the_values_under_it_by_key_and_by_mouse():
    async def scenario(pilot, chart):
        focus(chart)
        chart.crosshair = 50.0
        lines = await redrawn(pilot, chart)
        assert any("2500" in line or "2,500" in line or "2.5k" in line for line in lines), lines
        await pilot.press("escape")
        assert chart.crosshair is None
        await pilot.click(Chart, offset=(30, 8))
        assert chart.crosshair is not None

    drawn(scenario, curve(np.arange(1.0, 101.0) ** 2))


def test_a_flood_of_updates_costs_at_most_ten_frames_a_second():
    async def scenario(pilot, chart):
        began, before = time.monotonic(), chart.frames_drawn
        while time.monotonic() - began < 1.0:
            chart.show([curve(np.random.default_rng(0).normal(size=500))])
            await pilot.pause(0)
        assert 2 <= chart.frames_drawn - before <= 12

    drawn(scenario, curve([1.0]))


def test_only_rows_that_changed_are_painted_again():
    async def scenario(pilot, chart):
        painted = []
        original = chart.refresh
        chart.refresh = lambda *regions, **options: (painted.extend(regions), original(*regions, **options))[1]
        y = np.full(100, 1.0)
        y[0] = 0.0
        chart.show([curve(y)])
        await redrawn(pilot, chart)
        painted.clear()
        longer = np.append(y, [1.0, 1.0])
        chart.show([curve(longer)])
        await redrawn(pilot, chart)
        assert sum(region.area for region in painted) < chart.size.area / 3

    drawn(scenario, curve(np.append([0.0], np.ones(98))))


@pytest.mark.parametrize("size", [(20, 5), (3, 1), (200, 60)])
def test_opens_in_any_size(size):
    async def scenario(pilot, chart):
        assert chart.frames_drawn

    drawn(scenario, curve(np.sin(np.arange(300) / 9)), size=size)


def test_charts_that_stand_together_span_the_same_x():
    late = curve([1.0, 2.0, 3.0], x=np.array([150.0, 170.0, 190.0]))
    alone = min(line.find(letter) for line in frame(late) for letter in line if ord(letter) in BRAILLE)
    together = min(
        line.find(letter) for line in frame(late, full=(0.0, 200.0)) for letter in line if ord(letter) in BRAILLE
    )
    assert alone < 12
    assert together > 35


SWEEP = XAxis("C", scale="log")
DECADES = 10.0 ** np.arange(-3, 4)


def test_on_a_logarithmic_x_axis_decades_are_equally_far_apart_and_named():
    lines = frame(Curve("accuracy", DECADES, np.ones(7), marks=True), width=80, x_axis=SWEEP)
    marks = next([column for column, letter in enumerate(line) if letter == "●"] for line in lines if "●" in line)
    assert len(marks) == 7
    assert max(np.diff(marks)) - min(np.diff(marks)) <= 1
    assert lines[-2].split() == ["0.001", "0.01", "0.1", "1", "10", "100", "1k"]
    assert lines[-1].strip() == "C"


def test_a_logarithmic_x_axis_leaves_out_what_it_cannot_show_and_says_how_many():
    x = np.array([-1.0, 0.0, 0.1, 1.0, 10.0])
    text = "\n".join(frame(Curve("a", x, np.array([5.0, 5.0, 1.0, 2.0, 3.0])), width=80, x_axis=SWEEP))
    assert "2 points ≤ 0 not shown" in text
    assert "no x > 0" in "\n".join(frame(Curve("a", x[:2], np.ones(2)), x_axis=SWEEP))


def test_zoom_and_pan_on_a_logarithmic_x_axis_keep_decades_equally_wide():
    async def scenario(pilot, chart):
        chart.x_axis = SWEEP
        chart.show([Curve("a", DECADES, np.arange(7.0))])
        await redrawn(pilot, chart)
        chart.zoom(3, around=1.0)
        await redrawn(pilot, chart)
        assert chart.view == pytest.approx((0.1, 10.0))
        chart.pan(0.5)
        await redrawn(pilot, chart)
        assert chart.view == pytest.approx((1.0, 100.0))
        assert "zoom 3x" in str(chart.border_subtitle)

    drawn(scenario, size=(80, 20))


@pytest.mark.parametrize("width", [40, 80, 140])
def test_every_named_position_stands_in_full_under_its_mark(width):
    names = ("pool1", "pool2", "conv3", "conv4", "pool5", "fc6", "fc7", "fc8")
    values = Curve("accuracy", np.arange(8.0), np.linspace(0.2, 0.9, 8), marks=True)
    lines = frame(values, width=width, height=24, x_axis=XAxis("cut", names=names))
    words = " ".join(lines[-4:]).split()
    assert [name for name in names if name not in words] == []
    assert sum(line.count("●") for line in lines) == 8
    assert lines[-1].strip() == "cut"


def test_the_crosshair_names_the_position_it_is_on():
    names = ("first", "second", "third")
    lines = frame(curve([1, 2, 3], x=np.arange(3.0)), x_axis=XAxis(names=names), crosshair=1.2)
    assert "second" in " ".join(lines[-2:])


def test_points_are_marked_only_while_there_is_room_between_them():
    sparse = Curve("a", np.arange(20.0), np.arange(20.0), 1, marks=True)
    dense = Curve("a", np.arange(500.0), np.arange(500.0), 1, marks=True)
    assert sum(line.count("■") for line in frame(sparse)) == 20
    assert "■" not in "\n".join(frame(dense))


def test_error_bars_reach_from_one_end_to_the_other_and_the_axis_holds_them():
    x, y = np.array([1.0, 2.0, 3.0]), np.array([5.0, 5.0, 5.0])
    plain = frame(Curve("a", x, y, marks=True), height=20)
    barred = frame(Curve("a", x, y, marks=True, error=np.array([np.nan, 4.0, 0.5])), height=20)
    middle = next(column for line in plain for column, letter in enumerate(line) if letter == "●" and column > 20)
    rows = [row for row, line in enumerate(barred) if ord(line[middle]) in BRAILLE or line[middle] == "●"]
    assert len(rows) > 10
    assert rows == list(range(rows[0], rows[-1] + 1))
    first = next(line.index("●") for line in barred if "●" in line)
    assert sum(ord(line[first]) in BRAILLE for line in barred) == 0


def test_an_error_of_another_length_is_refused():
    with pytest.raises(ValueError, match="error"):
        Curve("a", np.arange(3.0), np.arange(3.0), error=np.ones(2))


def test_a_band_reaches_from_edge_to_edge_and_ends_where_it_has_gaps():
    x = np.arange(101.0)
    y = np.full(101, 5.0)
    low, high = np.where(x < 50, 1.0, np.nan), np.where(x < 50, 9.0, np.nan)
    drawn = frame(Curve("a", x, y, band=(low, high)), width=60, height=22)
    assert sum(any(ord(letter) in BRAILLE for letter in line[8:28]) for line in drawn) > 12
    assert sum(any(ord(letter) in BRAILLE for letter in line[40:]) for line in drawn) == 1
    with pytest.raises(ValueError, match="band"):
        Curve("a", x, y, band=(low[:3], high))


def test_a_band_below_zero_reaches_the_lower_edge_of_a_logarithmic_axis():
    x = np.arange(1.0, 101.0)
    curve = Curve("a", x, np.full(100, 5.0), band=(np.full(100, -1.0), np.full(100, 50.0)))
    rows = [row for row, line in enumerate(frame(curve, height=22, log_y=True)) if any(ord(c) in BRAILLE for c in line)]
    assert len(rows) > 8


def test_a_faint_curve_is_drawn_behind_and_not_in_the_legend():
    x = np.arange(50.0)
    drawn = frame(Curve("mean", x, x, 1), Curve("member", x, x[::-1].copy(), 1, faint=True))
    assert "mean" in "".join(drawn)
    assert "member" not in "".join(drawn)
    assert sum(ord(letter) in BRAILLE for line in drawn for letter in line) > 60


def painted(*curves: Curve, **options):
    """Draw curves without an app and return the whole frame."""
    traces = []
    for one in curves:
        trace = Trace()
        trace.update(one.x, one.y)
        traces.append((one, trace))
    return draw(traces, Settings(width=60, height=20, **options))


def test_only_curves_that_would_be_a_solid_block_are_smoothed_by_themselves():
    noise = np.random.default_rng(0).normal(size=5000)
    crowded, sparse = curve(noise, "train"), curve(np.ones(20), "validation", 1, x=np.linspace(1, 5000, 20))
    both = painted(crowded, sparse, smoothing=None)
    assert max(both.weights) == 0.98
    inks = set(both.canvas.inks.ravel().tolist())
    assert Ink.faint(0) in inks, "the envelope of the raw points stands behind"
    assert Ink.faint(1) not in inks
    assert painted(crowded, smoothing=0.0).weights == (0.0,)
    assert painted(crowded, smoothing=None, view=(1, 200)).weights == (0.0,), "what is close enough needs no smoothing"


def test_what_a_curve_is_smoothed_with_is_known_before_it_is_drawn():
    chart = Chart("loss")
    chart.show([curve(np.ones(20), "train")])
    chart.smoothing = 0.3
    assert (chart.frames_drawn, chart.weight) == (0, 0.3)


def test_the_smooth_line_is_thin_where_the_raw_one_fills_the_chart():
    noise = curve(np.random.default_rng(0).normal(size=5000))

    def rows_of(inks):
        return (inks == Ink.curve(0)).sum(axis=0).max()

    assert rows_of(painted(noise, smoothing=0.0).canvas.inks[1:]) > 8
    assert rows_of(painted(noise, smoothing=None).canvas.inks[1:]) < 5


@pytest.mark.parametrize(
    ("weight", "present", "direction", "following"),
    [(None, 0.9, 1, 0.95), (None, 0.9, -1, 0.8), (None, 0.0, -1, 0.0), (0.3, 0.3, -1, 0.0), (0.995, 0.995, 1, None)],
)
def test_a_choice_begins_at_the_automatic_weight_and_leads_back_to_it(weight, present, direction, following):
    assert next_weight(weight, present, direction) == following


def test_the_border_says_that_smoothing_is_automatic():
    async def scenario(pilot, chart):
        chart.smoothing = None
        await redrawn(pilot, chart)
        assert str(chart.border_subtitle) == "smoothed 0.98 auto"
        chart.smoothing = 0.0
        await redrawn(pilot, chart)
        assert chart.border_subtitle is None

    drawn(scenario, curve(np.random.default_rng(0).normal(size=5000)))


def test_data_stays_where_the_crosshair_crosses_it():
    crowded = curve(np.random.default_rng(0).normal(size=5000))
    plain, crossed = painted(crowded).canvas, painted(crowded, crosshair=2500.0).canvas
    columns = np.flatnonzero((crossed.inks >= Ink.CROSSED).any(axis=0))
    assert len(columns) == 1
    rows = crossed.inks[:, columns[0]] >= Ink.CROSSED
    assert (crossed.characters[rows, columns[0]] == plain.characters[rows, columns[0]]).all()
    assert rows.sum() > 8


def test_the_crosshair_reads_the_nearest_logged_points_of_every_curve_and_their_steps():
    train = curve(np.arange(1.0, 101.0), "train")
    validation = curve([0.25, 0.75], "validation", 1, x=np.array([40.0, 80.0]))
    lines = [line.rstrip() for line in frame(train, validation, width=40, smoothing=0.9, crosshair=58.0)]
    assert lines[0].endswith("58.00  @58")
    assert lines[1].endswith("0.2500  @40")


def test_the_legend_names_the_best_value_by_its_direction_and_its_step():
    accuracy = Curve("a", np.arange(1.0, 6.0), np.array([0.1, np.nan, 0.9, 0.9, 0.5]), better="higher")
    loss = replace(accuracy, name="l", y=np.array([3.0, 0.5, 2.0, np.inf, 1.0]), better="lower")
    lines = frame(accuracy, loss, replace(accuracy, name="g", better="neither"), width=40, height=18)
    assert "▲ 0.9000 @3" in lines[0]
    assert "▼ 0.5000 @2" in lines[1]
    assert "▲" not in lines[2]
    assert "▼" not in lines[2]
    assert "▲" not in "\n".join(frame(accuracy, width=22)), "it is left out where there is no room"


@given(st.lists(st.tuples(st.integers(-9, 30), st.integers(-9, 30), st.booleans()), min_size=1, max_size=6), st.data())
def test_columns_of_dots_become_cells_dot_by_dot(columns, data):
    height, dash = data.draw(st.integers(1, 5)), data.draw(st.integers(0, 3))
    columns += columns[:1] * (len(columns) % 2)
    top, bottom, present = (np.array(part) for part in zip(*columns, strict=True))
    row, column = np.arange(4 * height)[:, None], np.arange(len(columns))
    filled = (row >= top) & (row <= bottom) & present
    pattern = braille.DASHES[dash]
    dashed = filled & pattern[(column + np.maximum(row - top, 0)) % len(pattern)]
    assert (braille.cells(top, bottom, present, height, dash) == braille.pack(dashed)).all()
    chess = filled & ((row + column) % 2 == 0)
    assert (braille.dotted(top, bottom, present, height) == braille.pack(chess)).all()
