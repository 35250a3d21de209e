"""Axes as people write them: what they mean, what is refused, and that they are kept as they were meant."""

from __future__ import annotations

import itertools
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import catalogue
from engine.errors import InvalidHyperparameters
from engine.sweep import axes
from engine.sweep.axes import Axis, Range
from engine.sweep.order import coarse_first, levels

DCGAN, PROBE = catalogue.experiment("dcgan"), catalogue.experiment("probe")


def read(experiment=DCGAN, together=None, fixed=None, **over):
    return axes.axes(experiment, over, together or {}, fixed or {})


def options(axis):
    return [one if len(one) > 1 else one[0] for one in axis.options()]


@pytest.mark.parametrize(
    ("experiment", "over", "expected"),
    [
        (DCGAN, {"nz": "2,10,1000"}, [2, 10, 1000]),
        (DCGAN, {"nz": " 1000 , 2 "}, [1000, 2]),
        (DCGAN, {"ngf": "8..32:8"}, [8, 16, 24, 32]),
        (DCGAN, {"ngf": "8..30:8"}, [8, 16, 24]),
        (DCGAN, {"ngf": "log:8..256:2"}, [8, 16, 32, 64, 128, 256]),
        (DCGAN, {"lr_g": "1e-5..1e-2"}, [1e-5, 1e-4, 1e-3, 1e-2]),
        (DCGAN, {"lr_g": "log 1e-3..1e-2"}, [1e-3, 0.00316228, 1e-2]),
        (DCGAN, {"lr_g": "linear:0.1..0.3:0.1"}, [0.1, 0.2, 0.3]),
        (DCGAN, {"beta1": "0..0.9:0.3"}, [0, 0.3, 0.6, 0.9]),
        (DCGAN, {"d_updates": "1..5"}, [1, 2, 3, 4, 5]),
        (DCGAN, {"loss": "*"}, ["non-saturating", "minimax"]),
        (DCGAN, {"fidelity": "off,on"}, None),
        (PROBE, {"C": "0.01;0.1,1;1e-4..1"}, ["0.01", "0.1,1", "1e-4..1"]),
        (PROBE, {"dataset": "digits,mnist"}, ["digits", "mnist"]),
    ],
)
def test_an_axis_means(experiment, over, expected):
    if expected is None:
        pytest.importorskip("torch_fidelity")
        expected = [False, True]
    (axis,) = read(experiment, **over)
    assert options(axis) == expected
    kinds = [type(one) for one in options(axis)]
    assert kinds == [float if kind is float else type(one) for kind, one in zip(kinds, expected, strict=True)]


def test_fields_that_vary_together_are_one_axis():
    (axis,) = read(together={"ngf,ndf": "256,32; 8,256"})
    assert axis.fields == ("ngf", "ndf")
    assert axis.options() == ((256, 32), (8, 256))
    assert str(axis) == "ngf,ndf=256,32;8,256"


@pytest.mark.parametrize(
    ("over", "field", "part"),
    [
        ({"nz": "2"}, "nz", "two values or more"),
        ({"nz": "2,2"}, "nz", "more than once"),
        ({"nz": "2,x"}, "nz", "must be a whole number"),
        ({"nz": "2,,3"}, "nz", "must be a whole number"),
        ({"nz": "0,3"}, "nz", "greater than or equal to 1"),
        ({"nz": "10..2"}, "nz", "from the smaller value to the larger"),
        ({"nz": "2..10:x"}, "nz", "is no number"),
        ({"nz": "2..10:-1"}, "nz", "above 0"),
        ({"nz": "*"}, "nz", "no list of values"),
        ({"lr_g": "log:1e-4..1e-2:1"}, "lr_g", "above 1"),
        ({"lr_g": "1e-9..1:1.00001"}, "lr_g", "take a larger step"),
        ({"beta1": "log:0..0.5"}, "beta1", "begins above 0"),
        ({"seed": "1,2"}, "seed", "--seeds 3"),
        ({"nx": "1,2"}, "nx", "no such hyperparameter"),
    ],
)
def test_a_mistake_is_told_by_its_field(over, field, part):
    with pytest.raises(InvalidHyperparameters) as caught:
        read(**over)
    assert part in caught.value.problems[field]


def test_all_mistakes_are_told_at_once():
    with pytest.raises(InvalidHyperparameters) as caught:
        read(nz="2", lr_g="x,1", together={"ngf,ndf": "1,2,3;4,5", "loss": "a;b", "lr_g,lr_d": "1,1;2,2"})
    assert {"nz", "lr_g", "ngf,ndf", "loss"} <= caught.value.problems.keys()
    with pytest.raises(InvalidHyperparameters) as caught:
        read(nz="2,3", together={"nz,ngf": "2,2;3,3"}, fixed={"ngf": "4"})
    assert caught.value.problems.keys() == {"nz", "ngf"}


