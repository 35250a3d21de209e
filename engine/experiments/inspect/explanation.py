"""What a method of explaining is given, and what it gives back; the methods themselves are in the room ``methods``."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.experiments.inspect import methods
from engine.experiments.inspect.activation import NoClassActivation

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
        layer: whose maps are looked at; None where no method needs one.
    """

    options: AttributionHyperparameters
    backbone: Backbone
    sectioned: Sectioned | None
    layer: Cut | None

    @property
    def network(self) -> nn.Module:
        """The network itself."""
        return self.backbone.network

    @property
    def maps(self) -> tuple[Sectioned, Cut]:
        """The chain of cuts and the layer.

        Raises:
            NoClassActivation: if there is no layer.
        """
        if self.sectioned is None or self.layer is None:
            raise NoClassActivation("class activation maps need a layer")
        return self.sectioned, self.layer


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
    """

    explain: Explain
    sanity_checked: bool = True


def method(name: str) -> Method:
    """Return the method of that name."""
    found: Method = importlib.import_module(methods.module_of(name)).METHOD
    return found
