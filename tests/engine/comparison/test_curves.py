"""Curves thinned without losing an extreme, and averaged only where all members have points."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.comparison import statistics
from engine.comparison.curves import Curve, band, natural_axis, positions, thinned
from engine.comparison.styles import styles


def curve(x, y):
    return Curve(np.array(x, float), np.array(y, float))


@given(st.lists(st.floats(-10, 10) | st.sampled_from([math.nan, math.inf]), min_size=30, max_size=300))
def test_a_thinned_curve_keeps_its_extremes(values):
    whole = curve(range(len(values)), values)
    found = thinned(whole, 20)
    assert len(found.x) <= 20
    assert (np.diff(found.x) > 0).all()
    finite = [value for value in values if math.isfinite(value)]
    if finite:
        kept = found.y[np.isfinite(found.y)]
        assert (kept.min(), kept.max()) == (min(finite), max(finite))


def test_a_short_curve_is_left_alone():
    whole = curve([1, 2], [3, 4])
    assert thinned(whole) is whole


def test_the_band_ends_where_the_shortest_curve_ends():
    found = band([curve([1, 2, 3, 4], [1, 2, 3, 4]), curve([2, 3], [4, 5]), curve([1, 2, 3], [0, 0, 1])])
    assert (found.x.tolist(), found.mean.tolist(), found.n) == ([2, 3], [2, 3], 3)
    expected = statistics.mean([2, 4, 0])
    assert (found.low[0], found.high[0]) == pytest.approx((expected.low, expected.high))


def test_two_have_their_range_and_one_has_none():
    two = band([curve([1, 2], [1, 4]), curve([1, 2], [3, 2])])
    assert (two.low.tolist(), two.high.tolist()) == ([1, 2], [3, 4])
    one = band([curve([1, 2], [1, 4])])
    assert (one.mean.tolist(), np.isnan(one.low).all()) == ([1, 4], True)


def test_points_at_other_steps_are_joined_by_straight_lines_and_gaps_stay():
    found = band([curve([0, 10], [0, 10]), curve([0, 5, 10], [0, 0, 0])])
    assert found.mean.tolist() == [0, 2.5, 5]
    gap = band([curve([0, 1, 2, 3], [0, math.nan, 2, 3]), curve([0, 1, 2, 3], [0, 1, 2, math.inf])])
    assert np.isfinite(gap.mean).tolist() == [True, False, True, False]


def test_curves_without_a_common_position_have_no_band():
    assert band([]) is None
    assert band([curve([], []), curve([1], [1])]) is None
    assert band([curve([1, 2], [1, 1]), curve([5, 6], [1, 1])]) is None
    assert band([curve([math.nan], [1])]) is None


def test_epochs_are_the_axis_where_they_have_different_numbers_of_steps(write):
    write("aaa", {"batch": 32}, curve=[1, 2])
    write("bbb", {"batch": 64}, curve=[1, 2], every=2)
    workspace = write("ccc", {"batch": 64}, curve=[1, 2], epochs=False)
    histories = {run.id[-3:]: run.directory.history() for run in workspace.list()}
    assert natural_axis([histories["aaa"], histories["bbb"]]) == "epoch"
    assert natural_axis([histories["aaa"], histories["aaa"]]) == "step"
    assert natural_axis([histories["aaa"], histories["ccc"]]) == "step"
    assert natural_axis([]) == "step"
    history = histories["aaa"]
    assert positions(history, "train/loss", "epoch").tolist() == [0.1, 0.2]
    assert positions(history, "train/loss", "time").tolist() == [0, 1]
    assert positions(history, "train/loss", "step").tolist() == [1, 2]


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=40, unique=True))
def test_styles_differ_as_long_as_there_are_some_and_do_not_depend_on_the_order(ids):
    found = styles(ids)
    assert found == styles(reversed(ids))
    assert len({*found.values()}) == min(len(ids), 28)
    assert len({style.colour for style in found.values()}) == min(len(ids), 7)


def test_a_run_keeps_its_colour_beside_others():
    alone = styles(["1122-0831-cnn-k3f"])["1122-0831-cnn-k3f"]
    assert styles(["1122-0831-cnn-k3f", "1122-0832-cnn-zzz"])["1122-0831-cnn-k3f"] == alone
