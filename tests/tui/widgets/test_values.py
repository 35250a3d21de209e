"""The values of a form, without the form."""

from __future__ import annotations

import pytest

from engine.catalogue import experiments
from tui.widgets.form.values import FormValues


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("lr", "* 0.1,0.01", ""),
        ("seed", "2", ""),
        ("seed", "* 0,1,2", "in the plan of a sweep: S in the lists, then seeds"),
        ("device", "*", "only hyperparameters may begin with *"),
    ],
)
def test_an_axis_is_of_hyperparameters_and_seeds_are_asked_for_in_the_plan(name, text, problem):
    found = FormValues(experiments()["cnn"], {}).problem(name, text)
    assert found.endswith(problem) if problem else not found
