"""Hyperparameters that name networks, their classes or their cuts, and what is refused before a launch. No torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from engine.datasets import names as dataset_names
from engine.datasets import sources
from engine.datasets.catalogue import datasets
from engine.datasets.download import reachable
from engine.errors import DataUnavailable
from engine.networks import classes, names, tables
from engine.networks.classes import LEAST_LIKELY, PREDICTED, TRUE
from engine.networks.names import ARCHITECTURES, SMALL_CNN, ModelName
from engine.networks.places import PENULTIMATE, UnknownCut, spread
from engine.networks.weight_files import kind_of
from engine.paths import path_of
from engine.record.annotations import LAST
from engine.references import RUN, Reference, Resolved, Scope, has_checkpoint, references

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.declaration import Experiment
    from engine.networks.places import CutTable
    from engine.record.run_directory import RunDirectory


@dataclass(frozen=True)
class NetworkReference(Reference):
    """A network, or several separated by commas.

    Attributes:
        several: whether more than one may be named.
        optional: whether none need be named.
        weights: whether trained weights are needed; a program that needs only the layers takes any architecture.
    """

    decides_work = True
    several: bool = False
    optional: bool = False
    weights: bool = True

    def check(self, text: str) -> str:
        """Return the names without spaces around them, each once."""
        if self.optional and not text.strip():
            return ""
        if not self.several:
            return names.check(text)
        if not names.several(text):
            raise ValueError("names no network")
        return ",".join(dict.fromkeys(names.check(name) for name in names.several(text)))

    def resolve(self, text: str, scope: Scope) -> Resolved:
        """Return the names written out, and the runs among them as parents; weights must be there, or to be had."""
        parents: list[str] = []
        full = [self._resolved(name, scope, parents) for name in (names.several(text) if self.several else [text])]
        return Resolved(",".join(full), tuple(parents))

    def _resolved(self, text: str, scope: Scope, parents: list[str]) -> str:
        name = names.parse(text)
        if name.weights == "run":
            parents.append(earlier_network(name.detail, scope).id)
            return f"{RUN}{parents[-1]}"
        if self.weights:
            _require_weights(name)
        return names.absolute(text)

    def suggestions(self, values: Mapping[str, Any], cache: Path) -> tuple[str, ...]:  # noqa: ARG002
        """Return the small CNN on each data set that it takes, ``run:last``, and torchvision's networks."""
        trained = [
            f"{SMALL_CNN}:{name}"
            for source in datasets().values()
            for name in (source.name, *source.examples)
            if not dataset_names.parse(name).photographs
        ]
        return (*([""] if self.optional else []), *trained, f"{RUN}{LAST}", *ARCHITECTURES)

    def takes(self, declared: Experiment) -> bool:
        """Tell whether the runs of an experiment train a network."""
        return trains_network(declared)

    def small(self, text: str, scope: Scope) -> bool | None:
        """Tell whether small CNNs alone are named, or networks of runs whose experiment trains a small one."""
        named = names.several(text) if self.several else [text] * bool(text)
        return all(self._small(names.parse(name), scope) for name in named) if named else None

    def _small(self, name: ModelName, scope: Scope) -> bool:
        if name.weights != "run":
            return name.architecture == SMALL_CNN
        return scope.experiment(earlier_network(name.detail, scope).record().experiment).small


def _require_weights(name: ModelName) -> None:
    """Check that a network's weights are there, or can be had.

    Raises:
        DataUnavailable: saying what is missing and what to do.
    """
    if name.weights == "trained":
        sources.require_present(name.detail)
    elif name.weights == "file":
        kind_of(path_of(name.detail))
    elif name.weights == "pretrained":
        file = ARCHITECTURES[name.architecture]
        address = f"{names.WEIGHTS_ADDRESS}{file}"
        if not (names.weights_folder() / file).is_file() and not reachable(address):
            raise names.missing_weights(name.architecture, file, f"{address} does not answer")


def trains_network(declared: Experiment) -> bool:
    """Tell whether the runs of an experiment train a network that others can take."""
    return bool(declared.network)


