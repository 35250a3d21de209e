"""Many small images laid out as one picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor


def image_grid(images: Tensor, *, columns: int = 0, padding: int = 2, background: float = 0.5) -> Tensor:
    """Lay images ``[N, C, H, W]`` in [0, 1] out row by row, as one picture ``[C, height, width]``.

    Args:
        images: at least one.
        columns: images in a row; 0 for a square.
        padding: pixels between the images and around them.
        background: grey value of the padding and of places left empty.
    """
    count, channels, height, width = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = -(-count // columns)
    places = images.new_full((rows * columns, channels, height + padding, width + padding), background)
    places[:count, :, padding:, padding:] = images
    picture = places.view(rows, columns, channels, height + padding, width + padding).permute(2, 0, 3, 1, 4)
    picture = picture.reshape(channels, rows * (height + padding), columns * (width + padding))
    return torch.nn.functional.pad(picture, (0, padding, 0, padding), value=background)
