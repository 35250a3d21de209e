"""What a report says of a sweep whose runs differ in nothing but their seeds."""

from __future__ import annotations

import pytest

from engine import Sweeps
from engine.report import sweeps
from engine.report.document import Figure, Paragraph
from tests.synthetic_sweep import write_sweep


@pytest.mark.parametrize(
    ("seeds", "told"), [(1, ""), (3, ", and their mean with its 95 % interval (the range of two)")]
)
def test_a_sweep_of_seeds_alone_is_one_chart_over_its_seeds_and_has_no_parallel_coordinates(home, seeds, told):
    record = write_sweep(home, [], lambda _, seed: 0.5 + 0.1 * seed, seeds=seeds)
    every = Sweeps(home)
    trials = every.trials(every.directories()[0], record).read()
    [figure] = sweeps.axes(record, trials)
    assert isinstance(figure, Figure)
    assert figure.caption == f"{record.metric} over seed, a point a run{told}."
    [said] = sweeps.parallel(record, trials)
    assert isinstance(said, Paragraph)
