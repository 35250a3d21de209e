"""MNIST-M (Ganin et al. 2016), MNIST's digits blended with patches of photographs: PNG files and lists of labels."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import torch

from engine.datasets.images import ImageSet, Splits, enlarge
from engine.datasets.photographs import UnreadableImage, open_image
from engine.datasets.sources import data_folder
from engine.datasets.table import DIGITS as CLASSES
from engine.errors import DataUnavailable

if TYPE_CHECKING:
    from pathlib import Path

NATIVE = 32
MOST_VALIDATION = 5_000
FEWEST = 10
"""Images that a part of the set must have."""
THREADS = 4
ARCHIVE = "https://cornell.box.com/shared/static/jado7quprg6hzzdubvwzh9umr75damwi"
MD5 = "859df31c91afe82e80e5012ba928f279"


def splits(size: int) -> Splits:
    """Return MNIST-M at ``size`` x ``size`` pixels, three channels; official: 54,001 + 5,000 + 9,001 test images.

    Validation is the last tenth of the training images, at most 5,000. A part of the images with lists cut to it is
    taken as it is; of a part, the digits held out are among those ``mnist`` trains on, on other backgrounds.
    Sizes other than 32 are interpolated bilinearly.
    """
    folder = data_folder() / "MNIST-M"
    train, test = (_read(folder, part, size) for part in ("train", "test"))
    held_out = min(MOST_VALIDATION, len(train) // 10)
    return Splits(train[:-held_out], train[-held_out:], test)


def _read(folder: Path, part: str, size: int) -> ImageSet:
    names, labels = _list(folder / f"mnist_m_{part}_labels.txt")
    with ThreadPoolExecutor(THREADS) as pool:
        images = list(pool.map(_pixels, (folder / f"mnist_m_{part}" / name for name in names)))
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous()
    return ImageSet(enlarge(pixels, size), torch.tensor(labels), CLASSES)


def _list(path: Path) -> tuple[list[str], list[int]]:
    """Return the names of the images and their labels.

    Raises:
        DataUnavailable: naming the first line that is wrong.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise DataUnavailable(f"{path} cannot be read: {error.strerror}") from error
    found: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if len(words) != 2 or words[1] not in CLASSES or "/" in words[0] or words[0] in found:
            raise DataUnavailable(f"line {number} of {path} is not like `00000000.png 5`, each image once")
        found[words[0]] = int(words[1])
    if len(found) < FEWEST:
        raise DataUnavailable(f"{path} names {len(found)} images: at least {FEWEST} are needed")
    return list(found), list(found.values())


def _pixels(path: Path) -> np.ndarray:
    try:
        pixels = np.asarray(open_image(path, upright=False).convert("RGB"))
    except UnreadableImage as error:
        raise DataUnavailable(
            f"{error}: move {path.parent} away and get it again with `phosphene data fetch mnist-m`"
        ) from error
    if pixels.shape != (NATIVE, NATIVE, 3):
        raise DataUnavailable(f"{path} does not have MNIST-M's {NATIVE}x{NATIVE} pixels")
    return pixels


def fetch(folder: Path) -> None:
    """Download and unpack the archive, checked by its MD5 sum.

    Raises:
        OSError, RuntimeError: if it cannot be downloaded.
    """
    import itertools
    import shutil
    import tarfile

    from engine.datasets.download import download

    archive = download(ARCHIVE, folder / "mnist_m.tar.gz", md5=MD5)
    unpacked = folder / ".mnist_m"
    with tarfile.open(archive) as content:
        content.extractall(unpacked, filter="data")
    place = folder / "MNIST-M"
    if place.exists():
        # It may be a part that somebody chose: nothing is thrown away.
        numbers = itertools.count(1)
        place.rename(next(old for n in numbers if not (old := folder / f"MNIST-M.{n}").exists()))
    (unpacked / "mnist_m").rename(place)
    shutil.rmtree(unpacked)
    archive.unlink()
