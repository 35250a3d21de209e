"""What a launch asks before anything is written: what is named is found, the device is there, the disk has room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from engine import catalogue
from engine.control.devices import device_set
from engine.declaration import Hyperparameters, Model, RunOptions, validate
from engine.errors import InvalidHyperparameters, PhospheneError
from engine.references import Scope, references
from engine.slurm.asking import Wanted, require, require_asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from engine.declaration import Experiment
    from engine.record.workspace import Workspace
    from engine.references import Effort, Reference


def ready(
    workspace: Workspace,
    declared: Experiment,
    values: Hyperparameters | Mapping[str, Any],
    options: RunOptions | Mapping[str, Any],
) -> tuple[Hyperparameters, RunOptions, tuple[str, ...]]:
    """Return the hyperparameters with what they name written out, the options, and the ids of the runs among them.

    Raises:
        InvalidHyperparameters: if values are refused, or something does not fit what its field takes.
        PhospheneError: if something is not there, or the disk is full.
    """
    workspace.require_room()
    hyperparameters, refused = _validated(declared.hyperparameters, values)
    checked, more = _validated(RunOptions, options)
    if hyperparameters is None or checked is None:
        raise InvalidHyperparameters({**refused, **more})
    errors: list[PhospheneError] = []
    try:
        hyperparameters, parents = resolved(workspace, hyperparameters)
    except PhospheneError as error:
        parents = ()
        errors.append(error)
    try:
        require_place(workspace, checked)
    except PhospheneError as error:
        errors.append(error)
    refuse(errors)
    return hyperparameters, checked, parents


def require_place(workspace: Workspace, options: RunOptions) -> None:
    """Check that there is a device here, or a Slurm that may have one; what Slurm says of it comes with the launch.

    Raises:
        PhospheneError: if a launch is bound to fail; it names the field.
    """
    if wanted := Wanted.of(options.model_dump()):
        require(wanted, options.device, workspace.home)
        return
    require_asked(options)
    try:
        device_set(options.device)
    except PhospheneError as error:
        raise error.of("device") from error


def problems(
    workspace: Workspace, declared: Experiment, values: Mapping[str, Any], options: Mapping[str, Any]
) -> dict[str, str]:
    """Return why a launch would be refused, by field; what is no field's stands under the empty name."""
    try:
        ready(workspace, declared, values, options)
    except PhospheneError as error:
        return dict(error.problems) or {"": str(error)}
    return {}


def doubts(declared: Experiment, values: Mapping[str, Any]) -> dict[str, str]:
    """Return what is hardly meant, by field; nothing where the values would be refused."""
    try:
        return declared.validate(values).doubts
    except PhospheneError:
        return {}


def small(workspace: Workspace, declared: Experiment, hyperparameters: Hyperparameters) -> bool:
    """Tell whether a run computes with small networks alone; see :class:`engine.declaration.Experiment`.

    Args:
        workspace: where earlier runs lie.
        declared: its experiment.
        hyperparameters: of the run.

    Raises:
        PhospheneError: if a network that is named is not there.
    """
    values = hyperparameters.model_dump()
    scopes = _references(workspace, type(hyperparameters), values)
    told = {reference.small(values[scope.field], scope) for reference, scope in scopes} - {None}
    return declared.small if not told else False not in told


def resolved(
    workspace: Workspace, hyperparameters: Hyperparameters, effort: Effort = "checks"
) -> tuple[Hyperparameters, tuple[str, ...]]:
    """Write out what is named, and return the ids of the earlier runs among it: the new run's parents.

    Args:
        workspace: where earlier runs and cached tables lie.
        hyperparameters: of a run.
        effort: what may take seconds; see :class:`engine.references.Scope`.

    Raises:
        InvalidHyperparameters: if something does not fit what its field takes.
        PhospheneError: if something is not there; the sentence begins with the name of the field.
    """
    values: dict[str, Any] = {name: getattr(hyperparameters, name) for name in type(hyperparameters).model_fields}
    parents: list[str] = []
    errors: dict[str, PhospheneError] = {}
    for reference, scope in _references(workspace, type(hyperparameters), values, effort):
        name = scope.field
        try:
            found = reference.resolve(values[name], scope)
        except ValueError as error:
            errors.setdefault(str(error), InvalidHyperparameters({name: str(error)}))
        except PhospheneError as error:
            # Fields that look at one that is not there say the same of it: the first is to blame.
            errors.setdefault(str(error), error.of(name))
        else:
            values |= {name: found.text, **found.inherited}
            parents += found.parents
    refuse(errors.values())
    return hyperparameters.model_copy(update=values), tuple(dict.fromkeys(parents))


def _references(
    workspace: Workspace, model: type[Hyperparameters], values: Mapping[str, Any], effort: Effort = "nothing"
) -> Iterator[tuple[Reference, Scope]]:
    """Yield the references among the fields, each with what it may look at: values that are changed on the way, too."""
    defaults = {name: info.default for name, info in model.model_fields.items()}
    for name, reference in references(model).items():
        yield reference, Scope(workspace, name, values, defaults, catalogue.experiment, effort)


def _validated(
    model: type[Model], values: Hyperparameters | Mapping[str, Any]
) -> tuple[Model | None, Mapping[str, str]]:
    if isinstance(values, Hyperparameters):
        return cast("Model", values), {}
    try:
        return validate(model, values), {}
    except InvalidHyperparameters as error:
        return None, error.problems


def refuse(errors: Iterable[PhospheneError]) -> None:
    """Raise what was found, if anything: one error as it is, several as one that names all fields."""
    found = [*errors]
    if len(found) == 1:
        raise found[0]
    if found:
        raise InvalidHyperparameters({name: text for error in found for name, text in error.problems.items()})
