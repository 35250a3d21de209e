"""Pictures in the few pixels of cells, and in the few colours of a terminal of 256."""

from __future__ import annotations

import itertools
from functools import cache
from typing import TYPE_CHECKING

from rich.color import Color, ColorSystem

from tui.terminal import depth

if TYPE_CHECKING:
    from PIL.Image import Image

    from tui.plots.colours import Colour

GREY = 127.5
AROUND = 4.0
"""How far from grey the colours of a difference are in the mean, at most."""
KEPT = 0.5
"""Averaging leaves a photograph more of its contrast than this share, and a difference less."""
ABOUT_AS_FAR = 0.5
"""Share of the farthest value of a block from which on the one on the other side of grey is about as far."""
TOLERANCE = range(-16, 17, 4)
"""By how much the parts of a colour are moved until rich sends the number that is meant."""


def scaled(image: Image, size: tuple[int, int]) -> Image:
    """Return a picture in RGB of another size: whole pixels stay sharp where it grows, else they are averaged.

    Differences are drawn around grey, and their pixels cancel each other out: of each block, what lies farthest from it
    is taken. Whether they do is asked of the shares of contrast, so that it is the same for a difference
    however many times it is enlarged.
    """
    from PIL import Image as Pillow

    larger = size[0] >= image.width and size[1] >= image.height
    image = image.convert("RGB")
    small = image.resize(size, Pillow.Resampling.NEAREST if larger else Pillow.Resampling.BOX)
    smaller = size[0] <= image.width and size[1] <= image.height
    return _farthest(image, size) if smaller and not larger and _cancelled(image, small) else small


def _cancelled(image: Image, small: Image) -> bool:
    """Whether a picture lies around grey, and most of its contrast is gone where it is averaged."""
    from PIL import ImageStat

    whole, averaged = ImageStat.Stat(image), ImageStat.Stat(small)
    around = all(abs(mean - GREY) <= AROUND for mean in whole.mean)
    return around and sum(averaged.var) < KEPT**2 * sum(whole.var)


def _farthest(image: Image, size: tuple[int, int]) -> Image:
    """Return of each block of pixels, and of each of its colours, the value that is farthest from grey.

    Where the farthest values above and below it are about as far, as everywhere in a change that moves all values by
    as much, the one is taken on whose side the middle of the block lies.
    """
    import numpy as np
    from PIL import Image as Pillow

    far = np.asarray(image, np.float32) - GREY
    down, across = (np.arange(count) * whole // count for count, whole in zip(size[::-1], far.shape[:2], strict=True))

    def each(most: np.ufunc) -> np.ndarray:
        return np.asarray(most.reduceat(most.reduceat(far, down, axis=0), across, axis=1))

    high, low = each(np.maximum), each(np.minimum)
    middle = [
        (start + np.append(start[1:], whole)) // 2 for start, whole in zip((down, across), far.shape, strict=False)
    ]
    even = np.minimum(high, -low) > ABOUT_AS_FAR * np.maximum(high, -low)
    above = np.where(even, far[np.ix_(*middle)] > 0, high > -low)
    return Pillow.fromarray((np.where(above, high, low) + GREY).round().astype(np.uint8))


def shown(image: Image) -> Image:
    """Return a picture whose colours this terminal shows as they are, as far as it shows any.

    A terminal of 256 colours is sent dithered ones: the nearest for each pixel alone turns brown into olive and maroon.
    """
    if depth() != "256":
        return image
    import numpy as np
    from PIL import Image as Pillow

    real, sent = _palette()
    palette = Pillow.new("P", (1, 1))
    palette.putpalette([*itertools.chain.from_iterable(real), *real[0] * (256 - len(real))])
    numbers = image.quantize(palette=palette, dither=Pillow.Dither.FLOYDSTEINBERG)
    return Pillow.fromarray(np.array([*sent, *[sent[0]] * (256 - len(sent))], np.uint8)[np.asarray(numbers)])


@cache
def _palette() -> tuple[list[Colour], list[Colour]]:
    """Return the colours that a terminal of 256 has for certain, and those in whose place rich sends them."""
    real, sent = [], []
    moves = sorted(itertools.product(TOLERANCE, repeat=3), key=lambda move: sum(map(abs, move)))
    for number in range(16, 256):
        colour = Color.from_ansi(number).get_truecolor()
        moved = (tuple(min(max(part + by, 0), 255) for part, by in zip(colour, move, strict=True)) for move in moves)
        found = next((one for one in moved if _number(one) == number), None)
        if found is not None:
            real.append(tuple(colour))
            sent.append(found)
    return real, sent  # type: ignore[return-value]


def _number(colour: tuple[int, ...]) -> int | None:
    return Color.from_rgb(*colour).downgrade(ColorSystem.EIGHT_BIT).number
