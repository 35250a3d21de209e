"""Which networks an adversarial experiment pits against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.datasets import names
from engine.experiments.generate.declarations import (
    CdcganHyperparameters,
    CganHyperparameters,
    ConditionalHyperparameters,
    DcganHyperparameters,
    GanHyperparameters,
)
from engine.networks.cdcgan import ConditionalDiscriminator, ConditionalGenerator
from engine.networks.cgan import DenseDiscriminator, DenseGenerator
from engine.networks.dcgan import Discriminator, Generator, initialise

if TYPE_CHECKING:
    from torch import nn


def generator_of(chosen: GanHyperparameters, classes: int) -> nn.Module:
    """Return the generator with fresh weights; a conditional one takes class vectors ``[N, classes]``, too."""
    channels, size = channels_of(chosen), int(chosen.size)
    network: nn.Module
    match chosen:
        case CganHyperparameters():
            network = DenseGenerator(classes, chosen.nz, chosen.hidden, channels, size)
        case CdcganHyperparameters():
            network = ConditionalGenerator(classes, chosen.nz, chosen.ngf, channels, size)
        case DcganHyperparameters():
            network = Generator(chosen.nz, chosen.ngf, channels, size)
        case _:
            raise TypeError(f"{type(chosen).__name__} names no generator")
    initialise(network, chosen.init)
    return network


def discriminator_of(chosen: GanHyperparameters, classes: int) -> nn.Module:
    """Return the discriminator with fresh weights; it takes class vectors if it is told the class."""
    channels, size = channels_of(chosen), int(chosen.size)
    network: nn.Module
    match chosen:
        case CganHyperparameters():
            network = DenseDiscriminator(classes if chosen.tell_d else 0, chosen.hidden, channels, size)
        case CdcganHyperparameters() if chosen.tell_d:
            network = ConditionalDiscriminator(classes, chosen.ndf, channels, size)
        case DcganHyperparameters():
            network = Discriminator(chosen.ndf, channels, size)
        case _:
            raise TypeError(f"{type(chosen).__name__} names no discriminator")
    initialise(network, chosen.init)
    return network


def channels_of(chosen: GanHyperparameters) -> int:
    """Return how many channels the images have."""
    return names.parse(chosen.dataset).channels if chosen.channels == "auto" else int(chosen.channels)


def is_conditional(chosen: GanHyperparameters) -> bool:
    """Tell whether the generator is told the class."""
    return isinstance(chosen, ConditionalHyperparameters)


def tells_discriminator(chosen: GanHyperparameters) -> bool:
    """Tell whether the discriminator is told the class."""
    return isinstance(chosen, ConditionalHyperparameters) and chosen.tell_d
