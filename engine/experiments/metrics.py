"""Loss and accuracies of a classifier on one part of a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from torch import Tensor


def loss_and_accuracy(logits: Tensor, labels: Tensor, part: str) -> dict[str, Tensor]:
    """Return ``part/loss`` (cross-entropy in nats) and ``part/accuracy`` (in [0, 1]) as scalars on the device.

    Args:
        logits: ``[N, classes]``.
        labels: int64 ``[N]``, on the same device.
        part: what stands before the names, for example ``validation``.
    """
    accuracy = (logits.argmax(1) == labels).float().mean()
    return {f"{part}/loss": F.cross_entropy(logits, labels), f"{part}/accuracy": accuracy}


def class_accuracies(labels: Tensor, predictions: Tensor, classes: int) -> Tensor:
    """Return the accuracy of each class, float64 ``[classes]``; NaN for a class without images.

    Args:
        labels: the true classes, int64 ``[N]``.
        predictions: int64 ``[N]``.
        classes: how many there are.
    """
    images = labels.bincount(minlength=classes).double()
    return labels[predictions == labels].bincount(minlength=classes) / torch.where(images > 0, images, torch.nan)
