"""What a method of explaining is given, and what it gives back; the methods themselves are in the room ``methods``."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.experiments.inspect import activation, methods

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.experiments.inspect.declarations import AttributionHyperparameters
    from engine.networks.backbones import Backbone
    from engine.networks.cuts import Sectioned
    from engine.networks.places import Cut


@dataclass(frozen=True, slots=True)
class Explained:
    """A network, and how it is explained.

    Attributes:
        options: of all methods.
        backbone: the network.
        sectioned: the same network as a chain of cuts; None where no method needs a layer.
    """

    options: AttributionHyperparameters
    backbone: Backbone
    sectioned: Sectioned | None

    @property
    def network(self) -> nn.Module:
        """The network itself."""
        return self.backbone.network

    @property
    def maps(self) -> tuple[Sectioned, Cut]:
        """The chain of cuts, and the layer that is named, or the default one.

        Raises:
            NoClassActivation: if it has no maps.
        """
        assert self.sectioned is not None
        return self.sectioned, activation.layer(self.sectioned, self.options.layer)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Maps of a batch.

    Attributes:
        maps: ``[N, H, W]``, at least 0; the larger, the more a place counts for the class.
        figures: measures of the maps by the method itself, by name, each ``[N]``.
    """

    maps: Tensor
    figures: dict[str, Tensor] = field(default_factory=dict)


Explain = Callable[["Explained", "Tensor", "Tensor", Sequence[int]], Explanation]
"""From a network, inputs ``[N, C, H, W]`` as it takes them, class numbers ``[N]`` and a seed for each image to maps."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method of explaining.

    Attributes:
        explain: gives the maps.
        sanity_checked: whether its maps are compared with those at random weights.
        tried: whether some networks cannot do it, so that it is tried on one image before anything is computed.
        limits: up to which value each of its figures is sound, and what makes it smaller.
    """

    explain: Explain
    sanity_checked: bool = True
    tried: bool = False
    limits: Mapping[str, tuple[float, str]] = field(default_factory=dict)


def method(name: str) -> Method:
    """Return the method of that name."""
    found: Method = importlib.import_module(methods.module_of(name)).METHOD
    return found
