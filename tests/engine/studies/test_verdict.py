"""Published beside measured: the interval holds what it says it holds."""

from __future__ import annotations

import math
import random

import pytest

from engine.studies.study import Published
from engine.studies.verdict import judge


def published(value: float, metric: str = "test/loss", images: int = 0) -> Published:
    return Published(metric=metric, value=value, images=images, source="a report")


@pytest.mark.parametrize("n", [3, 5])
def test_one_more_run_lies_in_the_interval_as_often_as_it_says(n):
    generator = random.Random(n)
    trials = 4_000
    inside = 0
    for _ in range(trials):
        *measured, value = (generator.gauss(2.0, 0.3) for _ in range(n + 1))
        inside += judge(published(value), measured).verdict == "inside"
    assert inside / trials == pytest.approx(0.95, abs=0.02)


def test_an_accuracy_that_differs_only_by_the_images_of_the_test_set_is_inside():
    """Equal runs, all measured on the same images, say nothing of how much other images would differ."""
    generator = random.Random(0)
    images, trials = 200, 1_000
    inside = 0
    for _ in range(trials):
        right = sum(generator.random() < 0.9 for _ in range(images))
        inside += judge(published(right / images, "test/accuracy", images), [0.9, 0.9, 0.9]).verdict == "inside"
    assert inside / trials == pytest.approx(0.95, abs=0.03)


def test_it_is_inside_at_the_ends_and_outside_behind_them():
    values = [0.5, 0.6, 0.7]
    found = judge(published(0.6), values)
    # t of two degrees of freedom at 95 %: 4.303, times s = 0.1, times the root of 1 + 1/3.
    assert found.high - 0.6 == pytest.approx(4.303 * 0.1 * math.sqrt(4 / 3), rel=1e-3)
    assert found.low + found.high == pytest.approx(1.2)
    assert judge(published(found.high), values).verdict == "inside"
    assert judge(published(found.low), values).verdict == "inside"
    assert judge(published(math.nextafter(found.high, 2)), values).verdict == "outside"
    assert judge(published(math.nextafter(found.low, -2)), values).verdict == "outside"


@pytest.mark.parametrize("values", [[], [0.5], [0.5, 0.6], [0.5, 0.6, math.nan], [math.nan] * 9])
def test_fewer_than_three_runs_cannot_tell(values):
    found = judge(published(0.5), values)
    assert found.verdict == "cannot tell"
    assert math.isnan(found.low)
    assert judge(published(0.5), values, judged=False).verdict == "not judged"


def test_what_was_set_otherwise_is_not_judged_but_the_interval_is_there():
    found = judge(published(9.0), [0.5, 0.6, 0.7], judged=False)
    assert found.verdict == "not judged"
    assert found.low < 0.6 < found.high


def test_the_interval_of_an_accuracy_is_no_narrower_than_that_of_its_images():
    equal = [0.96, 0.96, 0.96]
    scatter = 1.96 * math.sqrt(0.96 * 0.04 / 100)
    found = judge(published(0.93, "test/accuracy", 100), equal)
    assert found.low == pytest.approx(0.96 - scatter, rel=1e-3)
    assert found.verdict == "inside"
    assert judge(published(0.93, "test/accuracy"), equal).verdict == "outside"
    # Of a loss, no number of images tells how far it scatters.
    assert judge(published(0.93, "test/loss", 100), equal).verdict == "outside"


def test_the_interval_of_an_accuracy_ends_at_0_and_1():
    found = judge(published(1.0, "test/accuracy"), [0.8, 0.9, 1.0])
    assert (found.high, found.verdict) == (1.0, "inside")
    assert judge(published(0.0, "test/accuracy"), [0.0, 0.1, 0.2]).low == 0.0
    assert judge(published(1.1), [0.8, 0.9, 1.0]).high > 1


def test_where_all_images_are_right_the_rule_of_three_leaves_room():
    perfect = [1.0, 1.0, 1.0]
    assert judge(published(0.975, "test/accuracy", 100), perfect).verdict == "inside"
    assert judge(published(0.965, "test/accuracy", 100), perfect).verdict == "outside"
