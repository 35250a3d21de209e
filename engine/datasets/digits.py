"""The 1,797 handwritten 8x8 digits that come with scikit-learn, enlarged."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from engine.datasets.images import ImageSet, Splits, enlarge
from engine.datasets.table import DIGITS as CLASSES

PERIOD = 10


def splits(size: int) -> Splits:
    """Return the digits at ``size`` x ``size`` pixels, one channel, 0..16 stretched to 0..255.

    Enlarged bicubically. Of every ten images of a class, in the order of the file, eight are for training (1,444 in
    all), the ninth for validation (177), the tenth for the test (176): the same split for every seed, with the
    shares of the classes and of the writers kept.
    """
    values, labels = _read()
    images = enlarge((values * 255 / 16).round().to(torch.uint8), size, "bicubic")
    position = _position_in_class(labels) % PERIOD
    masks = (position < PERIOD - 2, position == PERIOD - 2, position == PERIOD - 1)
    return Splits(*(ImageSet(images[mask], labels[mask], CLASSES) for mask in masks))


@functools.cache
def _read() -> tuple[Tensor, Tensor]:
    # Imported here: scikit-learn takes half a second or more.
    from sklearn.datasets import load_digits

    content = load_digits()
    return torch.from_numpy(content.images).float()[:, None], torch.from_numpy(content.target).long()


def _position_in_class(labels: Tensor) -> Tensor:
    """Return for each label how many equal ones come before it."""
    one_hot = torch.nn.functional.one_hot(labels)
    return (one_hot.cumsum(0) * one_hot).sum(1) - 1
