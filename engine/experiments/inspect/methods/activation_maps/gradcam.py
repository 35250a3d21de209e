"""Grad-CAM (Selvaraju et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.experiments.inspect.activation import grad_cam
from engine.experiments.inspect.explanation import Explained, Explanation, Method

if TYPE_CHECKING:
    from torch import Tensor


def explain(explained: Explained, inputs: Tensor, targets: Tensor, seeds: Sequence[int]) -> Explanation:
    """Return the maps of a batch."""
    del seeds
    return Explanation(grad_cam(*explained.maps, inputs, targets))


METHOD = Method(explain, tried=True)
