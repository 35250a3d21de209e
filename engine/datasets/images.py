"""Labelled images as uint8 tensors on a device, in training, validation and test splits."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.datasets.sources import source

if TYPE_CHECKING:
    from typing import Self


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Images with their classes.

    Attributes:
        images: uint8 ``[N, C, H, W]``.
        labels: int64 ``[N]``, indices into ``classes``.
        classes: names.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, indices: Tensor | slice) -> Self:
        """Return the images and labels at some indices."""
        return replace(self, images=self.images[indices], labels=self.labels[indices])

    def to(self, device: torch.device) -> Self:
        """Return the set on a device."""
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))


class Splits(NamedTuple):
    """Three sets that share no image; the test set serves for nothing but the final figures."""

    train: ImageSet
    validation: ImageSet
    test: ImageSet


def load(name: str, *, size: int = 28, channels: int = 1, device: torch.device | str = "cpu") -> Splits:
    """Load a data set.

    Args:
        name: of a source, e.g. ``digits``.
        size: height and width, in pixels.
        channels: 1, or 3 (grey images are copied to three channels).
        device: where the images shall live.

    Raises:
        DataUnavailable: if files are missing or damaged, saying what to do.
    """
    module, _, function = source(name).loader.partition(":")
    splits: Splits = getattr(importlib.import_module(module), function)(size)
    return Splits(*(_on_device(split, channels, torch.device(device)) for split in splits))


def _on_device(split: ImageSet, channels: int, device: torch.device) -> ImageSet:
    split = split.to(device)
    return replace(split, images=split.images.expand(-1, channels, -1, -1).contiguous())


def enlarge(images: Tensor, size: int, mode: str = "bilinear") -> Tensor:
    """Interpolate uint8 images ``[N, C, h, w]`` to ``size`` x ``size``; ``mode`` is ``bilinear`` or ``bicubic``."""
    if images.shape[-2:] == (size, size):
        return images
    enlarged = F.interpolate(images.float(), size=(size, size), mode=mode, align_corners=False)
    return enlarged.round_().clamp_(0, 255).to(torch.uint8)


def unit_range(images: Tensor) -> Tensor:
    """Return uint8 images as float32 in [0, 1], what classifiers take."""
    return images.float().div_(255)


def signed_range(images: Tensor) -> Tensor:
    """Return uint8 images as float32 in [-1, 1], what generators with tanh draw."""
    return images.float().div_(127.5).sub_(1)
