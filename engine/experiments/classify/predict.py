"""Says what a network takes images for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from engine.datasets import named_images
from engine.datasets.photographs import UnreadableImage
from engine.drawing.grids import image_grid
from engine.drawing.tiles import INK, PAPER, tensor_of
from engine.experiments.earlier import load_network
from engine.experiments.subjects import true_class

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.experiments.classify.declarations import PredictHyperparameters

BATCH = 16
MOST_SHOWN = 64
TILE, BAR = 160, 20
"""Pixels: side of an image in the picture, height of a class below it."""
BLUE, GREY = (150, 196, 226), (206, 206, 202)


def run(hyperparameters: PredictHyperparameters, context: Context) -> None:
    """Log the most probable classes of every image: softmax over the logits."""
    images = named_images.find(hyperparameters.images)
    backbone = load_network(hyperparameters.model, context)
    preprocessing = backbone.preprocessing.resized(hyperparameters.resize)
    count = min(hyperparameters.top_k, len(backbone.classes))
    rows, tiles, known, right, first = [], [], 0, 0, 0
    groups = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
    for step, group in zip(context.steps(len(groups), unit="batch"), groups, strict=True):
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
            number = true_class(image, backbone.classes)
            label = backbone.classes[number] if number >= 0 else ""
            known += bool(label)
            right += label in {name for name, _ in guesses} if label else 0
            first += label == guesses[0][0] if label else 0
            rows += [[image.name, label, rank, name, round(p, 4)] for rank, (name, p) in enumerate(guesses, start=1)]
            if len(tiles) < MOST_SHOWN:
                tiles.append(_tile(image.open(), label, guesses))
        context.log(step, {"images/done": step * BATCH if step < len(groups) else len(images)})
    if not rows:
        raise UnreadableImage("none of the images can be read")
    if len(rows) > MOST_SHOWN * count:
        context.message(f"the picture shows the first {MOST_SHOWN} images, the table all of them")
    context.table("predictions", ["image", "true class", "rank", "class", "probability"], rows)
    columns = max(1, min(6, round((len(tiles) * 1.6) ** 0.5)))
    context.image(
        "predictions", image_grid(torch.stack(tiles), columns=columns, padding=8, background=PAPER[0] / 255), 1
    )
    results = {"images/number": len(rows) / count}
    if known:
        results |= {"top1/accuracy": first / known, f"top{count}/accuracy": right / known}
    context.result(results)


def _tile(image: Image.Image, label: str, guesses: list[tuple[str, float]]) -> Tensor:
    """Draw an image with its most probable classes as bars below: ``[3, H, W]`` in [0, 1]."""
    small = image.convert("RGB")
    sharp = min(small.size) < TILE // 2
    small = small.resize((TILE, TILE), Image.Resampling.NEAREST if sharp else Image.Resampling.LANCZOS)
    tile = Image.new("RGB", (TILE, TILE + 4 + BAR * (len(guesses) + 1)), PAPER)
    tile.paste(small, (0, 0))
    draw, font = ImageDraw.Draw(tile), ImageFont.load_default(12)
    draw.text((2, TILE + 4 + BAR / 2), f"true: {label}" if label else "", INK, font, "lm")
    for row, (name, probability) in enumerate(guesses, start=1):
        top = TILE + 4 + BAR * row
        colour = BLUE if name == label or not label else GREY
        draw.rectangle((0, top + 3, max(1, round(probability * TILE)), top + BAR - 3), colour)
        text = f"{probability:.2f} {name}"
        draw.text((3, top + BAR / 2), text, INK, font, "lm")
    return tensor_of(tile)