def test_texts_that_may_hold_commas_are_separated_by_them_where_nothing_else_makes_an_axis():
    (axis,) = read(PROBE, C="0.1, 1, 10")
    assert axis.values == (("0.1",), ("1",), ("10",))
    (axis,) = read(PROBE, C="0.1,1;10")
    assert axis.values == (("0.1,1",), ("10",))
    with pytest.raises(InvalidHyperparameters) as caught:
        read(PROBE, C="10")
    assert "separated by ;" in caught.value.problems["C"]
    with pytest.raises(InvalidHyperparameters) as caught:
        read(PROBE, C="log 1e-4..1e2")
    assert "list its values, as in C=0.01,0.1,1" in caught.value.problems["C"]


def test_a_grid_needs_a_step_where_none_is_usual():
    (axis,) = read(beta1="0..0.9")
    with pytest.raises(ValueError, match=r"beta1: a grid needs a step, as in 0\.\.0\.9:0\.1"):
        axis.options()
    (axis,) = read(nz="1..1000")
    with pytest.raises(ValueError, match="a grid needs a step"):
        axis.options()


numbers = st.floats(1e-6, 9.9, allow_nan=False).map(lambda value: float(f"{value:.6g}"))


@given(st.lists(numbers, min_size=2, max_size=8, unique=True))
def test_a_list_is_read_as_it_is_written(values):
    (axis,) = read(lr_g=",".join(map(repr, values)))
    assert options(axis) == values
    (again,) = read(**{axis.name: str(axis).partition("=")[2]})
    assert options(again) == values
    assert Axis.from_json(json.loads(json.dumps(axis.to_json()))) == axis


@given(numbers, numbers, st.booleans(), st.sampled_from([0, 2, 10, 1.5]))
def test_a_range_holds_its_values_and_what_is_drawn_from_it(one, other, log, step):
    import random

    low, high = sorted((one, other))
    if low == high or (step == 0 and not log) or math.log(high / low) / math.log(step or 10) > 500:
        return
    found = Range(low, high, log, step * (1 if log else (high - low) / 7))
    values = found.values()
    assert values[0] == pytest.approx(low, rel=1e-5)
    assert all(low * (1 - 1e-5) <= value <= high for value in values)
    assert list(values) == sorted(set(values))
    drawn = found.draw(random.Random(3))
    assert drawn in values if found.step else low * (1 - 1e-5) <= drawn <= high
    axis = Axis(("lr_g",), (), found, log)
    assert Axis.from_json(json.loads(json.dumps(axis.to_json()))) == axis


def test_an_axis_is_widened_by_new_values_alone():
    (axis,) = read(nz="2,10")
    (more,) = axes.further(DCGAN, {"nz": axis}, {"nz": "5000"}, {})
    assert options(axis.widened(more)) == [2, 10, 5000]
    with pytest.raises(InvalidHyperparameters, match="has these values already"):
        axes.further(DCGAN, {"nz": axis}, {"nz": "10"}, {})
    (ranged,) = read(lr_g="1e-4..1e-2")
    (wider,) = axes.further(DCGAN, {"lr_g": ranged}, {"lr_g": "1e-5..1e-2"}, {})
    assert ranged.widened(wider).range.low == 1e-5
    with pytest.raises(InvalidHyperparameters, match="must hold that"):
        axes.further(DCGAN, {"lr_g": ranged}, {"lr_g": "1e-3..1"}, {})
    with pytest.raises(InvalidHyperparameters, match="is a range"):
        axes.further(DCGAN, {"lr_g": ranged}, {"lr_g": "3"}, {})


@given(st.integers(1, 200))
def test_levels_halve_what_lies_between_the_ends(count):
    found = levels(count)
    assert found[0] == found[-1] == 0
    for level in range(max(found) + 1):
        # What has been reached so far leaves no gap wider than twice the narrowest.
        at = [place for place, own in enumerate(found) if own <= level]
        gaps = [b - a for a, b in itertools.pairwise(at)]
        assert not gaps or max(gaps) <= 2 * min(gaps) + 1


def test_a_grid_is_gone_through_coarse_first():
    over = read(nz="1..9:1", loss="*")
    order = coarse_first(over)
    assert len(order) == len(set(order)) == 18
    first = [values[0] for values, _ in order[:4]]
    assert sorted(first) == [1, 1, 9, 9], "the ends of numbers come first, with every text"
    assert {values[0] for values, _ in order[4:6]} == {5}


def test_an_axis_of_texts_is_extended_as_it_was_written():
    (axis,) = read(PROBE, C="0.1,1")
    (more,) = axes.further(PROBE, {"C": axis}, {"C": "10,100"}, {})
    assert more.values == (("10",), ("100",))
    (axis,) = read(PROBE, C="0.1,1;10")
    (more,) = axes.further(PROBE, {"C": axis}, {"C": "10,100"}, {})
    assert more.values == (("10,100",),)
