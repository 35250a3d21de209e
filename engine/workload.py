"""What decides how much a run has to do: runs with equal ones tell each other's time and size."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from engine.references import references

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from engine.declaration import Experiment

COUNTS = ("epochs", "steps", "iterations", "rounds", "round_epochs", "batch")
"""Hyperparameters that count how often something is done, and to how many images at once."""

Workload = tuple[tuple[str, Any], ...]
"""Hyperparameters and their values, in the order of their names."""


def workload(experiment: Experiment, values: Mapping[str, Any]) -> Workload:
    """Return the hyperparameters of a run that decide how much it has to do.

    They are those that count epochs, steps or the images of a batch, and those that name data sets, images or networks.

    Args:
        experiment: of the run.
        values: its hyperparameters, as plain values; those that it has not have their defaults.
    """
    defaults = _deciding(experiment.hyperparameters)
    return tuple((name, values.get(name, default)) for name, default in defaults.items())


@functools.cache
def _deciding(model: type[BaseModel]) -> Mapping[str, Any]:
    """Return the defaults of the hyperparameters that decide the work, sorted by their names; asked for every cell."""
    named = {name for name, one in references(model).items() if one.decides_work}
    fields = model.model_fields
    return {name: fields[name].default for name in sorted(named.union(COUNTS).intersection(fields))}
