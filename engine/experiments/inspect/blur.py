"""Gaussian blur whose kernel fits into an image of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchvision.transforms.functional import gaussian_blur

if TYPE_CHECKING:
    from torch import Tensor


def blurred(images: Tensor, sigma: float) -> Tensor:
    """Return images ``[N, C, H, W]`` under a Gaussian, cut off at four standard deviations or at the edge."""
    widest = 2 * ((min(images.shape[-2:]) - 1) // 2) + 1
    smooth: Tensor = gaussian_blur(images, min(2 * max(1, round(4 * sigma)) + 1, widest), sigma)
    return smooth
