"""Nearest neighbours of samples among real images: precision and recall, and what was learnt by heart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from torch import Tensor

NEIGHBOUR = 3
"""A point's ball reaches to its third neighbour, as in the paper."""
CHUNK = 1_000


def precision_and_recall(real: Tensor, fake: Tensor) -> tuple[float, float]:
    """Return precision and recall of samples (Kynkäänniemi et al. 2019, equations 1 and 2, k = 3).

    The balls around the points of a set reach to their third neighbours in it. Precision is the share of samples that
    lie in a ball around a real image, recall the share of real images that lie in a ball around a sample.

    Args:
        real: features ``[N, D]``, N above 3.
        fake: features ``[M, D]``, M above 3; both figures rise with the size of the set whose balls are taken.
    """
    return _covered(fake, real), _covered(real, fake)


def _covered(points: Tensor, around: Tensor) -> float:
    """Return the share of points that lie in a ball around one of the others."""
    # Its nearest is the point itself.
    radii = torch.cat([torch.cdist(part, around).kthvalue(NEIGHBOUR + 1).values for part in around.split(CHUNK)])
    inside = [(torch.cdist(part, around) <= radii).any(1) for part in points.split(CHUNK)]
    return float(torch.cat(inside).float().mean())


class Nearest(NamedTuple):
    """For each image the nearest of others: its index, int64 ``[N]``, and the root mean squared difference."""

    indices: Tensor
    distances: Tensor


def nearest(images: Tensor, among: Tensor) -> Nearest:
    """Find the nearest of images ``[M, C, H, W]`` to each of ``[N, C, H, W]``, pixel by pixel."""
    flat = images.flatten(1)
    best = torch.full((len(flat),), torch.inf, device=flat.device)
    indices = torch.zeros(len(flat), dtype=torch.long, device=flat.device)
    for number, part in enumerate(among.split(CHUNK)):
        distances, found = torch.cdist(flat, part.flatten(1)).min(1)
        closer = distances < best
        best = torch.where(closer, distances, best)
        indices = torch.where(closer, found + number * CHUNK, indices)
    # Anew from the difference: what cdist multiplies out is inexact where images are nearly the same.
    return Nearest(indices, (flat - among[indices].flatten(1)).square().mean(1).sqrt())
