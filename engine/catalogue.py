"""Which experiments exist: the built-in families and the entry points ``phosphene.experiments``."""

from __future__ import annotations

import difflib
import functools
import importlib
import importlib.metadata
import importlib.util
import warnings
from typing import TYPE_CHECKING, Any

from engine.declaration import Experiment, RunOptions
from engine.errors import UnknownExperiment

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

    A package whose experiments cannot be read is left out, with a warning that names it.
    """
    found = built_in()
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        try:
            declared = _declared(entry.load())
        except Exception as error:  # noqa: BLE001 - a broken package of somebody else must not stop the workbench
            warnings.warn(f"the experiments of {entry.value} are left out: {error}", RuntimeWarning, stacklevel=2)
            continue
        found |= {experiment.name: experiment for experiment in declared if experiment.name not in found}
    return found


def left_out() -> list[str]:
    """Return a sentence for each package whose experiments or data sets cannot be read, as they are now."""
    from engine.datasets.catalogue import datasets

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for read in (experiments, datasets):
            read.__wrapped__()
    return [str(one.message) for one in told if one.category is RuntimeWarning]


_TAKEN = RunOptions.model_fields.keys() | {"detach", "as_json", "json"}


def _declared(value: Any) -> tuple[Experiment, ...]:
    experiments = (value,) if isinstance(value, Experiment) else tuple(value)
    for experiment in experiments:
        if not isinstance(experiment, Experiment):
            raise TypeError(f"expected an Experiment, found {type(experiment).__name__}")
        if taken := _TAKEN & experiment.hyperparameters.model_fields.keys():
            raise ValueError(f"{experiment.name} has a hyperparameter {min(taken)}, which every run has already")
    return experiments


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
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else "see what there is: phosphene experiments"
    raise UnknownExperiment(f"there is no experiment {name!r}; {hint}")
