"""Pictures of how a classifier did: its confusion matrix and its worst mistakes."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from engine.datasets.pictures import image_grid

CELL, MARGIN = 36, 44
PAPER, INK, RIGHT, WRONG = (250, 250, 248), (40, 42, 54), (38, 110, 160), (200, 70, 60)


def confusion_matrix(labels: Tensor, predictions: Tensor, classes: int) -> Tensor:
    """Return counts ``[classes, classes]``, int64: rows are the true classes, columns the predicted ones."""
    return torch.bincount(labels * classes + predictions, minlength=classes**2).view(classes, classes)


def confusion_picture(matrix: Tensor, classes: tuple[str, ...]) -> Tensor:
    """Draw a confusion matrix with its counts as a picture ``[3, H, W]`` in [0, 1].

    The shade of a cell is its share of the true class: blue on the diagonal, red for mistakes.
    """
    counts = matrix.tolist()
    side = MARGIN + CELL * len(classes) + CELL // 4
    picture = Image.new("RGB", (side, side), PAPER)
    draw = ImageDraw.Draw(picture)
    font, small = ImageFont.load_default(14), ImageFont.load_default(12)
    for row, name in enumerate(classes):
        middle = MARGIN + CELL * row + CELL // 2
        draw.text((middle, MARGIN - 10), name, INK, font, "mm")
        draw.text((MARGIN - 10, middle), name, INK, font, "mm")
        for column, count in enumerate(counts[row]):
            corner = (MARGIN + CELL * column, MARGIN + CELL * row)
            share = count / max(sum(counts[row]), 1)
            colour = _blend(RIGHT, share) if row == column else _blend(WRONG, min(share * 8, 1) if count else 0)
            draw.rectangle((*corner, corner[0] + CELL - 2, corner[1] + CELL - 2), colour)
            if count:
                centre = (corner[0] + CELL // 2 - 1, corner[1] + CELL // 2 - 1)
                draw.text(centre, str(count), PAPER if sum(colour) < 400 else INK, small, "mm")
    draw.text((MARGIN + CELL * len(classes) / 2, 14), "predicted", INK, font, "mm")
    picture = picture.rotate(-90)
    ImageDraw.Draw(picture).text((side - MARGIN - CELL * len(classes) / 2, 14), "true", INK, font, "mm")
    picture = picture.rotate(90)
    return torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1).float() / 255


def _blend(colour: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    """Mix a colour into a light grey; share 0 gives the grey, 1 the colour."""
    red, green, blue = (round(236 + (channel - 236) * share) for channel in colour)
    return red, green, blue


def mistakes_picture(images: Tensor, probabilities: Tensor, labels: Tensor, classes: tuple[str, ...]) -> Tensor | None:
    """Draw the 32 mistakes in which the true class was given least, each with "true>predicted" above.

    Args:
        images: ``[N, C, H, W]`` in [0, 1].
        probabilities: ``[N, classes]``.
        labels: ``[N]``.
        classes: names.

    Returns:
        A picture ``[3, H, W]`` in [0, 1], worst first, or None if nothing was mistaken.
    """
    predictions = probabilities.argmax(1)
    wrong = (predictions != labels).nonzero().flatten()
    if not len(wrong):
        return None
    worst = wrong[probabilities[wrong, labels[wrong]].argsort(stable=True)][:32]
    zoom = max(1, round(56 / images.shape[-1]))
    tiles = [
        _captioned(images[index], f"{classes[labels[index]]} > {classes[predictions[index]]}", zoom)
        for index in worst.tolist()
    ]
    return image_grid(torch.stack(tiles), columns=min(8, len(tiles)), padding=4, background=PAPER[0] / 255)


def _captioned(image: Tensor, caption: str, zoom: int) -> Tensor:
    """Return an image ``[C, H, W]`` enlarged, on paper with a caption above, as ``[3, H', W']``."""
    enlarged = image.expand(3, -1, -1).repeat_interleave(zoom, 1).repeat_interleave(zoom, 2)
    label = Image.new("RGB", (enlarged.shape[-1], 18), PAPER)
    ImageDraw.Draw(label).text((label.width / 2, 9), caption, INK, ImageFont.load_default(13), "mm")
    strip = torch.from_numpy(np.asarray(label).copy()).permute(2, 0, 1).float() / 255
    return torch.cat((strip, enlarged), 1)
