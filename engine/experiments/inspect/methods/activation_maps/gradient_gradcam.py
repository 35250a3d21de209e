"""Grad-CAM times the gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.experiments.inspect.activation import grad_cam
from engine.experiments.inspect.attribution import saliency
from engine.experiments.inspect.explanation import Explained, Explanation, Method

if TYPE_CHECKING:
    from torch import Tensor


def explain(explained: Explained, inputs: Tensor, targets: Tensor, seeds: Sequence[int]) -> Explanation:
    """Return the maps of a batch."""
    del seeds
    coarse = grad_cam(*explained.maps, inputs, targets)
    return Explanation(coarse * saliency(explained.network, inputs, targets))


METHOD = Method(explain, tried=True)
