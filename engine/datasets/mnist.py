"""MNIST from its four idx files, compressed or not; nothing is written beside them."""

from __future__ import annotations

import gzip
import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from engine.datasets.catalogue import dataset
from engine.datasets.checksums import md5_of
from engine.datasets.download import download
from engine.datasets.images import ImageSet, Splits, enlarge
from engine.datasets.sources import require
from engine.datasets.table import DIGITS as CLASSES
from engine.errors import DataUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

VALIDATION = 5_000
UNSIGNED_BYTE = 8


def splits(size: int) -> Splits:
    """Return MNIST at ``size`` x ``size`` pixels, one channel: 55,000 + 5,000 + the official 10,000 test images.

    Validation is the last 5,000 of the training images. For 32 px two black pixels are added around; other sizes are
    interpolated bilinearly, multiples of 32 from the padded images.
    """
    train_images, train_labels, test_images, test_labels = (read_idx(path) for path in require("mnist"))
    train = ImageSet(_fit(train_images[:, None], size), train_labels.long(), CLASSES)
    test = ImageSet(_fit(test_images[:, None], size), test_labels.long(), CLASSES)
    return Splits(train[:-VALIDATION], train[-VALIDATION:], test)


def _fit(images: Tensor, size: int) -> Tensor:
    return enlarge(F.pad(images, (2, 2, 2, 2)) if size % 32 == 0 else images, size)


def read_idx(path: Path) -> Tensor:
    """Read a file in LeCun's idx format: two zero bytes, type, rank, big-endian lengths, unsigned bytes.

    Raises:
        DataUnavailable: if it is not such a file.
    """
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rank = content[3] if len(content) > 4 and content[:3] == bytes((0, 0, UNSIGNED_BYTE)) else 0
    shape = [int.from_bytes(content[4 * axis : 4 * axis + 4], "big") for axis in range(1, rank + 1)]
    if not rank or len(content) - 4 - 4 * rank != math.prod(shape):
        raise DataUnavailable(f"{path} is not an idx file of bytes: get it again with `phosphene data fetch mnist`")
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)[4 + 4 * rank :].view(shape)


def fetch(folder: Path) -> None:
    """Download the compressed files from torchvision's mirrors, checked by their MD5 sums.

    Raises:
        OSError, RuntimeError: if no mirror gives a file.
    """
    from torchvision.datasets import MNIST

    for file in dataset("mnist").files:
        path = folder / file.path
        if path.is_file() and md5_of(path) == file.md5:
            continue
        for mirror in MNIST.mirrors:
            try:
                download(f"{mirror}{path.name}", path, file.md5)
                break
            except (OSError, RuntimeError):
                if mirror == MNIST.mirrors[-1]:
                    raise
