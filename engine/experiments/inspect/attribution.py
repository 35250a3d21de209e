"""How much each pixel of an image counts for a class: gradients, and what is made of them.

Everything takes a batch and gives for each image what it gives for that image alone. ``inputs`` are what the network
takes, normalised, ``[N, C, H, W]``; ``targets`` are class numbers, int64 ``[N]``; what comes back has the shape of the
inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from engine.experiments.inspect.guided import Guided

Network = Callable[[Tensor], Tensor]


def gradient(network: Network, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return d logit / d input."""
    inputs = inputs.detach().requires_grad_()
    logits = network(inputs)
    return torch.autograd.grad(logits.gather(1, targets[:, None]).sum(), inputs)[0]


def saliency(network: Network, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return the map of RDFIA practical 3-b, ``[N, H, W]``: the maximum over channels of ``abs(d logit / d input)``.

    Simonyan, Vedaldi & Zisserman 2014, Deep inside convolutional networks.
    """
    return strongest(gradient(network, inputs, targets))


def smoothgrad(
    network: Network, inputs: Tensor, targets: Tensor, *, samples: int, sigma: float, seeds: Sequence[int]
) -> Tensor:
    """Return the gradient averaged over noisy copies of each image.

    Smilkov et al. 2017, SmoothGrad: removing noise by adding noise.

    Args:
        network: gives logits.
        inputs: see above.
        targets: see above.
        samples: noisy copies.
        sigma: standard deviation of the noise as a share of each image's own range of values.
        seeds: one for each image, so that its noise does not depend on its neighbours.
    """
    spread = sigma * (inputs.amax((1, 2, 3)) - inputs.amin((1, 2, 3))).view(-1, 1, 1, 1)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    total = torch.zeros_like(inputs)
    for _ in range(samples):
        noise = torch.stack([torch.randn(inputs.shape[1:], generator=own) for own in generators])
        total += gradient(network, inputs + spread * noise.to(inputs), targets)
    return total / samples


def input_x_gradient(network: Network, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return input times gradient (Shrikumar et al. 2016, Not just a black box)."""
    return inputs * gradient(network, inputs, targets)


def integrated_gradients(network: Network, inputs: Tensor, targets: Tensor, *, baseline: Tensor, steps: int) -> Tensor:
    """Return the path integral of the gradients from a baseline to each image, by Gauss-Legendre quadrature.

    Sundararajan, Taly & Yan 2017, Axiomatic attribution for deep networks.

    Args:
        network: gives logits.
        inputs: see above.
        targets: see above.
        baseline: an input that shows nothing, ``[1 or N, C, H, W]``.
        steps: points of the quadrature.
    """
    points, weights = np.polynomial.legendre.leggauss(steps)
    total = torch.zeros_like(inputs)
    for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
        total += float(weight) * gradient(network, baseline + float(point) * (inputs - baseline), targets)
    return total * (inputs - baseline)


@torch.no_grad()
def completeness_error(
    network: Network, inputs: Tensor, targets: Tensor, *, baseline: Tensor, attributions: Tensor
) -> Tensor:
    """Return how far integrated gradients miss what they must add up to, ``[N]``.

    It is ``abs(sum - (logit(input) - logit(baseline)))`` as a share of ``abs(logit(input) - logit(baseline))``.
    """
    rows = targets[:, None]
    rise = network(inputs).gather(1, rows) - network(baseline.expand_as(inputs)).gather(1, rows)
    rise = rise.squeeze(1)
    return (attributions.sum((1, 2, 3)) - rise).abs() / rise.abs().clamp(min=1e-6)


def guided_backpropagation(network: Network, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return the gradient with every ReLU letting only positive gradients back; see :class:`Guided`.

    Raises:
        NoGuidedBackpropagation: if the network has other activations, or no ReLU.
    """
    with Guided():
        inputs = inputs.detach().requires_grad_()
        logits = network(inputs)
    return torch.autograd.grad(logits.gather(1, targets[:, None]).sum(), inputs)[0]


def strongest(attributions: Tensor) -> Tensor:
    """Return ``[N, H, W]``: the largest magnitude over the channels."""
    return attributions.abs().amax(1)


def summed(attributions: Tensor) -> Tensor:
    """Return ``[N, H, W]``: the magnitude of the sum over the channels, which is a pixel's whole contribution."""
    return attributions.sum(1).abs()
