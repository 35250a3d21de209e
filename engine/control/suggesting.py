"""What may be offered for a field: what its reference suggests, and the earlier runs that it takes. No torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine import catalogue, declaration
from engine.record.workspace import Workspace
from engine.references import RUN, references

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydantic import BaseModel


def suggestions_for(
    model: type[BaseModel], name: str, values: Mapping[str, Any], home: Path | None = None
) -> tuple[str, ...]:
    """Return what may be offered for a field beside the values of the others, for forms and completion.

    Args:
        model: the hyperparameters of an experiment.
        name: of the field.
        values: what the user has changed, as typed.
        home: the workspace's folder; as :class:`~engine.record.workspace.Workspace` finds it if None.
    """
    found = declaration.suggestions_beside(model, name, values, home)
    reference = references(model).get(name)
    if reference is None:
        return found
    taken = [each.name for each in catalogue.experiments().values() if reference.takes(each)]
    return (*found, *(f"{RUN}{run}" for run in Workspace(home).ids(taken)))