def earlier_network(run: str, scope: Scope) -> RunDirectory:
    """Return the earlier run whose network is meant.

    Raises:
        UnknownRun: if no run, or more than one, answers to the name.
        DataUnavailable: if it has trained no network.
    """
    found = scope.earlier(run, trains_network, has_checkpoint)
    if found is None:
        raise DataUnavailable("no run has trained a network yet: start one first, as phosphene run cnn")
    declared = scope.experiment(found.record().experiment)
    if not (trains_network(declared) and has_checkpoint(found)):
        raise DataUnavailable(f"run {found.id} ({declared.name}) has trained no network that could be taken")
    return found


@dataclass(frozen=True)
class ClassReference(Reference):
    """Classes of the network that another field names: by number, WordNet id, name or synonym.

    Attributes:
        most: how many may be named.
        words: what may stand there instead.
        network: the field that names the network.
    """

    most: int
    words: tuple[str, ...] = ()
    network: str = "model"

    @property
    def several(self) -> bool:  # type: ignore[override]
        """Whether more than one may be named."""
        return self.most > 1

    def check(self, text: str) -> str:
        """Return the text without spaces around it; only a network tells whether these are classes."""
        name = text.strip()
        if not name and "" not in self.words:
            raise ValueError("names no class")
        return name

    def resolve(self, text: str, scope: Scope) -> Resolved:
        """Return the text; every network must know its classes."""
        if text in self.words:
            return Resolved(text)
        for network in names.several(scope.values[self.network]):
            known = classes.known(network, lambda run: earlier_network(run, scope).record().hyperparameters)
            if known:
                try:
                    classes.find(text, known, self.most)
                except classes.UnknownClass as error:
                    raise ValueError(str(error)) from None
        return Resolved(text)

    def suggestions(self, values: Mapping[str, Any], cache: Path) -> tuple[str, ...]:  # noqa: ARG002
        """Return the words, and the classes of the networks that are named."""
        own = (classes.ALL,) if self.most > 1 else ()
        found: list[str] = []
        for network in names.several(str(values.get(self.network, ""))):
            try:
                found += classes.known(network, lambda _run: {})
            except (ValueError, DataUnavailable):  # is being typed, or not there
                continue
        return (*self.words, *own, *dict.fromkeys(found))


@dataclass(frozen=True)
class CutReference(Reference):
    """A place in the network that another field names, or several separated by commas.

    Attributes:
        words: what may stand there instead.
        several: whether more than one may be named.
        maps: whether the values there must be maps ``[C, H, W]``.
        network: the field that names the network.
    """

    words: tuple[str, ...] = ()
    several: bool = False
    maps: bool = False
    network: str = "model"

    def check(self, text: str) -> str:
        """Return the text without spaces around it; only a network tells whether it has such a place."""
        name = text.strip()
        if name not in self.words and not self._cuts(name):
            raise ValueError("names no layer")
        return name

    def _cuts(self, text: str) -> list[str]:
        """Return the single cuts in a text; a comma inside brackets separates nothing."""
        parts = re.split(r",(?![^\[]*\])", text) if self.several else [text]
        return [part.strip() for part in parts if part.strip()]

    def resolve(self, text: str, scope: Scope) -> Resolved:
        """Return the text; every network must have such a place, as far as its name tells what it is.

        The word for the penultimate cut becomes that cut's name, where the network's name tells what it is.
        """
        cache, computes = scope.workspace.cache, scope.effort != "nothing"
        if text == PENULTIMATE and text in self.words:
            known = architecture_of(scope.values[self.network], scope)
            return Resolved((tables.penultimate(known, cache, computes=computes) if known else "") or text)
        if text in self.words or scope.is_default(scope.field, self.network):
            return Resolved(text)
        for network in names.several(scope.values[self.network]):
            if name := architecture_of(network, scope):
                checks = scope.effort == "checks"
                table = tables.cut_table(_written(name), cache) if checks else tables.cached(name, cache)
                if table is not None:
                    self._require(text, name, table)
        return Resolved(text)

    def _require(self, text: str, name: ModelName, table: CutTable) -> None:
        """Check that each cut is one of a network's.

        Raises:
            ValueError: with cuts that could stand there.
        """
        look = f"or: phosphene cuts {_written(name)}"
        for wanted in self._cuts(text):
            try:
                cut = table.places.find(wanted, name.architecture)
            except UnknownCut as error:
                raise ValueError(f"{error} {look}") from None
            if self.maps and not cut.spatial:
                near = ", ".join(other.name for other in spread(tuple(cut for cut in table.cuts if cut.spatial)))
                raise ValueError(
                    f"{wanted!r} of {name.architecture} gives {list(cut.shape)} and no maps; try {near} {look}"
                )

    def suggestions(self, values: Mapping[str, Any], cache: Path) -> tuple[str, ...]:
        """Return the words, and the cuts of the networks that are named, where their tables are cached."""
        found: list[str] = []
        for network in names.several(str(values.get(self.network, ""))):
            try:
                name = names.parse(network)
            except ValueError:  # is being typed
                continue
            table = None if name.weights == "run" else tables.cached(name, cache)
            found += [cut.name for cut in table.cuts if cut.spatial or not self.maps] if table else []
        return (*self.words, *dict.fromkeys(found))


