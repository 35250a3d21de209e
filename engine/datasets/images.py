"""Labelled images as uint8 tensors on a device, in training, validation and test splits."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.datasets.names import parse
from engine.errors import DataUnavailable

if TYPE_CHECKING:
    from typing import Self

LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey, after ITU-R BT.601."""


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Images with their classes.

    Attributes:
        images: uint8 ``[N, C, H, W]``; of a mapped set ``[M, C, H, W]``, not all of them its own.
        labels: int64 ``[N]``, indices into ``classes``.
        classes: names.
        rows: of a set that is mapped from a file, where its images stand in it, int64 ``[N]``; else None.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    rows: Tensor | None = None

    @property
    def mapped(self) -> bool:
        """Whether the images are mapped from a file: take them in batches, in memory there may be no room for all."""
        return self.rows is not None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: Tensor | slice) -> Self:
        """Return the images and labels at some indices, in memory."""
        places = indices if self.rows is None else self.rows[indices]
        return replace(self, images=_picked(self.images, places), labels=self.labels[indices], rows=None)

    def to(self, device: torch.device) -> Self:
        """Return the set on a device, in its memory."""
        own = self if self.rows is None else self[:]
        return replace(own, images=own.images.to(device), labels=own.labels.to(device))


def _picked(images: Tensor, indices: Tensor | slice) -> Tensor:
    """Return some of the images in the memory layout of all; of contiguous ones whole images are copied, not values."""
    if isinstance(indices, Tensor) and (indices.dtype, indices.device) == (torch.long, images.device):
        if images.is_contiguous():
            return images.index_select(0, indices)
        if images.is_contiguous(memory_format=torch.channels_last):
            return images.permute(0, 2, 3, 1).index_select(0, indices).permute(0, 3, 1, 2)
    return images[indices]


class Splits(NamedTuple):
    """Three sets that share no image; the test set is for the final figures alone."""

    train: ImageSet
    validation: ImageSet
    test: ImageSet


def load(name: str, *, size: int = 28, channels: int | None = 1, device: torch.device | str = "cpu") -> Splits:
    """Load a data set.

    Args:
        name: of a source, e.g. ``digits``, or of some of its classes, e.g. ``digits:5-9``.
        size: height and width, in pixels.
        channels: 1 (of colours, their luminance), 3 (grey images are copied to three channels), or None for those the
            data set has.
        device: the device of the images.

    Raises:
        DataUnavailable: if files are missing or damaged, saying what to do.
    """
    named = parse(name)
    if named.source is None or not named.source.loader:
        raise DataUnavailable(f"{name} holds photographs, whose sizes may differ; images of one size are needed")
    module, _, function = named.source.loader.partition(":")
    splits: Splits = getattr(importlib.import_module(module), function)(size)
    if named.classes:
        splits = Splits(*(some_classes(split, *named.classes) for split in splits))
    return Splits(*(_on_device(split, channels, torch.device(device)) for split in splits))


def drawn(images: ImageSet, count: int, seed: int = 0) -> ImageSet:
    """Return some of the images in memory, drawn at random, since the first are of one class; all if fewer."""
    if count >= len(images):
        return images[:]
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    return images[order[:count].to(images.images.device)]


def some_classes(split: Any, first: int, last: int) -> Any:
    """Return the images of the classes from ``first`` to ``last``, counted anew; of an image set or of photographs."""
    chosen = split[((split.labels >= first) & (split.labels <= last)).nonzero().flatten()]
    return replace(chosen, labels=chosen.labels - first, classes=split.classes[first : last + 1])


def _on_device(split: ImageSet, channels: int | None, device: torch.device) -> ImageSet:
    split = split.to(device)
    images = split.images
    if images.shape[1] == 3 and channels == 1:
        weights = torch.tensor(LUMINANCE, device=device).view(1, 3, 1, 1)
        images = torch.cat([(part * weights).sum(1, keepdim=True).round_().byte() for part in images.split(1_000)])
    return replace(split, images=images.expand(-1, channels or -1, -1, -1).contiguous())


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
