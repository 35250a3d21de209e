"""Intervals against scipy's own and by simulation, and what few seeds can prove."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engine.comparison import statistics

VALUES = st.lists(st.floats(-100, 100), min_size=3, max_size=8)


@given(VALUES)
def test_the_interval_of_a_mean_is_students(values):
    found = statistics.mean(values)
    assert found.mean == pytest.approx(np.mean(values))
    error = stats.sem(values)
    if error > 1e-9:
        low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), error)
        assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
        assert found.half == pytest.approx((high - low) / 2)


@given(VALUES, VALUES)
def test_the_interval_of_a_difference_is_welchs(ones, others):
    found = statistics.difference(ones, others)
    if min(np.std(ones), np.std(others)) > 1e-6:
        expected = stats.ttest_ind(ones, others, equal_var=False).confidence_interval(0.95)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("count", [3, *(pytest.param(count, marks=pytest.mark.slow) for count in (5, 10))])
def test_nineteen_of_twenty_intervals_hold_the_mean_and_the_difference(count):
    draws = np.random.default_rng(0).normal(3.0, 2.0, (4000, 2, count))
    means = [statistics.mean(one[0].tolist()) for one in draws]
    held = np.mean([found.low <= 3.0 <= found.high for found in means])
    assert held == pytest.approx(0.95, abs=0.02)
    differences = [statistics.difference(one[0].tolist(), one[1].tolist()) for one in draws]
    held = np.mean([found.low <= 0.0 <= found.high for found in differences])
    assert held == pytest.approx(0.95, abs=0.02)


def test_one_value_has_no_interval_and_two_have_their_range():
    one = statistics.mean([0.5])
    assert (one.n, one.mean, math.isnan(one.low), math.isnan(one.half)) == (1, 0.5, True, True)
    two = statistics.mean([0.5, 0.1])
    assert (two.n, two.mean, two.low, two.high, math.isnan(two.half)) == (2, 0.3, 0.1, 0.5, True)
    assert math.isnan(statistics.mean([]).mean)


def test_values_that_are_not_finite_are_left_out_and_counted():
    found = statistics.mean([1.0, math.nan, 3.0, math.inf])
    assert (found.n, found.mean, found.left_out) == (2, 2.0, 2)
    assert statistics.mean([math.nan]).left_out == 1
    assert statistics.difference([math.nan], [1.0]) is None


@given(st.lists(st.floats(allow_nan=True), max_size=6), st.lists(st.floats(allow_nan=True), max_size=6))
def test_no_values_are_an_exception(ones, others):
    statistics.mean(ones)
    statistics.further_seeds(ones)
    statistics.difference(ones, others)


@pytest.mark.parametrize(("one", "other", "ways"), [(1, 1, 2), (2, 2, 6), (3, 3, 20), (5, 5, 252), (3, 1, 4)])
def test_the_chance_that_all_are_better_is_that_of_one_order_of_ranks(one, other, ways):
    assert statistics.chance_all_better(one, other) == 1 / ways
    better, worse = list(range(10, 10 + one)), list(range(other))
    exact = stats.mannwhitneyu(better, worse, alternative="greater", method="exact").pvalue
    assert exact == pytest.approx(1 / ways)
    assert statistics.difference(better, worse).apart
    assert not statistics.difference([*better, 0.5], [*worse, 0.7]).apart


def test_further_seeds_halve_the_interval_and_one_fewer_does_not():
    values = [1.0, 2.0, 4.0]
    further = statistics.further_seeds(values)
    half = stats.t.ppf(0.975, 2) / math.sqrt(3) / 2
    assert stats.t.ppf(0.975, 2 + further) / math.sqrt(3 + further) <= half
    assert stats.t.ppf(0.975, 1 + further) / math.sqrt(2 + further) > half
    assert statistics.further_seeds([1.0, 2.0]) == statistics.further_seeds([1.0, 1.0, 1.0]) == 0
    found = statistics.difference([1.0, 2.0, 4.0], [0.0, 1.0, 1.5])
    assert 2 <= found.further <= 9


def test_groups_without_scatter_and_single_runs_are_told_apart_honestly():
    same = statistics.difference([1.0, 1.0], [0.0, 0.0])
    assert (same.difference, same.low, same.high, same.further) == (1.0, 1.0, 1.0, 0)
    assert same.still
    assert not same.clear
    assert not statistics.difference([1.0, 1.0], [0.0, 0.5]).still
    single = statistics.difference([2.0], [1.0, 0.5])
    assert (single.difference, math.isnan(single.low), single.clear, single.apart) == (1.25, True, False, True)
    assert statistics.difference([5.0, 5.1, 5.2], [1.0, 1.1, 1.2]).clear
