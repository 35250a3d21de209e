"""The references among hyperparameters are resolved before a run is written: one walk over the fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine import catalogue
from engine.errors import InvalidHyperparameters, PhospheneError
from engine.references import Scope, references

if TYPE_CHECKING:
    from engine.declaration import Hyperparameters
    from engine.record.workspace import Workspace


def resolved(workspace: Workspace, hyperparameters: Hyperparameters) -> tuple[Hyperparameters, tuple[str, ...]]:
    """Write out what is named, and return the ids of the earlier runs among it: the new run's parents.

    Raises:
        InvalidHyperparameters: if something does not fit what its field takes.
        PhospheneError: if something is not there; the sentence begins with the name of the field.
    """
    values: dict[str, Any] = {name: getattr(hyperparameters, name) for name in type(hyperparameters).model_fields}
    defaults = {name: info.default for name, info in type(hyperparameters).model_fields.items()}
    parents: list[str] = []
    for name, reference in references(type(hyperparameters)).items():
        scope = Scope(workspace, name, values, defaults, catalogue.experiment)
        try:
            found = reference.resolve(values[name], scope)
        except ValueError as error:
            raise InvalidHyperparameters({name: str(error)}) from None
        except PhospheneError as error:
            raise type(error)(f"{name}: {error}") from error
        values |= {name: found.text, **found.inherited}
        parents += found.parents
    return hyperparameters.model_copy(update=values), tuple(dict.fromkeys(parents))
