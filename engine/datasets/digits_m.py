"""The digits of scikit-learn on patches of its two photographs, as MNIST-M is made from MNIST; no download."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from engine.datasets import digits
from engine.datasets.images import ImageSet, Splits
from engine.datasets.trees import SAMPLES

SEED = 0
BACKGROUNDS = (6, 4, 4)
"""On how many patches each digit for training, validation and test is laid."""
BORDERS = (0.0, 0.6, 0.8, 1.0)
"""Shares of the photographs' width between which each of the three finds its patches: none is shared."""


def splits(size: int) -> Splits:
    """Return the digits blended with patches at ``size`` x ``size`` pixels, three channels.

    Every channel is abs(patch - digit), after Ganin et al. 2016 (JMLR 17), section 5.2.4: the stroke shows the patch
    inverted. The digits are split as ``digits`` is; each of the 1,444 for training lies on six patches (8,664 images),
    the 177 for validation and the 176 for the test on four (708 and 704). The same images for every seed of a run.
    """
    generator = torch.Generator().manual_seed(SEED)
    plain = zip(digits.splits(size), BACKGROUNDS, BORDERS, BORDERS[1:], strict=False)
    return Splits(*(_blended(part, times, left, right, generator) for part, times, left, right in plain))


def _blended(part: ImageSet, times: int, left: float, right: float, generator: torch.Generator) -> ImageSet:
    size = part.images.shape[-1]
    strips = [photo[:, :, int(left * photo.shape[2]) : int(right * photo.shape[2])] for photo in _photographs()]
    patches = torch.stack([_patch(strips, size, generator) for _ in range(times * len(part))])
    strokes = part.images.repeat(times, 1, 1, 1).int()
    images = (patches.int() - strokes).abs().to(torch.uint8)
    return ImageSet(images, part.labels.repeat(times), part.classes)


def _patch(photographs: list[Tensor], size: int, generator: torch.Generator) -> Tensor:
    def drawn(below: int) -> int:
        return int(torch.randint(below, (), generator=generator))

    photograph = photographs[drawn(len(photographs))]
    top, left = (drawn(side - size + 1) for side in photograph.shape[1:])
    return photograph[:, top : top + size, left : left + size]


@functools.cache
def _photographs() -> tuple[Tensor, ...]:
    """Return scikit-learn's photographs, uint8 ``[3, 427, 640]``."""
    # Imported here: scikit-learn takes half a second or more.
    from sklearn.datasets import load_sample_image

    return tuple(torch.from_numpy(load_sample_image(f"{name}.jpg").copy()).permute(2, 0, 1) for name in SAMPLES)