def _written(name: ModelName) -> str:
    """Return the name of an architecture for which cuts are listed."""
    return f"{name.architecture}:{name.detail}" if name.weights == "trained" else name.architecture


def architecture_of(text: str, scope: Scope) -> ModelName | None:
    """Return the network whose cuts a named one has; None where only the rebuilt network of a run tells."""
    name = names.parse(text)
    if name.weights != "run":
        return name
    record = earlier_network(name.detail, scope).record()
    if record.experiment == SMALL_CNN:
        return names.parse(f"{SMALL_CNN}:{record.hyperparameters['dataset']}")
    # An experiment that starts from a network keeps its layers.
    for field, reference in references(scope.experiment(record.experiment).hyperparameters).items():
        if isinstance(reference, NetworkReference) and not reference.several:
            return architecture_of(record.hyperparameters[field], scope)
    return None


NetworkName = Annotated[str, NetworkReference()]
"""The type of a hyperparameter that names a network."""
NetworkNames = Annotated[str, NetworkReference(several=True)]
"""The type of a hyperparameter that names networks, separated by commas."""
OptionalNetworkNames = Annotated[str, NetworkReference(several=True, optional=True)]
"""The same, where none need be named."""
Architecture = Annotated[str, NetworkReference(weights=False)]
"""The type of a hyperparameter that names a network whose weights are not needed."""
Classes = Annotated[str, ClassReference(64)]
"""The type of a hyperparameter that names classes, several separated by commas."""
ExplainedClass = Annotated[str, ClassReference(1, (TRUE, PREDICTED))]
"""The type of a hyperparameter that names one class, or says that it is the image's own or the predicted one."""
TargetClass = Annotated[str, ClassReference(1, (LEAST_LIKELY,))]
"""The type of a hyperparameter that names the class an image shall be taken for."""
OptionalTarget = Annotated[str, ClassReference(1, ("", LEAST_LIKELY))]
"""The same, where none need be named."""
CutName = Annotated[str, CutReference((PENULTIMATE,))]
"""The type of a hyperparameter that names one cut of the network; the penultimate one needs no name."""
CutNames = Annotated[str, CutReference(("all",), several=True)]
"""The type of a hyperparameter that names cuts, or all that are listed."""
LayerName = Annotated[str, CutReference(("",))]
"""The type of a hyperparameter that names a layer, or none for the program's own choice."""
MapLayerName = Annotated[str, CutReference(("",), maps=True)]
"""The same, of a layer with maps."""
MapLayerNames = Annotated[str, CutReference(("", "all"), several=True, maps=True)]
"""The type of a hyperparameter that names layers with maps, or all that are listed, or none."""
