"""Decimation and smoothing of curves, against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.curves.decimation import decimate
from engine.curves.smoothing import Smoother, smooth
from engine.curves.trace import Trace

VALUES = st.lists(
    st.one_of(st.floats(-1e6, 1e6), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1e308, -1e308])), max_size=400
)


def slow_smooth(y: list[float], weight: float) -> list[float]:
    """Return TensorBoard's debiased exponential moving average, as one writes it down."""
    state, count, smoothed = 0.0, 0, []
    for value in y:
        if not math.isfinite(value):
            smoothed.append(value)
            continue
        state = state * weight + (1 - weight) * value
        count += 1
        smoothed.append(state / (1 - weight**count))
    return smoothed


MOSTLY_FINITE = st.one_of(st.floats(-1e6, 1e6), st.just(math.nan), st.just(math.inf))


@given(st.lists(MOSTLY_FINITE, max_size=300), st.floats(0.01, 0.999))
def test_smoothing_is_the_plain_loops(y, weight):
    expected = slow_smooth(y, weight)
    assert smooth(np.array(y, dtype=float), weight) == pytest.approx(expected, rel=1e-9, abs=1e-6, nan_ok=True)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=300), st.integers(0, 300), st.floats(0.01, 0.99))
def test_smoothing_in_two_pieces_is_smoothing_at_once(y, cut, weight):
    whole, pieces = np.array(y), Smoother(weight)
    pieces.extend(whole[:cut])
    pieces.extend(whole[cut:])
    assert pieces.values == pytest.approx(smooth(whole, weight), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("weight", [-0.1, 1.0, 2.0])
def test_a_weight_out_of_range_is_refused(weight):
    with pytest.raises(ValueError, match="below 1"):
        smooth(np.ones(3), weight)


@given(VALUES, st.integers(1, 40), st.integers(0, 3))
def test_every_column_holds_the_exact_extremes_of_its_points(y, count, gap):
    y = np.array(y, dtype=float)
    x = np.cumsum(np.arange(len(y)) % (gap + 1)).astype(float)
    high = max(float(x[-1]) if len(x) else 0.0, 1.0)
    edges = np.linspace(0, high, count + 1)
    columns = decimate(x, y, edges)
    for c in range(count):
        last = c == count - 1
        inside = (x >= edges[c]) & ((x <= edges[c + 1]) if last else (x < edges[c + 1]))
        points = y[inside]
        finite = points[np.isfinite(points)]
        if len(finite):
            assert (columns.low[c], columns.high[c]) == (finite.min(), finite.max())
            assert (columns.first[c], columns.last[c]) == (finite[0], finite[-1])
        else:
            assert math.isnan(columns.low[c])
        assert columns.nan[c] == np.isnan(points).sum()
        assert (columns.above[c], columns.below[c]) == ((points == np.inf).sum(), (points == -np.inf).sum())


@given(VALUES, st.lists(st.integers(1, 60), max_size=6), st.booleans(), st.sampled_from([0.0, 0.9]))
def test_a_trace_that_grew_is_one_that_was_made_at_once(y, pieces, positive, weight):
    y = np.array(y, dtype=float)
    x = np.arange(len(y), dtype=float)
    edges = np.linspace(0, max(len(y), 1), 12)
    grown = Trace()
    for end in [*np.cumsum(pieces), len(y)]:
        grown.update(x[: min(end, len(y))], y[: min(end, len(y))])
        grown.columns(edges, weight=weight, positive=positive)
    once = Trace()
    once.update(x, y)
    for name in ("low", "high", "nan", "above", "below", "dropped", "joined"):
        first = getattr(grown.columns(edges, weight=weight, positive=positive), name)
        second = getattr(once.columns(edges, weight=weight, positive=positive), name)
        np.testing.assert_allclose(first, second, rtol=1e-9, atol=1e-9, err_msg=name)


def test_a_trace_whose_beginning_changed_starts_afresh():
    x, trace = np.arange(1000.0), Trace()
    trace.update(x, np.ones(1000))
    assert trace.columns(np.array([0.0, 1000.0])).high[0] == 1
    assert not trace.update(x[:500].copy(), np.full(500, 2.0))
    assert trace.columns(np.array([0.0, 1000.0])).low[0] == 2


def test_a_line_is_broken_by_nan_and_joined_across_empty_columns():
    x, y = np.array([0.0, 1.0, 5.0, 6.0]), np.array([1.0, np.nan, 2.0, 3.0])
    assert decimate(x, y, np.arange(0.0, 8.0)).joined.tolist() == [False, False, False, False, False, False, True]
    y[1] = 1.5
    assert decimate(x, y, np.arange(0.0, 8.0)).joined.tolist() == [False, True, False, False, False, True, True]
