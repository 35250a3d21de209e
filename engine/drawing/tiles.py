"""Pictures as the tiles of a plot: 8 bits, in colour; what is to be read stands in their captions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch.nn.functional as F
from PIL import Image

from engine.plots import Tiles
from engine.tensors.pixels import to_uint8

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

MOST_ROWS = 12
"""Rows of an overview, at most."""


def tile(picture: Tensor, most: int = 0) -> NDArray[np.uint8]:
    """Return a picture as a tile, uint8 ``[H, W, 3]``.

    Args:
        picture: ``[1 or 3, H, W]`` in [0, 1].
        most: pixels of the longer side; a larger picture is reduced, a smaller one stays as it is. 0 keeps any size.
    """
    picture = picture.detach().cpu().float().expand(3, -1, -1)
    longest = max(picture.shape[-2:])
    if most and longest > most:
        height, width = (max(1, round(side * most / longest)) for side in picture.shape[-2:])
        picture = F.interpolate(picture[None], (height, width), mode="bilinear", antialias=True)[0]
    array: NDArray[np.uint8] = to_uint8(picture).permute(1, 2, 0).contiguous().numpy()
    return array


def photograph_tile(image: Image.Image, most: int) -> NDArray[np.uint8]:
    """Return a photograph as a tile, uint8 ``[H, W, 3]``; reduced if its longer side has more than ``most`` pixels."""
    small = image.convert("RGB")
    small.thumbnail((most, most), Image.Resampling.LANCZOS)
    return np.asarray(small)


def overview(rows: Sequence[Tiles]) -> Tiles:
    """Return the first of several plots as one, each of them a row; all have the same number of tiles."""
    first = rows[:MOST_ROWS]
    pictures = tuple(picture for row in first for picture in row.pictures)
    captions = tuple(caption for row in first for caption in row.captions)
    return Tiles(pictures, captions, columns=len(first[0].pictures))
