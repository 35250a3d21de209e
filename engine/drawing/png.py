"""Pictures as programs make them, written as PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path


def write_png(path: Path, picture: torch.Tensor) -> None:
    """Write a picture.

    Args:
        path: the file; its name need not end in ``.png``.
        picture: float ``[C, H, W]`` with C 1 or 3, values in [0, 1]; values outside are clamped, NaN becomes 0.

    Raises:
        ValueError: if the shape is another one.
    """
    if picture.ndim != 3 or picture.shape[0] not in {1, 3}:
        raise ValueError(f"a picture is [1 or 3, H, W], not {list(picture.shape)}")
    pixels = picture.detach().float().nan_to_num(0.0).clamp(0, 1).mul(255).round().to("cpu", torch.uint8)
    array = pixels.permute(1, 2, 0).contiguous().numpy()
    Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array).save(path, format="PNG", compress_level=3)
