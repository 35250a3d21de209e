"""CIFAR-10 from the files of its Python version, each checked before it is opened."""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from engine.datasets.images import ImageSet, Splits, enlarge
from engine.datasets.sources import require
from engine.datasets.table import CIFAR10 as CLASSES
from engine.errors import DataUnavailable

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

VALIDATION = 5_000


def splits(size: int) -> Splits:
    """Return CIFAR-10 at ``size`` x ``size`` pixels, three channels: 45,000 + 5,000 + the official 10,000 test images.

    Validation is the last 5,000 of the training images; sizes other than 32 are interpolated bilinearly.
    """
    *train, test = (read_batch(path) for path in require("cifar10"))
    images, labels = (torch.cat(part) for part in zip(*train, strict=True))
    whole = ImageSet(enlarge(images, size), labels, CLASSES)
    return Splits(whole[:-VALIDATION], whole[-VALIDATION:], ImageSet(enlarge(test[0], size), test[1], CLASSES))


class _PlainUnpickler(pickle.Unpickler):
    """Reads numpy arrays and refuses everything else: a pickle may hold code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module.replace("._core", ".core"), name) not in {
            ("numpy.core.multiarray", "_reconstruct"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("_codecs", "encode"),
        }:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a data file")
        return super().find_class(module, name)


def read_batch(path: Path) -> tuple[Tensor, Tensor]:
    """Read one file: images uint8 ``[N, 3, 32, 32]`` and labels int64 ``[N]``.

    Raises:
        DataUnavailable: if it is not such a file.
    """
    try:
        content = _PlainUnpickler(io.BytesIO(path.read_bytes()), encoding="latin1").load()
        images = torch.from_numpy(np.array(content["data"], dtype=np.uint8)).view(-1, 3, 32, 32)
        labels = torch.tensor(content["labels"], dtype=torch.long)
    except (pickle.UnpicklingError, KeyError, TypeError, ValueError, EOFError, RuntimeError) as error:
        raise DataUnavailable(
            f"{path} is not a batch of CIFAR-10 ({error}): get it again with `phosphene data fetch cifar10`"
        ) from error
    return images, labels


def fetch(folder: Path) -> None:
    """Download and unpack the archive, checked by torchvision's MD5 sum.

    Raises:
        OSError, RuntimeError: if it cannot be downloaded.
    """
    import tarfile

    from torchvision.datasets import CIFAR10

    from engine.datasets.download import download

    archive = download(CIFAR10.url, folder / CIFAR10.filename, md5=CIFAR10.tgz_md5)
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
    archive.unlink()
