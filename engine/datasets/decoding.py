"""Photographs decoded batch by batch, by all cores, ahead of whoever computes on them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import joblib
import numpy as np
import torch
from torch import Tensor

from engine.datasets.photographs import SCALE, SCALED, Photographs, Preprocessing, UnreadableImage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from engine.authoring import Context

BATCH = 256
"""Images that are decoded before they are put where they stay."""
FEWEST_THREADS = 8
"""Threads that decode, at least: where the disk is slow, most of them wait for it."""


class Batch(NamedTuple):
    """Decoded images.

    Attributes:
        indices: where they stand among the photographs, int64 ``[M]``.
        pixels: uint8 ``[M, C, S, S]``, channels last.
        broken: a sentence for each that was left out.
        scaled: how many were decoded at a smaller scale.
    """

    indices: Tensor
    pixels: Tensor
    broken: tuple[str, ...]
    scaled: int


def leave_out(broken: Sequence[str], context: Context, *, refuse: bool) -> None:
    """Name the images that are left out.

    Raises:
        UnreadableImage: for the first of them, if that is refused.
    """
    for sentence in broken:
        if refuse:
            raise UnreadableImage(f"{sentence}; remove it, or leave such images out with --broken skip")
        context.message(f"left out: {sentence}", level="alarm")


def tell_scaled(scaled: int, images: int, context: Context) -> None:
    """Let the record say how many images were decoded at a smaller scale, if any were."""
    if scaled:
        context.message(
            f"{scaled:,} of {images:,} images are at least {2 * SCALED} times as large as needed, and were decoded at "
            "a half, a quarter or an eighth of their size"
        )


def decoded(photographs: Photographs, preprocessing: Preprocessing, batch: int) -> Iterator[Batch]:
    """Decode images in order; see :func:`decoded_at`."""
    return decoded_at(photographs, preprocessing, torch.arange(len(photographs)).split(batch))


def decoded_at(photographs: Photographs, preprocessing: Preprocessing, batches: Sequence[Tensor]) -> Iterator[Batch]:
    """Decode the images at some indices, batch by batch, in a thread for each core, some batches ahead.

    Pillow releases the interpreter lock while it reads, decodes and resizes, so that threads are as good as processes.
    """
    shape = (preprocessing.size, preprocessing.size, preprocessing.channels)
    threads = max(FEWEST_THREADS, joblib.cpu_count())
    # As many as keep each thread busy while a batch is waited for.
    most = 2 + 2 * threads // max(1, len(batches[0])) if batches else 0

    def one(index: int, to: NDArray[np.uint8]) -> UnreadableImage | bool:
        """Decode an image into its place; return whether it was scaled, or why it cannot be read."""
        try:
            image = photographs.open(index, preprocessing.enough)
            to[:] = preprocessing.array(image)
        except UnreadableImage as error:
            return error
        return SCALE in image.info

    with ThreadPoolExecutor(threads) as pool:
        waiting: list[tuple[Tensor, NDArray[np.uint8], list[Future[UnreadableImage | bool]]]] = []
        coming = iter(batches)
        try:
            while True:
                for indices in islice(coming, most + 1 - len(waiting)):
                    pixels = np.empty((len(indices), *shape), np.uint8)
                    futures = [pool.submit(one, index, to) for index, to in zip(indices.tolist(), pixels, strict=True)]
                    waiting.append((indices, pixels, futures))
                if not waiting:
                    return
                indices, pixels, futures = waiting.pop(0)
                yield _batch(indices, torch.from_numpy(pixels), [future.result() for future in futures])
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _batch(indices: Tensor, pixels: Tensor, results: list[UnreadableImage | bool]) -> Batch:
    """Return a batch of images ``[M, S, S, C]`` without those that cannot be read."""
    broken = tuple(str(result) for result in results if isinstance(result, UnreadableImage))
    if broken:
        good = torch.tensor([isinstance(result, bool) for result in results])
        indices, pixels = indices[good], pixels[good]
    return Batch(indices, pixels.permute(0, 3, 1, 2), broken, sum(result is True for result in results))
