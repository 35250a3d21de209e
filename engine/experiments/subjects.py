"""The images that programs look at, and the networks that look at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.datasets import named_images
from engine.datasets.images import unit_range
from engine.datasets.photographs import Preprocessing, UnreadableImage
from engine.errors import DataUnavailable
from engine.networks import classes
from engine.tensors.batches import in_batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.authoring import Context
    from engine.datasets.named_images import NamedImage
    from engine.networks.backbones import Backbone

MOST_PIXELS = 256 << 20
"""Bytes of decoded images in memory, at most; what is computed from them takes up to 30 times as many."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """Images at the input size of a network.

    Attributes:
        images: as they were named; those that cannot be read are left out.
        pixels: uint8 ``[N, C, S, S]``, on the host.
    """

    images: tuple[NamedImage, ...]
    pixels: Tensor

    def __len__(self) -> int:
        return len(self.images)

    @property
    def names(self) -> list[str]:
        """The name of each image, for captions."""
        return [image.name for image in self.images]

    def labels(self, names: Sequence[str]) -> Tensor:
        """Return the true class of each image among a network's, int64 ``[N]``; -1 where it is not known."""
        return torch.tensor([true_class(image, names) for image in self.images])

    def batches(self, size: int, device: torch.device) -> Iterator[tuple[slice, Tensor]]:
        """Yield where a batch stands and its images ``[M, C, S, S]`` in [0, 1] on a device."""
        for start in range(0, len(self), size):
            part = slice(start, min(start + size, len(self)))
            yield part, unit_range(self.pixels[part].to(device))


def true_class(image: NamedImage, names: Sequence[str]) -> int:
    """Return the number of an image's class among a network's, or -1."""
    if image.number is not None:
        return image.number if image.number < len(names) else -1
    return names.index(image.label) if image.label in names else -1


def labels_to_keep(subjects: Subjects, names: Sequence[str], predicted: Tensor) -> tuple[Tensor, Tensor]:
    """Return the class each image should be given, int64 ``[N]``, and which images count, bool ``[N]``.

    Where the true class is not known, it is the class that the network predicts for the unchanged image. An image whose
    true class is none of the network's does not count, since no prediction would be right.
    """
    labels = subjects.labels(names)
    labelled = torch.tensor([bool(image.label) or image.number is not None for image in subjects.images])
    return torch.where(labels >= 0, labels, predicted), (labels >= 0) | ~labelled


def open_images(names: str, preprocessing: Preprocessing, context: Context, *, refuse: bool = False) -> Subjects:
    """Decode the images that are named, each in turn; those that cannot be read are left out, with a message.

    Raises:
        UnreadableImage: if none can be read, or one cannot and that is refused.
        DataUnavailable: if they are too many to be held.
    """
    found = named_images.find(names, context)
    size = preprocessing.channels * preprocessing.size**2
    if len(found) * size > MOST_PIXELS:
        raise DataUnavailable(f"{len(found):,} images are too many at once: name at most {MOST_PIXELS // size:,}")
    images, pixels = [], []
    for image in found:
        try:
            pixels.append(preprocessing.pixels(image.open()))
            images.append(image)
        except UnreadableImage as error:
            if refuse:
                raise
            context.message(f"left out: {error}", level="alarm")
    if not images:
        raise UnreadableImage("none of the images can be read")
    return Subjects(tuple(images), torch.stack(pixels))


def targets_of(text: str, subjects: Subjects, backbone: Backbone, logits: Tensor) -> Tensor:
    """Return the class that is meant for each image, int64 ``[N]``.

    Args:
        text: ``predicted``; ``true``, which means the predicted one where the true one is not known; ``least-likely``;
            or a class by any of its names.
        subjects: the images.
        backbone: whose classes are meant.
        logits: ``[N, classes]``, of the unchanged images.

    Raises:
        UnknownClass: if it is none of these.
    """
    predicted = logits.argmax(1).cpu()
    if text == classes.PREDICTED:
        return predicted
    if text == classes.LEAST_LIKELY:
        return logits.argmin(1).cpu()
    if text == classes.TRUE:
        labels = subjects.labels(backbone.classes)
        return torch.where(labels >= 0, labels, predicted)
    return torch.tensor(classes.find(text, backbone.classes, most=1)).expand(len(subjects)).clone()


@torch.inference_mode()
def logits_of(pixels: Tensor, backbone: Backbone, device: torch.device) -> Tensor:
    """Return the logits ``[N, classes]`` of images, uint8 ``[N, C, S, S]``, on the host."""

    def compute(part: Tensor) -> Tensor:
        return backbone.logits(unit_range(part.to(device))).cpu()

    return torch.cat([*in_batches(compute, pixels, batch=batch_size(device), what="classification")])


def probabilities(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the probability of each image's class, ``[N]``."""
    return logits.softmax(1).gather(1, targets[:, None]).squeeze(1)


def image_seeds(seed: int, first: int, count: int) -> list[int]:
    """Return a seed for each image from the ``first`` on, so that what is drawn for it does not depend on others."""
    return [seed * 1_000_003 + index for index in range(first, first + count)]


def batch_size(device: torch.device) -> int:
    """Return how many images are in a batch: few on the CPU, so that they fit into its caches."""
    return 8 if device.type == "cpu" else 64
