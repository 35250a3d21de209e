"""The digits of scikit-learn on patches of its two photographs, as MNIST-M is made from MNIST; no download."""

from __future__ import annotations

import functools
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.datasets import digits
from engine.datasets.images import ImageSet, Splits, enlarge
from engine.datasets.trees import SAMPLES

SEED = 0
NATIVE = 28
"""Pixels at which digits and patches meet; other sizes are interpolated bilinearly from there."""
BACKGROUNDS = (6, 4, 4)
"""On how many patches each digit for training, validation and test is laid."""
BORDERS = (0.0, 0.6, 0.8, 1.0)
"""Shares of the photographs' width between which each part of the data set finds its patches: no patch is shared."""
REDUCTION = 4
"""How many times smaller the photographs are made, so that a patch has texture."""
PATCH = 0.45
"""Brightness of the patches, as a share of the photographs' own: strokes stay brighter than what is around them."""


def splits(size: int) -> Splits:
    """Return the digits blended with patches at ``size`` x ``size`` pixels, three channels.

    Every channel is abs(patch - digit), after Ganin et al. 2016 (JMLR 17), section 5.2.4: the stroke shows the patch
    inverted. The digits are split as ``digits`` is; each of the 1,444 for training lies on six patches (8,664 images),
    the 177 for validation and the 176 for the test on four (708 and 704). The same images for every seed of a run.
    """
    generator = torch.Generator().manual_seed(SEED)
    plain = zip(digits.splits(NATIVE), BACKGROUNDS, BORDERS, BORDERS[1:], strict=False)
    parts = [blended(part, times, left, right, generator) for part, times, left, right in plain]
    return Splits(*(replace(part, images=enlarge(part.images, size)) for part in parts))


def blended(part: ImageSet, times: int, left: float, right: float, generator: torch.Generator) -> ImageSet:
    """Return images ``[times * N, 3, H, W]`` on patches of their own, the whole part once after the other.

    Args:
        part: grey digits.
        times: how often each is taken.
        left: where the strip of the photographs begins that gives patches, as a share of their width.
        right: where it ends.
        generator: draws the patches.
    """
    size, count = part.images.shape[-1], times * len(part)
    width = _photographs().shape[3]
    strips = _photographs()[:, :, :, int(left * width) : int(right * width)]
    which, top, beside = (
        torch.randint(below, (count, 1, 1, 1), generator=generator)
        for below in (len(strips), *(side - size + 1 for side in strips.shape[2:]))
    )
    channel, row, column = torch.arange(3).view(-1, 1, 1), torch.arange(size).view(-1, 1), torch.arange(size)
    patches = strips[which, channel, top + row, beside + column]
    images = (patches * PATCH - part.images.repeat(times, 1, 1, 1)).abs().round().to(torch.uint8)
    return ImageSet(images, part.labels.repeat(times), part.classes)


@functools.cache
def _photographs() -> Tensor:
    """Return scikit-learn's photographs, reduced: float32 ``[2, 3, 106, 160]`` in 0..255."""
    # Imported here: scikit-learn takes half a second or more.
    from sklearn.datasets import load_sample_image

    read = torch.stack([torch.from_numpy(load_sample_image(f"{name}.jpg").copy()) for name in SAMPLES])
    return F.avg_pool2d(read.permute(0, 3, 1, 2).float(), REDUCTION)
