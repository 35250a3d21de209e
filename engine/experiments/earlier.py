"""What earlier runs trained, taken in one way: their hyperparameters, their networks rebuilt, their weights."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.catalogue import experiment
from engine.errors import DataUnavailable
from engine.networks import backbones
from engine.networks.names import parse
from engine.networks.weights import fit_weights
from engine.references import RUN
from engine.tensors.checkpoints import load_module

if TYPE_CHECKING:
    from torch import nn

    from engine.authoring import Context, Experiment, Hyperparameters
    from engine.networks.backbones import Backbone

NETWORK = "network"
"""The name under which an experiment that declares a network saves it."""


def load_network(name: str, context: Context) -> Backbone:
    """Return a network by name on the context's device; one that an earlier run trained is rebuilt.

    Raises:
        DataUnavailable: if its weights are not there any more, or do not fit.
    """
    named = parse(name)
    if named.weights != "run":
        return backbones.load(name, context)
    declared, hyperparameters = trained_by(named.detail, context)
    if not declared.network:
        raise DataUnavailable(f"run {named.detail} ({declared.name}) has trained no network that could be taken")
    module, _, function = declared.network.partition(":")
    backbone: Backbone = getattr(importlib.import_module(module), function)(hyperparameters, context)
    restore(backbone.network, named.detail, NETWORK, context)
    return replace(backbone, name=name).on(context.device)


def trained_by(run: str, context: Context) -> tuple[Experiment, Hyperparameters]:
    """Return the experiment of an earlier run, and the hyperparameters that it ran with.

    Args:
        run: its id, or ``run:ID``.
        context: of this run.
    """
    record = context.earlier(run.removeprefix(RUN)).record()
    declared = experiment(record.experiment)
    return declared, declared.validate(record.hyperparameters)


def restore(network: nn.Module, run: str, part: str, context: Context) -> None:
    """Load what an earlier run saved of a network into one of the same build.

    Args:
        network: to load into.
        run: the earlier run's id, or ``run:ID``.
        part: the name under which it saved the network.
        context: of this run.

    Raises:
        DataUnavailable: if it is not there any more, or does not fit.
    """
    earlier = context.earlier(run.removeprefix(RUN))
    saved = earlier.last_checkpoint()
    if saved is None:
        raise DataUnavailable(f"run {earlier.id} has saved no network that could be taken")
    fit_weights(network, load_module(earlier.path / saved.file, part), f"{RUN}{earlier.id}")
