"""The test of every transfer experiment: accuracy, also by class, predictions, confusion matrix, worst mistakes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.datasets.images import unit_range
from engine.drawing.confusion import log_confusion, worst_mistakes
from engine.drawing.tiles import tile
from engine.experiments.metrics import class_accuracies
from engine.experiments.transfer.declarations import PREDICTIONS
from engine.experiments.transfer.mcnemar import COLUMNS, compare
from engine.plots import Tiles

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.datasets.photographs import Photographs, Preprocessing

TILE = 112
"""Pixels a side of a mistake in the plot, where the images themselves are larger."""


def report(
    predictions: Tensor,
    scores: Tensor,
    photographs: Photographs,
    preprocessing: Preprocessing,
    context: Context,
    step: int,
    against: str,
) -> None:
    """Log figures, tables and pictures of a classifier's test.

    - ``test/accuracy``: the share of the images that are classified rightly.
    - ``test/mean-class-accuracy``: the mean of the accuracies of the classes, in which a rare class counts as much as
      a frequent one; published figures on 15-Scene are mostly these.

    Args:
        predictions: int64 ``[N]`` on the CPU.
        scores: ``[N, classes]``, the higher, the more confident; an SVC can predict another class than the highest.
        photographs: the ``N`` test images.
        preprocessing: what the network saw of them.
        context: of the run.
        step: the last one.
        against: an earlier run on the same images, which it is compared with; empty for none.
    """
    classes, labels = photographs.classes, photographs.labels
    by_class = class_accuracies(labels, predictions, len(classes))
    right = predictions == labels
    figures = {"test/accuracy": right.double().mean(), "test/mean-class-accuracy": by_class.nanmean()}
    context.result({name: float(value) for name, value in figures.items()})
    matrix = log_confusion(labels, predictions, classes, context, step)
    context.table(
        "classes", ["class", "images", "accuracy", "most often taken for"], _by_class(matrix, by_class, classes)
    )
    named = zip(photographs.names, labels.tolist(), predictions.tolist(), strict=True)
    context.table(PREDICTIONS, COLUMNS, [(name, classes[true], classes[predicted]) for name, true, predicted in named])
    worst = worst_mistakes(scores, labels, predictions)
    if len(worst):
        names = [(photographs.names[i], classes[labels[i]], classes[predictions[i]]) for i in worst.tolist()]
        context.table("mistakes", ["image", "true", "predicted"], names)
        seen = replace(preprocessing, size=min(TILE, preprocessing.size), resize=0, channels=3)
        images = unit_range(torch.stack([seen.pixels(photographs.open(index)) for index in worst.tolist()]))
        captions = tuple((f"{true} > {predicted}", name.rpartition("/")[2]) for name, true, predicted in names)
        context.plot("mistakes", Tiles(tuple(map(tile, images)), captions), step)
    if against:
        compare(against, photographs.names, right.numpy(), context)


def _by_class(matrix: Tensor, accuracies: Tensor, classes: tuple[str, ...]) -> list[list[str | int | float]]:
    rows: list[list[str | int | float]] = []
    for index, name in enumerate(classes):
        counts = matrix[index].clone()
        total = int(counts.sum())
        counts[index] = 0
        wrong = classes[int(counts.argmax())] if counts.any() else ""
        rows.append([name, total, round(float(accuracies[index]), 4) if total else "", wrong])
    return rows
