"""SmoothGrad (Smilkov et al. 2017): the gradient averaged over noisy copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.experiments.inspect.attribution import smoothgrad, strongest
from engine.experiments.inspect.explanation import Explained, Explanation, Method

if TYPE_CHECKING:
    from torch import Tensor


def explain(explained: Explained, inputs: Tensor, targets: Tensor, seeds: Sequence[int]) -> Explanation:
    """Return the maps of a batch; the noise of an image depends on its seed alone."""
    samples, sigma = explained.options.samples, explained.options.sigma
    gradients = smoothgrad(explained.network, inputs, targets, samples=samples, sigma=sigma, seeds=seeds)
    return Explanation(strongest(gradients))


METHOD = Method(explain)
