"""A map of uniform noise: deletion and insertion of pixels in a random order."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from engine.experiments.inspect.explanation import Explained, Explanation, Method


def explain(explained: Explained, inputs: torch.Tensor, targets: torch.Tensor, seeds: Sequence[int]) -> Explanation:
    """Return the maps of a batch; that of an image depends on its seed alone."""
    del explained, targets
    size = inputs.shape[-2:]
    drawn = [torch.rand(size, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    return Explanation(torch.stack(drawn).to(inputs))


METHOD = Method(explain, sanity_checked=False)
