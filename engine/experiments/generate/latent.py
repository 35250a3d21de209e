"""Inputs of generators: latent vectors and classes, fixed by the seed."""

from __future__ import annotations

import torch
from torch import Tensor

WIDEST = 12
"""Images in a row of a grid by class, at most, unless there are more classes."""


def fixed_noise(count: int, nz: int, seed: int, repeated: int = 1) -> Tensor:
    """Return latent vectors ``[count, nz]``, the same whenever the run is resumed, each ``repeated`` times in a row."""
    vectors = torch.randn(count, nz, generator=torch.Generator().manual_seed(seed))
    return vectors.repeat_interleave(repeated, 0)[:count]


def fixed_labels(count: int, classes: int) -> Tensor:
    """Return the classes one after the other, again and again, int64 ``[count]``: a row of the grid holds each."""
    return torch.arange(count) % classes


def one_hot(labels: Tensor, classes: int) -> Tensor:
    """Return class vectors ``[N, classes]``, float32, for labels ``[N]``."""
    # Unlike `F.one_hot` it looks at no label on the host.
    return (labels[:, None] == torch.arange(classes, device=labels.device)).float()


def columns(classes: int) -> int:
    """Return how many images stand in a row of a grid in which every class has its columns."""
    return classes * max(1, WIDEST // classes)
