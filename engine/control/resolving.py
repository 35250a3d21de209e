"""What hyperparameters name is found before a run is written: data, weights, images, earlier runs, classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from engine.catalogue import experiment as find_experiment
from engine.datasets import sources, trees
from engine.declaration import RunMark
from engine.errors import DataUnavailable, InvalidHyperparameters
from engine.networks import classes, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

    from engine.declaration import Hyperparameters
    from engine.record.run_directory import RunDirectory
    from engine.record.workspace import Workspace

T = TypeVar("T")
LAST = "last"


def resolved(workspace: Workspace, hyperparameters: Hyperparameters) -> tuple[Hyperparameters, tuple[str, ...]]:
    """Write out the paths and the runs that are named, and return the ids of those runs: the new run's parents.

    Raises:
        DataUnavailable: if a data set, a folder or a weights file is not there, before a run waits for it in the queue.
        UnknownRun: if no run, or more than one, answers to the name.
        InvalidHyperparameters: if a class is named that the network does not know.
    """
    full: dict[str, Any] = {}
    parents: list[str] = []
    networks: list[str] = []
    for name, info in type(hyperparameters).model_fields.items():
        value = getattr(hyperparameters, name)
        if dataset := _mark(info, sources.DatasetMark):
            sources.require_present(value, dataset.fewest)
            full[name] = sources.absolute(value)
        elif names.NETWORK_MARK in info.metadata or names.NETWORKS_MARK in info.metadata:
            named = names.several(value) if names.NETWORKS_MARK in info.metadata else [value]
            several = [_network(workspace, one, parents) for one in named]
            full[name] = ",".join(several)
            networks = networks or several
        elif trees.IMAGES_MARK in info.metadata:
            full[name] = _images(value) if value else value
        elif (mark := _mark(info, RunMark)) and value not in mark.words:
            full |= _taken_up(workspace, hyperparameters, name, mark, parents)
    for name, info in type(hyperparameters).model_fields.items():
        value = getattr(hyperparameters, name)
        marked = _mark(info, classes.ClassesMark)
        if marked and value not in marked.words:
            for network in networks:
                _check_classes(workspace, name, value, network, marked.most)
    return hyperparameters.model_copy(update=full), tuple(dict.fromkeys(parents))


def _mark(info: FieldInfo, kind: type[T]) -> T | None:
    return next((mark for mark in info.metadata if isinstance(mark, kind)), None)


def _taken_up(
    workspace: Workspace, hyperparameters: Hyperparameters, field: str, mark: RunMark, parents: list[str]
) -> dict[str, Any]:
    """Return an earlier run's name written out, and what is inherited from it; it joins the parents.

    Raises:
        InvalidHyperparameters: if it does not fit.
    """
    run = _earlier_run(workspace, getattr(hyperparameters, field).removeprefix("run:"), mark)
    if run is None:
        return {field: mark.otherwise}
    values = run.record().hyperparameters
    if complaint := mark.unfit(hyperparameters, values):
        raise InvalidHyperparameters({field: f"run {run.id} {complaint}"})
    parents.append(run.id)
    return {field: f"run:{run.id}"} | {name: values[name] for name in mark.inherited}


def _earlier_run(workspace: Workspace, name: str, mark: RunMark) -> RunDirectory | None:
    """Return the run that is named; ``last`` is the newest that can be taken, or None where another word stands for it.

    Raises:
        UnknownRun: if no run, or more than one, answers to the name.
        DataUnavailable: if it is of another experiment, or has saved nothing yet.
    """
    if name == LAST:
        for listed in workspace.list():
            known = listed.record and listed.record.experiment in mark.experiments
            if known and listed.directory.last_checkpoint():
                return listed.directory
        if mark.otherwise:
            return None
        raise DataUnavailable(f"there is no run of {' or '.join(mark.experiments)} yet: start one first")
    run = workspace.find(name)
    if (found := run.record().experiment) not in mark.experiments:
        raise DataUnavailable(f"run {run.id} is one of {found}: take one of {' or '.join(mark.experiments)}")
    if run.last_checkpoint() is None:
        raise DataUnavailable(f"run {run.id} has saved nothing yet that could be taken")
    return run


def _images(text: str) -> str:
    """Return names of images written out, those of data sets checked.

    Raises:
        DataUnavailable: if a file, a folder, a sample or a data set is not there.
    """
    full = trees.absolute_images(text)
    for name in trees.names_of(full):
        if found := trees.IN_DATASET.fullmatch(name):
            try:
                sources.require_present(sources.check(found[1]))
            except ValueError as error:
                raise DataUnavailable(f"{name}: {error}") from None
    return full


def _network(workspace: Workspace, text: str, parents: list[str]) -> str:
    """Return a network's name written out; a run that it names joins the parents."""
    names.require_weights(text)
    if (network := names.parse(text)).weights != "run":
        return names.absolute(text)
    parents.append(_network_run(workspace, network.detail))
    return f"run:{parents[-1]}"


def _network_run(workspace: Workspace, name: str) -> str:
    """Return the id of the run whose network is meant.

    Raises:
        UnknownRun: if no run, or more than one, answers to the name.
        DataUnavailable: if it has trained no network.
    """
    run = workspace.find(name)
    declared = find_experiment(run.record().experiment)
    if not declared.network or run.last_checkpoint() is None:
        raise DataUnavailable(f"run {run.id} ({declared.name}) has trained no network that could be taken")
    return run.id


def _check_classes(workspace: Workspace, field: str, text: str, model: str, most: int) -> None:
    def record_of(run: str) -> Mapping[str, Any]:
        return workspace.find(run).record().hyperparameters

    known = classes.known(model, record_of)
    if known:
        try:
            classes.find(text, known, most)
        except classes.UnknownClass as error:
            raise InvalidHyperparameters({field: str(error)}) from None
