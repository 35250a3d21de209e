"""Augmentation of whole batches on the device: every image by its own draw.

The recipe of Nehlil & Boutaleb (section 1.6.3, transfer learning with VGG16), in this order and with the distributions
of torchvision's transforms: horizontal flip, rotation and resized crop, in one interpolation; colour jitter;
perspective.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.datasets.images import LUMINANCE
from engine.tensors.devices import constants

TRIES = 10
CORNERS = (-1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0, 1.0)
"""Of an image: top left, top right, bottom right, bottom left, each x and y."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What is drawn for each image.

    Attributes:
        flip: probability of a horizontal flip.
        degrees: rotation by an angle in [-degrees, degrees].
        area: bounds of the share of the image that a crop covers.
        ratio: bounds of a crop's width over its height.
        jitter: brightness, contrast and saturation are multiplied by a factor in [1 - jitter, 1 + jitter], in an order
            that is drawn for each image.
        distortion: corners move inwards by up to this share of half a side, ...
        perspective: ... with this probability.
    """

    flip: float = 0.5
    degrees: float = 15.0
    area: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    jitter: float = 0.2
    distortion: float = 0.2
    perspective: float = 0.5

    def __call__(self, images: Tensor, size: int, generator: torch.Generator) -> Tensor:
        """Return images ``[N, C, size, size]`` for images ``[N, C, S, S]``, both float in [0, 1].

        Drawn from ``generator``, which lives on the images' device. Always in float32: in bf16 points would be off by
        more than a pixel.
        """
        with torch.autocast(images.device.type, enabled=False):
            return self._augmented(images.float(), size, generator)

    def _augmented(self, images: Tensor, size: int, generator: torch.Generator) -> Tensor:
        count, device = len(images), images.device

        def drawn(*shape: int) -> Tensor:
            return torch.rand(count, *shape, generator=generator, device=device)

        warp = perspectives(self.distortion * drawn(4, 2))
        keep = drawn() >= self.perspective
        warp = torch.where(keep[:, None, None], torch.eye(3, device=device), warp)
        # A point of the result looks where it comes from: out of the crop, the rotation, the flip.
        chain = flips(drawn() < self.flip) @ rotations((2 * drawn() - 1) * self.degrees)
        images = warped(images, chain @ self._crops(drawn(TRIES, 2), drawn(2)), size)
        factors, order = 1 + self.jitter * (2 * drawn(3) - 1), drawn(3).argsort(1)
        return warped(jittered(images, factors, order), warp, size)

    def _crops(self, shape: Tensor, place: Tensor) -> Tensor:
        """Return the maps of random crops: the first of some tries that lies within the image, else all of it."""
        area = self.area[0] + (self.area[1] - self.area[0]) * shape[..., 0]
        low, high = (math.log(bound) for bound in self.ratio)
        ratio = torch.exp(low + (high - low) * shape[..., 1])
        sides = torch.stack(((area * ratio).sqrt(), (area / ratio).sqrt()), -1)
        fits = (sides <= 1).all(-1)
        first = fits.int().argmax(1)
        chosen = sides[torch.arange(len(sides), device=sides.device), first]
        chosen = torch.where(fits.any(1)[:, None], chosen, torch.ones_like(chosen))
        return crops(chosen, place)


def _homogeneous(count: int, device: torch.device) -> Tensor:
    return torch.eye(3, device=device).repeat(count, 1, 1)


def flips(flipped: Tensor) -> Tensor:
    """Return maps ``[N, 3, 3]`` of coordinates in [-1, 1] that mirror left and right where ``flipped [N]``."""
    maps = _homogeneous(len(flipped), flipped.device)
    maps[:, 0, 0] = torch.where(flipped, -1.0, 1.0)
    return maps


def rotations(degrees: Tensor) -> Tensor:
    """Return maps ``[N, 3, 3]`` that turn square images counter-clockwise by ``degrees [N]``."""
    angles = torch.deg2rad(degrees)
    maps = _homogeneous(len(degrees), degrees.device)
    maps[:, 0, 0] = maps[:, 1, 1] = angles.cos()
    maps[:, 0, 1], maps[:, 1, 0] = -angles.sin(), angles.sin()
    return maps


def crops(sides: Tensor, place: Tensor) -> Tensor:
    """Return maps ``[N, 3, 3]`` onto crops of some width and height ``[N, 2]``, as shares of the image.

    ``place [N, 2]`` in [0, 1] says where: 0 at the left or top, 1 at the right or bottom.
    """
    maps = _homogeneous(len(sides), sides.device)
    maps[:, 0, 0], maps[:, 1, 1] = sides[:, 0], sides[:, 1]
    maps[:, :2, 2] = (1 - sides) * (2 * place - 1)
    return maps


def perspectives(inwards: Tensor) -> Tensor:
    """Return maps ``[N, 3, 3]`` that pull the corners of images inwards.

    Args:
        inwards: ``[N, 4, 2]``, how far the corners (top left, top right, bottom right, bottom left) move towards the
            middle, as shares of half a side.
    """
    corners = constants(CORNERS, inwards.device).view(4, 2)
    ends = corners * (1 - inwards)
    x, y = ends.unbind(-1)
    u, v = corners.expand_as(ends).unbind(-1)
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    for_u = torch.stack((x, y, one, zero, zero, zero, -u * x, -u * y), -1)
    for_v = torch.stack((zero, zero, zero, x, y, one, -v * x, -v * y), -1)
    # No look whether it can be solved, for which the host would wait: three corners never lie on a line.
    solved, _ = torch.linalg.solve_ex(torch.cat((for_u, for_v), 1), torch.cat((u, v), 1))
    return torch.cat((solved, torch.ones_like(solved[:, :1])), 1).view(-1, 3, 3)


def warped(images: Tensor, maps: Tensor, size: int) -> Tensor:
    """Return images ``[N, C, size, size]`` whose points come from where maps ``[N, 3, 3]`` lead; black from outside."""
    axis = (torch.arange(size, device=images.device) * 2 + 1) / size - 1
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    points = torch.stack((x, y, torch.ones_like(x)), -1).view(1, -1, 3)
    source = points @ maps.transpose(1, 2)
    source = (source[..., :2] / source[..., 2:]).view(-1, size, size, 2)
    return F.grid_sample(images, source, mode="bilinear", padding_mode="zeros", align_corners=False)


def jittered(images: Tensor, factors: Tensor, order: Tensor) -> Tensor:
    """Change brightness, contrast and saturation of images ``[N, C, H, W]`` in [0, 1].

    Args:
        images: see above.
        factors: ``[N, 3]``, of brightness, contrast and saturation.
        order: ``[N, 3]``, which of them comes first, second and third: permutations of 0, 1, 2.
    """
    for which in order.unbind(1):
        grey = _grey(images)
        # Each blends the image with another one: black, its mean grey, or itself in grey.
        contrast, saturation = ((which == number).view(-1, 1, 1, 1) for number in (1, 2))
        other = grey.mean((1, 2, 3), keepdim=True) * contrast + grey * saturation
        factor = factors.gather(1, which[:, None]).view(-1, 1, 1, 1)
        images = (other + (images - other) * factor).clamp(0, 1)
    return images


def _grey(images: Tensor) -> Tensor:
    if images.shape[1] == 1:
        return images
    weights = constants(LUMINANCE, images.device).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True)
