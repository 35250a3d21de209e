"""Every way of explaining by its name, as it is asked of one network."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.experiments.inspect import activation, attribution

if TYPE_CHECKING:
    from engine.experiments.inspect.declarations import AttributionHyperparameters
    from engine.networks.backbones import Backbone
    from engine.networks.cuts import Sectioned
    from engine.networks.places import Cut

Figures = dict[str, Tensor]
"""What a method says of its own maps, by name, each ``[M]``."""


class Methods:
    """Gives maps ``[M, H, W]``, at least 0: ``methods("gradient", inputs, targets, first)``.

    Args:
        chosen: options of the methods.
        backbone: the network that is asked.
        sectioned: the same as a chain of cuts, for class activation maps.
        layer: where these are taken.
        seed: for SmoothGrad's noise, which depends on it and on an image's place among all.
    """

    def __init__(
        self,
        chosen: AttributionHyperparameters,
        backbone: Backbone,
        sectioned: Sectioned | None,
        layer: Cut | None,
        seed: int,
    ) -> None:
        self._chosen, self._backbone, self._seed = chosen, backbone, seed
        self._sectioned, self._layer = sectioned, layer

    def __call__(self, method: str, inputs: Tensor, targets: Tensor, first: int) -> tuple[Tensor, Figures]:
        """Return a method's maps for a batch of inputs ``[M, C, H, W]``, and what it says of them.

        Args:
            method: its name.
            inputs: as the network takes them.
            targets: class numbers ``[M]``.
            first: the place of the first among all images.
        """
        network = self._backbone.network
        match method:
            case "gradient":
                return attribution.saliency(network, inputs, targets), {}
            case "smoothgrad":
                return attribution.strongest(self._smoothed(inputs, targets, first)), {}
            case "input-x-gradient":
                return attribution.summed(attribution.input_x_gradient(network, inputs, targets)), {}
            case "integrated-gradients":
                return self._integrated(inputs, targets)
            case "guided":
                return attribution.strongest(attribution.guided_backpropagation(network, inputs, targets)), {}
        return self._activation(method, inputs, targets), {}

    def _activation(self, method: str, inputs: Tensor, targets: Tensor) -> Tensor:
        assert self._sectioned is not None
        assert self._layer is not None
        if method == "cam":
            return activation.cam(self._sectioned, self._layer, inputs, targets)
        coarse = activation.grad_cam(self._sectioned, self._layer, inputs, targets)
        fine: dict[str, Callable[..., Tensor]] = {
            "gradient-gradcam": attribution.gradient,
            "guided-gradcam": attribution.guided_backpropagation,
        }
        if method not in fine:
            return coarse
        return coarse * attribution.strongest(fine[method](self._backbone.network, inputs, targets))

    def _smoothed(self, inputs: Tensor, targets: Tensor, first: int) -> Tensor:
        seeds = [self._seed * 1_000_003 + index for index in range(first, first + len(inputs))]
        samples, sigma = self._chosen.samples, self._chosen.sigma
        return attribution.smoothgrad(
            self._backbone.network, inputs, targets, samples=samples, sigma=sigma, seeds=seeds
        )

    def _integrated(self, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Figures]:
        network, shade = self._backbone.network, torch.zeros_like(inputs[:1])
        baseline = self._backbone.preprocessing.standardised(shade) if self._chosen.baseline == "black" else shade
        attributions = attribution.integrated_gradients(
            network, inputs, targets, baseline=baseline, steps=self._chosen.path_steps
        )
        error = attribution.completeness_error(network, inputs, targets, baseline=baseline, attributions=attributions)
        return attribution.summed(attributions), {"completeness error": error}
