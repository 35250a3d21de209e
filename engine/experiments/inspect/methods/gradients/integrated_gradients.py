"""Integrated gradients (Sundararajan, Taly & Yan 2017), and how far they miss the sum that they must have."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.experiments.inspect.attribution import completeness_error, integrated_gradients, summed
from engine.experiments.inspect.explanation import Explained, Explanation, Method


def explain(explained: Explained, inputs: Tensor, targets: Tensor, seeds: Sequence[int]) -> Explanation:
    """Return the maps of a batch and their completeness error."""
    del seeds
    network, options = explained.network, explained.options
    baseline = torch.zeros_like(inputs[:1])
    if options.baseline == "black":
        baseline = explained.backbone.preprocessing.standardised(baseline)
    attributions = integrated_gradients(network, inputs, targets, baseline=baseline, steps=options.path_steps)
    error = completeness_error(network, inputs, targets, baseline=baseline, attributions=attributions)
    return Explanation(summed(attributions), {"completeness error": error})


METHOD = Method(explain, limits={"completeness error": (0.05, "more path_steps make it smaller")})
