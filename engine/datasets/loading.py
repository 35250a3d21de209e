"""Any data set as pixels of one size in three splits: arrays as they are, photographs decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from engine.datasets import images, names, photographs
from engine.datasets.decoded import Part, decode
from engine.datasets.images import Splits
from engine.datasets.photographs import Preprocessing, hold_out
from engine.errors import DataUnavailable

if TYPE_CHECKING:
    from engine.authoring import Context

VALIDATION = 0.1
"""The share of photographs held out of the training ones."""
SPLIT_SEED = 0
"""The same split for every seed of a run, as all data sets have it."""


def load_splits(name: str, size: int, channels: int, context: Context) -> Splits:
    """Load a data set, photographs where :mod:`engine.datasets.placement` has room for them.

    Photographs are reduced to ``size`` pixels on their shorter side and the middle is cut out; broken ones are left
    out and named on the console. A tenth of each class of the training photographs is drawn for validation.

    Raises:
        DataUnavailable: if it is not there, or holds too few photographs to keep any for validation, saying what to do.
    """
    if not names.parse(name).photographs:
        return images.load(name, size=size, channels=channels, device=context.device)
    square = Preprocessing(size, channels=channels, resize=size)
    train, test = photographs.load(name, fewest=1, context=context)
    # Of few photographs one is held out all the same; where each class has but one, none can be.
    if int(train.labels.bincount().max()) == 1:
        raise DataUnavailable(
            f"{name} has one training image of each class: add more, since one is kept for validation"
        )
    share = max(VALIDATION, 0.51 / int(train.labels.bincount().max()))
    stays, out = hold_out(train, share, SPLIT_SEED)
    parts = ((train, stays), (train, out), (test, torch.arange(len(test))))
    found = decode([Part(*part, square) for part in parts], context, refuse_broken=False)
    return Splits(*(part.images for part in found))
