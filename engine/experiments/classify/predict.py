"""Says what a network takes images for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from engine.datasets import named_images
from engine.datasets.photographs import UnreadableImage
from engine.drawing.tiles import photograph_tile
from engine.experiments.calibration import log_reliability
from engine.experiments.earlier import load_network
from engine.experiments.subjects import true_class
from engine.plots import Tiles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from engine.authoring import Context
    from engine.experiments.classify.declarations import PredictHyperparameters

BATCH = 16
MOST_SHOWN = 64
"""Images in the plot, at most."""
TILE = 224
"""Pixels of the longer side of an image in the plot, at most."""


def run(hyperparameters: PredictHyperparameters, context: Context) -> None:
    """Log the most probable classes of every image: softmax over the logits."""
    images = named_images.find(hyperparameters.images, context)
    backbone = load_network(hyperparameters.model, context)
    preprocessing = backbone.preprocessing.resized(hyperparameters.resize)
    count = min(hyperparameters.top_k, len(backbone.classes))
    rows: list[list[object]] = []
    tiles: list[NDArray[np.uint8]] = []
    captions: list[tuple[str, ...]] = []
    surest: list[float] = []
    # Of each image whose class is known: the probability of the first guess, whether it is right, whether any is.
    known: list[tuple[float, bool, bool]] = []
    groups = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    for _step, group in zip(context.steps(len(groups), unit="batch"), groups, strict=True):
        readable, pixels = [], []
        for image in group:
            try:
                pixels.append(preprocessing.pixels(image.open()))
                readable.append(image)
            except UnreadableImage as error:
                context.message(f"left out: {error}", level="alarm")
        if not readable:
            continue
        with torch.inference_mode():
            logits = backbone.network(preprocessing.normalised(torch.stack(pixels).to(context.device)))
        probabilities = logits.float().softmax(1).cpu()
        for image, own in zip(readable, probabilities, strict=True):
            top = own.topk(count)
            guesses = [(backbone.classes[index], float(p)) for index, p in zip(top.indices, top.values, strict=True)]
            surest.append(guesses[0][1])
            number = true_class(image, backbone.classes)
            label = backbone.classes[number] if number >= 0 else ""
            if label:
                named = [name for name, _ in guesses]
                known.append((guesses[0][1], named[0] == label, label in named))
            rows += [[image.name, label, rank, name, round(p, 4)] for rank, (name, p) in enumerate(guesses, start=1)]
            if len(tiles) < MOST_SHOWN:
                tiles.append(photograph_tile(image.open(), TILE))
                true = [f"true: {label}"] if label else []
                captions.append((image.name, *true, *(f"{p:.2f} {name}" for name, p in guesses)))
    if not rows:
        raise UnreadableImage("none of the images can be read")
    if len(rows) > MOST_SHOWN * count:
        context.message(f"the plot shows the first {MOST_SHOWN} images, the table all of them")
    context.table("predictions", ["image", "true class", "rank", "class", "probability"], rows)
    context.plot("predictions", Tiles(tuple(tiles), tuple(captions)), 1)
    figures = {"images/number": len(surest), "top1/probability": sum(surest) / len(surest)}
    context.result(figures | _figures(known, count, context))


def _figures(known: list[tuple[float, bool, bool]], count: int, context: Context) -> dict[str, float]:
    """Return the accuracies on the images whose class is known, if there are any, and log the reliability diagram."""
    if not known:
        return {}
    confidence, first, among = map(torch.tensor, zip(*known, strict=True))
    log_reliability(confidence, first, "top1", context, 1)
    return {"top1/accuracy": float(first.double().mean()), f"top{count}/accuracy": float(among.double().mean())}
