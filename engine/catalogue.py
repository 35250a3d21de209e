"""Which experiments exist: the built-in families and the entry points ``phosphene.experiments``."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import warnings
from typing import TYPE_CHECKING

from engine import wording
from engine.declaration import Experiment, RunOptions
from engine.errors import UnknownExperiment
from engine.packages import LeftOut, with_additions

if TYPE_CHECKING:
    from collections.abc import Mapping

FAMILIES = ("classify", "transfer", "inspect", "fool", "adapt", "generate")
ENTRY_POINTS = "phosphene.experiments"


def built_in() -> dict[str, Experiment]:
    """Return the experiments of the built-in families by name, family by family."""
    found: dict[str, Experiment] = {}
    for family in FAMILIES:
        module = f"engine.experiments.{family}.declarations"
        if importlib.util.find_spec(module.rpartition(".")[0]) and importlib.util.find_spec(module):
            found |= {experiment.name: experiment for experiment in importlib.import_module(module).EXPERIMENTS}
    return found


@functools.cache
def experiments() -> Mapping[str, Experiment]:
    """Return every declared experiment by name, family by family.

    What of a package cannot be read is left out, with a warning that names it.
    """
    return with_additions(built_in(), ENTRY_POINTS, Experiment, "experiment", _check)


def left_out() -> list[str]:
    """Return a sentence for each package, or part of one, that is in no catalogue as packages are now."""
    from engine.datasets.catalogue import datasets

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for read in (experiments, datasets):
            read.__wrapped__()
    return [str(one.message) for one in told if one.category is LeftOut]


_TAKEN = RunOptions.model_fields.keys() | {"detach", "as_json", "json"}
_RESERVED = frozenset({"show", "follow", "stop", "resume", "extend", "remove", "all", "last"})
"""Words that mean something else where an experiment is named."""


def _check(experiment: Experiment) -> None:
    if experiment.name in _RESERVED:
        raise ValueError(f"{experiment.name!r} cannot name an experiment: commands have that word")
    if taken := _TAKEN & experiment.hyperparameters.model_fields.keys():
        raise ValueError(f"{experiment.name} has a hyperparameter {min(taken)}, which every run has already")


def headline_of(name: str) -> str:
    """Return the result that an experiment is known by; empty if it names none or is not installed."""
    declared = experiments().get(name)
    return declared.headline.result if declared is not None and declared.headline is not None else ""


def experiment(name: str) -> Experiment:
    """Return the experiment of that name.

    Raises:
        UnknownExperiment: naming the most similar experiment.
    """
    known = experiments()
    if name in known:
        return known[name]
    hint = wording.meant(name, known, "see what there is: phosphene experiments")
    raise UnknownExperiment(f"there is no experiment {name!r}; {hint}")
