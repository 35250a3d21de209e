"""Decoded images in a file of the workspace's cache: filled once, gone on with after a kill, mapped by many runs.

The file has a row of bytes for each photograph, and stays empty on the disk where a row was not wanted yet. Beside it
one byte for each row tells whether it is there. Rows are on the disk before they are marked, and two runs that fill the
same row write the same bytes, so nothing need be locked.
"""

from __future__ import annotations

import mmap
import os
import shutil
import time
import warnings
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from engine.datasets import feature_cache
from engine.datasets.decoding import BATCH, decoded_at, leave_out, tell_scaled
from engine.errors import DiskFull
from engine.record.files import disk_errors
from engine.record.shared import share_file
from engine.wording import size

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.authoring import Context
    from engine.datasets.photographs import Photographs, Preprocessing

PIXELS, THERE = "pixels.u8", "there.u8"
TELL_SECONDS = 60.0
"""How often the record hears how far decoding is."""


class DecodedFile:
    """The images of some photographs at one size, uint8 ``[N, C, S, S]``; those that nobody asked for are black.

    Args:
        photographs: all of the data set's part, so that runs that split it differently share the file.
        preprocessing: to which size.
        cache: of the workspace.

    Raises:
        WorkspaceError: if the file cannot be made.
    """

    def __init__(self, photographs: Photographs, preprocessing: Preprocessing, cache: Path) -> None:
        self._photographs, self._preprocessing = photographs, preprocessing
        self._row = preprocessing.channels * preprocessing.size**2
        about = {
            "images": photographs.digest(),
            "first": photographs.names[0],
            "count": str(len(photographs)),
            **{name: str(getattr(preprocessing, name)) for name in ("size", "channels", "resize", "interpolation")},
        }
        self.folder = feature_cache.entry_folder(cache, about, feature_cache.DECODED)
        with disk_errors(self.folder):
            for name, length in ((PIXELS, len(photographs) * self._row), (THERE, len(photographs))):
                if not _has_length(self.folder / name, length):
                    # Whichever is cut short, nothing is known of the other.
                    _lengthen(self.folder / THERE, 0)
                    _lengthen(self.folder / name, length)
            _lengthen(self.folder / THERE, len(photographs))

    def missing(self, rows: Tensor) -> Tensor:
        """Return those of some rows that are not there yet."""
        return rows[~self._there()[rows]]

    def _there(self) -> Tensor:
        return torch.from_numpy(np.fromfile(self.folder / THERE, np.uint8) > 0)

    def bytes_of(self, rows: Tensor) -> int:
        """Return how many bytes some rows take."""
        return len(rows) * self._row

    def fill(self, rows: Tensor, context: Context, *, refuse_broken: bool) -> Tensor:
        """Decode what is missing of some rows, and return those that are there: all but broken images.

        Raises:
            UnreadableImage: for the first broken image, if that is refused.
            DiskFull: if there is no room after all.
        """
        missing = self.missing(rows)
        done, scaled, tell_at = 0, 0, time.monotonic() + TELL_SECONDS
        with (
            (self.folder / PIXELS).open("rb+", buffering=0) as pixels,
            (self.folder / THERE).open("rb+", buffering=0) as there,
        ):
            for batch in decoded_at(self._photographs, self._preprocessing, missing.split(BATCH)):
                leave_out(batch.broken, context, refuse=refuse_broken)
                with disk_errors(self.folder):
                    for row, image in zip(batch.indices.tolist(), batch.pixels, strict=True):
                        # Not through the mapping: there a full disk would end the process by a signal.
                        os.pwrite(pixels.fileno(), image.contiguous().numpy().data, row * self._row)
                    os.fdatasync(pixels.fileno())
                    for row in batch.indices.tolist():
                        os.pwrite(there.fileno(), b"\1", row)
                done += len(batch.indices) + len(batch.broken)
                scaled += batch.scaled
                if time.monotonic() >= tell_at:
                    tell_at += TELL_SECONDS
                    context.message(f"{done:,} of {len(missing):,} images are decoded")
                context.serve()
        tell_scaled(scaled, len(missing), context)
        return rows[self._there()[rows]]

    def pixels(self) -> Tensor:
        """Return all rows, mapped from the file and never to be written into."""
        with (self.folder / PIXELS).open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        with warnings.catch_warnings():
            # Torch warns of memory that cannot be written, which is what is meant.
            warnings.simplefilter("ignore")
            flat = torch.frombuffer(content, dtype=torch.uint8)
        side = self._preprocessing.size
        return flat.view(len(self._photographs), self._preprocessing.channels, side, side)


def require_disk(files: Sequence[tuple[DecodedFile, Tensor]]) -> None:
    """Check that the disk has room for what is missing of files and rows.

    Raises:
        DiskFull: saying how much is needed.
    """
    for file in {id(file): file for file, _ in files}.values():
        needed = sum(one.bytes_of(one.missing(rows)) for one, rows in files)
        free = shutil.disk_usage(file.folder).free
        if needed > free:
            raise DiskFull(
                f"{size(needed)} of decoded images do not fit the disk under {file.folder.parent} ({size(free)} free): "
                "free some space with phosphene data clear, set PHOSPHENE_HOME to another disk, or take fewer or "
                "smaller images"
            )


def _has_length(path: Path, length: int) -> bool:
    return path.is_file() and path.stat().st_size == length


def _lengthen(path: Path, length: int) -> None:
    """Make a file of some length if it is none yet; what is new in it is zero and takes no room."""
    if not path.exists():
        path.touch()
        share_file(path)
    if path.stat().st_size != length:
        os.truncate(path, length)
