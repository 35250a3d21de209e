"""Pictures as programs make them, written as PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from engine.tensors.pixels import to_uint8

if TYPE_CHECKING:
    from pathlib import Path

    import torch


def write_png(path: Path, picture: torch.Tensor) -> None:
    """Write a picture.

    Args:
        path: the file; its name need not end in ``.png``.
        picture: float ``[C, H, W]`` with C 1 or 3, values in [0, 1]; values outside are clamped, NaN becomes 0.

    Raises:
        ValueError: if the shape is a different one.
    """
    if picture.ndim != 3 or picture.shape[0] not in {1, 3}:
        raise ValueError(f"a picture is [1 or 3, H, W], not {list(picture.shape)}")
    array = to_uint8(picture).cpu().permute(1, 2, 0).contiguous().numpy()
    Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array).save(path, format="PNG", compress_level=3)
