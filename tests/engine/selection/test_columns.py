"""Columns of lists: fields, and figures of curves."""

from __future__ import annotations

import math

import pytest

from engine.errors import PhospheneError
from engine.record.events import Metrics
from engine.record.history import History
from engine.selection.columns import Column, in_order, parse_column, parse_columns, shown
from engine.selection.values import MISSING


class Given:
    """Histories that hold one curve, whatever run is asked for."""

    def __init__(self, *values):
        self.history = History()
        self.history.take([Metrics(1e9 + i, 10 * i, {"train/loss": value}) for i, value in enumerate(values, 1)])

    def of(self, _):
        return self.history

    def latest(self, _):
        return self.history.latest


def test_a_column_is_a_field_or_a_figure():
    assert parse_columns("experiment, lr,max  validation/accuracy,min loss step,") == [
        Column("experiment"),
        Column("lr"),
        Column("validation/accuracy", "max"),
        Column("loss", "min", step=True),
    ]
    for text in ("experiment", "max validation/accuracy", "min loss step", "max"):
        assert str(parse_column(text)) == text
    for text, words in (("", "missing"), ("mean loss step", "leave step out")):
        with pytest.raises(PhospheneError, match=words):
            parse_column(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("max train/loss", 3.0),
        ("max train/loss step", 10),
        ("min train/loss", 1.0),
        ("min train/loss step", 40),
        ("last train/loss", 1.0),
        ("last train/loss step", 40),
        ("mean train/loss", 2.0),
        ("train/loss", 1.0),
        ("nz", 10),
        ("seed", 4),
        ("max nosuch", MISSING),
        ("nosuch", MISSING),
    ],
)
def test_values_leave_out_what_is_not_finite(make, text, value):
    found = parse_column(text).value(
        make(nz=10, seed=4), Given(3.0, math.nan, 2.0, 1.0, *([math.inf] * (text[0] == "m")))
    )
    assert found is value if value is MISSING else found == value


def test_a_curve_without_a_finite_point_has_no_figure(make):
    assert parse_column("max train/loss").value(make(), Given(math.nan, math.inf)) is MISSING


def test_the_last_point_is_the_last_whatever_it_is(make):
    assert parse_column("last train/loss").value(make(), Given(2.3, math.inf)) == math.inf
    assert math.isnan(parse_column("last train/loss").value(make(), Given(2.3, math.nan)))
    assert parse_column("last train/loss step").value(make(), Given(2.3, math.nan)) == 20


def test_lists_are_ordered_by_numbers_then_texts_and_what_lacks_a_value_comes_last(make):
    runs = [make(0, x="b"), make(1), make(2, x=3), make(3, x="a"), make(4, x=1.5), make(5, x=math.nan)]
    rising = in_order(runs, Column("x"), Given())
    assert [run.id[-1] for run in rising] == ["4", "2", "3", "0", "1", "5"]
    falling = in_order(runs, Column("x"), Given(), falling=True)
    assert [run.id[-1] for run in falling] == ["0", "3", "2", "4", "1", "5"]


def test_values_are_shown_as_people_write_them():
    assert [shown(value) for value in (MISSING, 0.123456, 10, True, "a", ("x", "y"), math.nan)] == [
        *("", "0.1235", "10", "on", "a", "x,y", "nan"),
    ]
    assert [Column("duration").shown(value) for value in (62.4, 0.3, MISSING)] == ["1:02", "", ""]
