"""Photographs decoded to bytes of one size, once for a run or for many; where they are held is one decision for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch

from engine.datasets import placement
from engine.datasets.decoded_file import DecodedFile, require_disk
from engine.datasets.decoding import BATCH, decoded, leave_out, tell_scaled
from engine.datasets.feature_cache import DECODED
from engine.datasets.images import ImageSet
from engine.datasets.photographs import Photographs, Preprocessing, UnreadableImage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from engine.authoring import Context


class Part(NamedTuple):
    """Those of some photographs that are wanted, int64 ``[M]``, and at which size."""

    photographs: Photographs
    indices: Tensor
    preprocessing: Preprocessing


@dataclass(frozen=True, slots=True)
class DecodedPhotographs:
    """Images that could be read.

    Attributes:
        photographs: they, as files.
        images: they, as uint8, where they are held; the labels beside them.
    """

    photographs: Photographs
    images: ImageSet

    def __len__(self) -> int:
        return len(self.images)


def decode(parts: Sequence[Part], context: Context, *, refuse_broken: bool) -> list[DecodedPhotographs]:
    """Decode the parts of a data set into the place that has room for all of them; see :mod:`placement`.

    Args:
        parts: of one data set.
        context: of the run: broken images are named on its console, and so is the place.
        refuse_broken: raise for a broken image instead of leaving it out.

    Raises:
        UnreadableImage: if an image is broken and that is refused, or if all of a part are.
        DiskFull: if the images fit no memory and not the disk.
    """
    free = placement.room(context.device)
    count = sum(len(part.indices) * part.preprocessing.channels * part.preprocessing.size**2 for part in parts)
    place = free.place(count)
    context.message(placement.described(place, count, free, context.device, context.cache / DECODED))
    if place == "disk":
        return _in_files(parts, context, refuse_broken=refuse_broken)
    device = context.device if place == "device" else torch.device("cpu")
    return [_in_memory(part, device, context, refuse_broken=refuse_broken) for part in parts]


def _in_memory(part: Part, device: torch.device, context: Context, *, refuse_broken: bool) -> DecodedPhotographs:
    photographs, preprocessing = part.photographs[part.indices], part.preprocessing
    shape = (len(photographs), preprocessing.channels, preprocessing.size, preprocessing.size)
    # Filled where it is to stay: on the host there may be no room for what the device holds.
    pixels = torch.empty(shape, dtype=torch.uint8, device=device)
    kept, scaled, indices = 0, 0, []
    for batch in decoded(photographs, preprocessing, BATCH):
        leave_out(batch.broken, context, refuse=refuse_broken)
        pixels[kept : kept + len(batch.indices)] = batch.pixels.to(device)
        kept += len(batch.indices)
        scaled += batch.scaled
        indices.append(batch.indices)
        context.serve()
    _require_some(kept, len(photographs))
    tell_scaled(scaled, kept, context)
    if kept < len(photographs):
        photographs = photographs[torch.cat(indices)]
    return DecodedPhotographs(photographs, ImageSet(pixels[:kept], photographs.labels.to(device), photographs.classes))


def _in_files(parts: Sequence[Part], context: Context, *, refuse_broken: bool) -> list[DecodedPhotographs]:
    files: dict[tuple[int, Preprocessing], DecodedFile] = {}
    for photographs, _, preprocessing in parts:
        # Parts that were split off the same photographs share a file, whose key takes a look at every one of them.
        if (id(photographs), preprocessing) not in files:
            files[id(photographs), preprocessing] = DecodedFile(photographs, preprocessing, context.cache)
    own = [files[id(part.photographs), part.preprocessing] for part in parts]
    require_disk(list(zip(own, (part.indices for part in parts), strict=True)))
    found = []
    for file, part in zip(own, parts, strict=True):
        rows = file.fill(part.indices, context, refuse_broken=refuse_broken)
        _require_some(len(rows), len(part.indices))
        photographs = part.photographs[rows]
        images = ImageSet(file.pixels(), photographs.labels, photographs.classes, rows)
        found.append(DecodedPhotographs(photographs, images))
    return found


def _require_some(kept: int, among: int) -> None:
    if not kept:
        raise UnreadableImage(f"none of {among:,} images can be read")
