"""What tests of workers share."""

from __future__ import annotations

import pytest


@pytest.fixture
def compare():
    """Check that a run ended up as another one, to the last bit: ``compare(run, whole)``."""

    def compare(run, whole):
        """Check that a run that was interrupted ended up as one that was not, to the last bit."""
        assert run.status().result == whole.status().result
        ours, theirs = run.history().curves, whole.history().curves
        assert ours.series.keys() == theirs.series.keys()
        for name, series in ours.series.items():
            assert series.step.tolist() == theirs.series[name].step.tolist()
            assert series.value.tolist() == theirs.series[name].value.tolist(), name
        mine, other = run.last_checkpoint(), whole.last_checkpoint()
        assert mine.step == other.step
        assert (run.path / mine.file).read_bytes() == (whole.path / other.file).read_bytes()

    return compare
