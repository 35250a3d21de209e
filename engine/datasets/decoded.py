"""Photographs decoded once and kept as bytes: in memory, on the GPU, or mapped from the disk where they are many."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.datasets.photographs import Photographs, Preprocessing, UnreadableImage, decoded, leave_out
from engine.record.shared import shared_folder

if TYPE_CHECKING:
    from engine.authoring import Context

IN_MEMORY = 4 << 30
"""Bytes up to which decoded images are held in memory."""
BATCH = 256


class DecodedPhotographs:
    """Images as uint8 ``[N, C, S, S]``, those that cannot be read left out.

    Args:
        photographs: what to decode, all of it, at once.
        preprocessing: to which size.
        context: of the run: broken images are named on its console, batches go to its device.
        refuse_broken: raise for a broken image instead of leaving it out.

    Attributes:
        photographs: those that could be read.
        pixels: uint8 ``[N, C, S, S]``; on the device, or mapped from the disk where they are many.
        labels: int64 ``[N]`` on the device.

    Raises:
        UnreadableImage: if an image is broken and that is refused, or if all are.
    """

    def __init__(
        self, photographs: Photographs, preprocessing: Preprocessing, context: Context, *, refuse_broken: bool
    ) -> None:
        self._device = context.device
        shape = (len(photographs), preprocessing.channels, preprocessing.size, preprocessing.size)
        count = torch.Size(shape).numel()
        if count <= IN_MEMORY:
            pixels = torch.empty(shape, dtype=torch.uint8)
        else:
            shared_folder(context.cache, context.cache.parent)
            context.message(f"{count / 2**30:.1f} GiB of images are decoded into a temporary file of the run")
            with tempfile.NamedTemporaryFile(dir=context.cache, prefix=".pixels-") as file:
                os.posix_fallocate(file.fileno(), 0, count)
                # The file loses its name once it is mapped, so it never outlives the run.
                pixels = torch.from_file(file.name, shared=True, size=count, dtype=torch.uint8).view(shape)
        kept, indices = 0, []
        for batch in decoded(photographs, preprocessing, BATCH):
            leave_out(batch.broken, context, refuse=refuse_broken)
            pixels[kept : kept + len(batch.indices)] = batch.pixels
            kept += len(batch.indices)
            indices.append(batch.indices)
        if not kept:
            raise UnreadableImage(f"none of {len(photographs):,} images can be read")
        self.photographs = photographs if kept == len(photographs) else photographs[torch.cat(indices)]
        self.labels = self.photographs.labels.to(self._device)
        self.pixels = pixels[:kept].to(self._device) if count <= IN_MEMORY else pixels[:kept]

    def __len__(self) -> int:
        return len(self.pixels)

    def images(self, indices: Tensor) -> Tensor:
        """Return the images at some indices, uint8 ``[M, C, S, S]`` on the device."""
        return self.pixels[indices.to(self.pixels.device)].to(self._device)
