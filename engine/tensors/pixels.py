"""Images in [0, 1] as 8 bits hold them."""

from __future__ import annotations

import torch
from torch import Tensor


def eight_bit(images: Tensor) -> Tensor:
    """Return images rounded to the values that 8 bits can hold, in [0, 1], without gradient."""
    return images.detach().clamp(0, 1).mul(255).round().div(255)


def to_uint8(images: Tensor) -> Tensor:
    """Return images as uint8; values outside [0, 1] are clamped, NaN becomes 0."""
    return images.detach().float().nan_to_num(0.0).clamp(0, 1).mul(255).round().to(torch.uint8)
