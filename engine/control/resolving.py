"""What hyperparameters name is found before a run is written: data, weights, images, earlier runs, classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from engine.datasets import sources, trees
from engine.declaration import RunMark
from engine.errors import DataUnavailable, InvalidHyperparameters
from engine.families import experiment as find_experiment
from engine.networks import classes, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

    from engine.declaration import Hyperparameters
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
    full: dict[str, str] = {}
    parents: list[str] = []
    networks: list[str] = []
    for name, info in type(hyperparameters).model_fields.items():
        value = getattr(hyperparameters, name)
        if sources.DATASET_MARK in info.metadata or (name == "dataset" and value in sources.SOURCES):
            sources.require_present(value)
            full[name] = sources.absolute(value)
        elif sources.PICTURES_MARK in info.metadata:
            sources.require_present(value, fewest=1)
            full[name] = sources.absolute(value)
        elif names.NETWORK_MARK in info.metadata or names.NETWORKS_MARK in info.metadata:
            named = names.several(value) if names.NETWORKS_MARK in info.metadata else [value]
            several = [_network(workspace, one, parents) for one in named]
            full[name] = ",".join(several)
            networks = networks or several
        elif trees.IMAGES_MARK in info.metadata:
            full[name] = _images(value) if value else value
        elif (mark := _mark(info, RunMark)) and value not in mark.words:
            parents.append(_earlier_run(workspace, value.removeprefix("run:"), mark.experiments))
            full[name] = f"run:{parents[-1]}"
    for name, info in type(hyperparameters).model_fields.items():
        value = getattr(hyperparameters, name)
        marked = _mark(info, classes.ClassesMark)
        if marked and value not in marked.words:
            for network in networks:
                _check_classes(workspace, name, value, network, marked.most)
    return hyperparameters.model_copy(update=full), tuple(dict.fromkeys(parents))


def _mark(info: FieldInfo, kind: type[T]) -> T | None:
    return next((mark for mark in info.metadata if isinstance(mark, kind)), None)


def _earlier_run(workspace: Workspace, name: str, experiments: tuple[str, ...]) -> str:
    """Return the id of the run that is named; ``last`` is the newest of these experiments that can be taken.

    Raises:
        UnknownRun: if no run, or more than one, answers to the name.
        DataUnavailable: if it is of another experiment, or has saved nothing yet.
    """
    if name == LAST:
        for listed in workspace.list():
            known = listed.record and listed.record.experiment in experiments
            if known and listed.directory.last_checkpoint():
                return listed.id
        raise DataUnavailable(f"there is no run of {' or '.join(experiments)} yet: start one first")
    run = workspace.find(name)
    if (found := run.record().experiment) not in experiments:
        raise DataUnavailable(f"run {run.id} is one of {found}: take one of {' or '.join(experiments)}")
    if run.last_checkpoint() is None:
        raise DataUnavailable(f"run {run.id} has saved nothing yet that could be taken")
    return run.id


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
