"""Pictures of how a classifier did: its confusion matrix and its worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from engine.drawing.grids import image_grid

if TYPE_CHECKING:
    from engine.authoring import Context

CELL, GAP, TOP = 36, 10, 44
PAPER, INK, RIGHT, WRONG = (250, 250, 248), (40, 42, 54), (38, 110, 160), (200, 70, 60)
OVERVIEW = 12
"""Images in a picture that shows the first of many, at most."""
SHOWN = 32
"""Mistakes in a picture, at most."""


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
    """Log a confusion matrix as a table and as a picture, and return it; see :func:`confusion_matrix`."""
    matrix = confusion_matrix(labels, predictions, len(classes))
    rows = [[name, *counts] for name, counts in zip(classes, matrix.tolist(), strict=True)]
    context.table(name, ["true", *classes], rows)
    context.image(name, confusion_picture(matrix, classes), step)
    return matrix


def confusion_picture(matrix: Tensor, classes: tuple[str, ...]) -> Tensor:
    """Draw a confusion matrix with its counts as a picture ``[3, H, W]`` in [0, 1].

    The shade of a cell is its share of the true class: blue on the diagonal, red for mistakes. Names too long for a
    cell stand upright above their column.
    """
    font, small = ImageFont.load_default(14), ImageFont.load_default(12)
    widest = max(round(font.getlength(name)) for name in classes)
    upright = widest > CELL
    margin = max(TOP, widest + 2 * GAP + 16)
    side = margin + CELL * len(classes) + CELL // 4
    picture = Image.new("RGB", (side, side), PAPER)
    draw = ImageDraw.Draw(picture)
    for row, (name, counts) in enumerate(zip(classes, matrix.tolist(), strict=True)):
        middle = margin + CELL * row + CELL // 2
        draw.text((margin - GAP, middle), name, INK, font, "rm")
        if upright:
            label = Image.new("RGB", (widest, 18), PAPER)
            ImageDraw.Draw(label).text((0, 9), name, INK, font, "lm")
            picture.paste(label.rotate(90, expand=True), (middle - 9, margin - GAP - widest))
        else:
            draw.text((middle, margin - GAP), name, INK, font, "mm")
        for column, count in enumerate(counts):
            corner = (margin + CELL * column, margin + CELL * row)
            share = count / max(sum(counts), 1)
            colour = _blend(RIGHT, share) if row == column else _blend(WRONG, min(share * 8, 1) if count else 0)
            draw.rectangle((*corner, corner[0] + CELL - 2, corner[1] + CELL - 2), colour)
            if count:
                centre = (corner[0] + CELL // 2 - 1, corner[1] + CELL // 2 - 1)
                draw.text(centre, str(count), PAPER if sum(colour) < 400 else INK, small, "mm")
    draw.text((margin + CELL * len(classes) / 2, 12), "predicted", INK, font, "mm")
    picture = picture.rotate(-90)
    ImageDraw.Draw(picture).text((side - margin - CELL * len(classes) / 2, 12), "true", INK, font, "mm")
    picture = picture.rotate(90)
    return tensor_of(picture)


def _blend(colour: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    """Mix a colour into a light grey; share 0 gives the grey, 1 the colour."""
    red, green, blue = (round(236 + (channel - 236) * share) for channel in colour)
    return red, green, blue


def tensor_of(picture: Image.Image) -> Tensor:
    """Return a Pillow image in RGB as ``[3, H, W]`` in [0, 1]."""
    return torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1).float() / 255


def worst_mistakes(scores: Tensor, labels: Tensor, predictions: Tensor, count: int = SHOWN) -> Tensor:
    """Return the indices of the mistakes in which the true class is furthest behind the one chosen, worst first.

    Args:
        scores: ``[N, classes]``, higher is surer.
        labels: ``[N]``.
        predictions: ``[N]``.
        count: at most so many.
    """
    behind = scores.max(1).values - scores.gather(1, labels[:, None]).squeeze(1)
    wrong = (predictions != labels).nonzero().flatten()
    return wrong[behind[wrong].argsort(descending=True, stable=True)][:count]


def captioned_grid(images: Tensor, captions: Sequence[Sequence[str]], columns: int = 8) -> Tensor:
    """Lay images out with lines of text above each, as a picture ``[3, H, W]`` in [0, 1].

    Args:
        images: ``[N, C, H, W]`` in [0, 1], at least one; small ones are enlarged without smoothing.
        captions: for each image its lines, equally many; a line too long is cut.
        columns: images in a row, at most.
    """
    zoom = max(1, round(56 / images.shape[-1]))
    tiles = [_captioned(image, lines, zoom) for image, lines in zip(images, captions, strict=True)]
    return image_grid(torch.stack(tiles), columns=min(columns, len(tiles)), padding=4, background=PAPER[0] / 255)


def _captioned(image: Tensor, lines: Sequence[str], zoom: int) -> Tensor:
    enlarged = image.expand(3, -1, -1).repeat_interleave(zoom, 1).repeat_interleave(zoom, 2)
    font = ImageFont.load_default(13 if enlarged.shape[-1] < 100 else 12)
    label = Image.new("RGB", (enlarged.shape[-1], 2 + 16 * len(lines)), PAPER)
    for number, line in enumerate(lines):
        text = line
        while font.getlength(text) > label.width and len(text) > 2:
            text = f"{text[:-2]}…"
        ImageDraw.Draw(label).text((label.width / 2, 9 + 16 * number), text, INK, font, "mm")
    return torch.cat((tensor_of(label), enlarged), 1)


def eight_bit(images: Tensor) -> Tensor:
    """Return images as 8 bits store them, in [0, 1], without gradient."""
    return images.detach().clamp(0, 1).mul(255).round().div(255)


def heat(maps: Tensor, *, over: Tensor | None = None, top: float = 0) -> Tensor:
    """Colour maps from black over red to yellow; or lay them over images from blue to red.

    Args:
        maps: ``[N, H, W]``, at least 0; each is divided by its 99.5th percentile, beyond which colours are the same.
        over: images ``[N, C, H, W]`` in [0, 1], shown in grey where the map is low.
        top: the value at which colours are full, for all maps instead.

    Returns:
        ``[N, 3, H, W]`` in [0, 1], on the host.
    """
    from matplotlib import colormaps

    maps = maps.detach().cpu().float()
    full = torch.tensor([top]) if top else torch.quantile(maps.flatten(1), 0.995, dim=1)
    shares = (maps / full.clamp(min=1e-12).view(-1, 1, 1)).clamp(0, 1)
    name = "inferno" if over is None else "turbo"
    coloured = torch.from_numpy(colormaps[name](shares.numpy())[..., :3]).permute(0, 3, 1, 2).float()
    if over is None:
        return coloured
    grey = over.detach().cpu().float().mean(1, keepdim=True).expand(-1, 3, -1, -1)
    weight = 0.25 + 0.45 * shares[:, None]
    return (1 - weight) * grey + weight * coloured


def signed_heat(maps: Tensor, top: Tensor) -> Tensor:
    """Colour maps ``[N, H, W]`` as ``[N, 3, H, W]``: from black over red to yellow above 0, to blue below.

    Args:
        maps: any values.
        top: ``[N]``, the magnitude at which colours are full.
    """
    from matplotlib import colormaps

    shares = (maps.detach().cpu().float() / top.cpu().clamp(min=1e-12).view(-1, 1, 1)).clamp(-1, 1)
    above = torch.from_numpy(colormaps["inferno"](shares.clamp(min=0).numpy())[..., :3]).permute(0, 3, 1, 2).float()
    below = torch.tensor((0.25, 0.5, 1.0)).view(1, 3, 1, 1) * (-shares).clamp(min=0)[:, None]
    return above + below


def beside(tiles: Sequence[Tensor], captions: Sequence[Sequence[str]], *, side: int = 0) -> Tensor:
    """Lay pictures of any sizes out in one row with lines of text above each: ``[3, H, W]`` in [0, 1].

    Args:
        tiles: each ``[C, H, W]`` in [0, 1]; enlarged without smoothing or reduced to ``side``.
        captions: for each its lines, equally many.
        side: pixels of the longer side of each; 0 for the largest there is, at least 160.
    """
    side = side or max(160, *(max(tile.shape[-2:]) for tile in tiles))
    drawn = [_captioned(resized(tile, side), lines, 1) for tile, lines in zip(tiles, captions, strict=True)]
    height = max(tile.shape[1] for tile in drawn)
    gap = torch.full((3, height, 6), PAPER[0] / 255)
    parts = [torch.nn.functional.pad(tile, (0, 0, 0, height - tile.shape[1]), value=PAPER[0] / 255) for tile in drawn]
    return torch.cat([piece for part in parts for piece in (part, gap)][:-1], 2)


def stacked(rows: Sequence[Tensor]) -> Tensor:
    """Lay pictures ``[3, H, W]`` of any sizes out below each other."""
    width = max(row.shape[2] for row in rows)
    return torch.cat(
        [torch.nn.functional.pad(row, (0, width - row.shape[2], 0, 6), value=PAPER[0] / 255) for row in rows], 1
    )


def resized(picture: Tensor, side: int) -> Tensor:
    """Return a picture ``[C, H, W]`` in colour with its longer side at ``side`` pixels; whole pixels stay sharp."""
    picture = picture.detach().cpu().float().expand(3, -1, -1)
    longest = max(picture.shape[-2:])
    if longest == side:
        return picture
    size = tuple(max(1, round(edge * side / longest)) for edge in picture.shape[-2:])
    if longest < side:
        return torch.nn.functional.interpolate(picture[None], size, mode="nearest-exact")[0]
    smaller = torch.nn.functional.interpolate(picture[None], size, mode="bilinear", antialias=True)[0]
    return smaller.clamp(0, 1)
