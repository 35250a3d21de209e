"""Builds the generator and the discriminator that a declaration names."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from engine.datasets import names
from engine.experiments.generate.declarations import ConditionalHyperparameters, GanHyperparameters, Network
from engine.networks.dcgan import initialise

if TYPE_CHECKING:
    from torch import nn


def generator_of(chosen: GanHyperparameters, classes: int) -> nn.Module:
    """Return the generator with fresh weights; a conditional one takes class vectors ``[N, classes]``, too."""
    return _built(chosen.generator, chosen, classes)


def discriminator_of(chosen: GanHyperparameters, classes: int) -> nn.Module:
    """Return the discriminator with fresh weights; a conditional one takes class vectors ``[N, classes]``, too."""
    if isinstance(chosen, ConditionalHyperparameters) and chosen.tell_d:
        return _built(chosen.conditional_discriminator, chosen, classes)
    return _built(chosen.discriminator, chosen, classes)


def _built(network: Network, chosen: GanHyperparameters, classes: int) -> nn.Module:
    module, _, name = network.made_by.partition(":")
    sizes = {width: getattr(chosen, width) for width in network.widths}
    if network.conditional:
        sizes["classes"] = classes
    built: nn.Module = getattr(importlib.import_module(module), name)(
        **sizes, channels=channels_of(chosen), size=int(chosen.size)
    )
    initialise(built, chosen.init)
    return built


def channels_of(chosen: GanHyperparameters) -> int:
    """Return how many channels the images have."""
    return names.parse(chosen.dataset).channels if chosen.channels == "auto" else int(chosen.channels)


def is_conditional(chosen: GanHyperparameters) -> bool:
    """Return whether the generator takes the class."""
    return isinstance(chosen, ConditionalHyperparameters)


def has_conditional_discriminator(chosen: GanHyperparameters) -> bool:
    """Return whether the discriminator takes the class."""
    return isinstance(chosen, ConditionalHyperparameters) and chosen.tell_d
