"""How a classifier did: its confusion matrix and its worst mistakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.plots import Heatmap

if TYPE_CHECKING:
    from engine.authoring import Context

MOST_MISTAKES = 32
"""Mistakes in a plot, at most."""


def confusion_matrix(labels: Tensor, predictions: Tensor, classes: int) -> Tensor:
    """Return counts ``[classes, classes]``, int64: rows are the true classes, columns the predicted ones."""
    return torch.bincount(labels * classes + predictions, minlength=classes**2).view(classes, classes)


def log_confusion(
    labels: Tensor,
    predictions: Tensor,
    classes: tuple[str, ...],
    context: Context,
    step: int,
    name: str = "confusion",
) -> Tensor:
    """Log a confusion matrix as a table and as a plot, and return it; see :func:`confusion_matrix`."""
    matrix = confusion_matrix(labels, predictions, len(classes))
    counts = matrix.tolist()
    context.table(name, ["true", *classes], [[own, *row] for own, row in zip(classes, counts, strict=True)])
    plot = Heatmap(
        tuple(map(tuple, counts)), classes, classes, "true", "predicted", shade="row", diagonal=True, digits=0
    )
    context.plot(name, plot, step)
    return matrix


def worst_mistakes(scores: Tensor, labels: Tensor, predictions: Tensor, count: int = MOST_MISTAKES) -> Tensor:
    """Return the indices of the mistakes in which the true class lies furthest below the best one, worst first.

    Args:
        scores: ``[N, classes]``; the higher, the more confident.
        labels: ``[N]``.
        predictions: ``[N]``.
        count: how many indices are returned, at most.
    """
    gap = scores.max(1).values - scores.gather(1, labels[:, None]).squeeze(1)
    wrong = (predictions != labels).nonzero().flatten()
    return wrong[gap[wrong].argsort(descending=True, stable=True)][:count]
