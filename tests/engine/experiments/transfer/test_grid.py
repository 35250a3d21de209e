"""How values of C are written."""

from __future__ import annotations

import contextlib
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.experiments.transfer.grid import check, parse


def test_one_several_and_ranges_are_read():
    assert parse("1") == (1.0,)
    assert parse("0.1, 1,10") == (0.1, 1.0, 10.0)
    assert parse("1e-4..1") == (1e-4, 1e-3, 1e-2, 0.1, 1.0)
    assert parse("0.5..2:3") == (0.5, 1.0, 2.0)
    assert parse("1..2") == (1.0, 2.0)


@given(st.lists(st.floats(1e-300, 1e300, allow_subnormal=False), min_size=1, max_size=20, unique=True))
def test_what_is_written_out_is_read_back(values):
    assert parse(",".join(map(repr, values))) == tuple(values)


@given(st.floats(1e-20, 1e20), st.floats(1.5, 1e9), st.integers(2, 40))
def test_a_range_is_even_in_its_logarithms(first, ratio, count):
    last = first * ratio
    values = parse(f"{first!r}..{last!r}:{count}")
    assert len(values) == count
    assert values[-1] == last
    steps = [math.log(b / a) for a, b in itertools.pairwise(values)]
    assert steps == pytest.approx([math.log(ratio) / (count - 1)] * (count - 1), rel=1e-3, abs=1e-5)


@pytest.mark.parametrize(
    "text",
    ["", "abc", "0", "-1", "1,,2", "1,1", "1..0.1", "1..1", "1e-4..1:1", "1e-4..1:999", "1e-300..1e300", "nan", "inf"],
)
def test_anything_else_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError) as caught:
        check(text)
    assert "\n" not in str(caught.value)


def test_a_value_written_twice_is_named():
    with pytest.raises(ValueError, match="1 stands there more than once: write every value once"):
        check("0.1,1,1.0")
    with pytest.raises(ValueError, match="at most 100 values can be tried, not 101"):
        check(",".join(map(str, range(1, 102))))


@given(st.text(max_size=20))
def test_no_text_does_anything_but_parse_or_be_refused(text):
    with contextlib.suppress(ValueError):
        assert all(value > 0 for value in parse(text))
