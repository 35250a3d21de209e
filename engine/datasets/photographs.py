"""Labelled photographs of any size, decoded as they are needed into batches of one size."""

from __future__ import annotations

import contextlib
import hashlib
import os
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from torch.nn import functional

from engine.datasets import images, names, sources
from engine.errors import DataUnavailable, PhospheneError, first_line
from engine.paths import text_of
from engine.tensors.devices import constants

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.authoring import Context

PIXELS = 89_478_485
"""An image with more pixels, Pillow's own limit, is taken for a decompression bomb."""
SCALED = 2
"""A JPEG is decoded at a half, a quarter or an eighth of its size as long as that is so many times what is needed."""
SCALE = "decoded at"
"""Under which ``info`` of such an image has its whole width and height, and the divisor."""
JPEG = ("JPEG", "MPO")
ORIENTATION = 0x0112
Box = tuple[float, float, float, float]
"""Left, upper, right and lower edge, in pixels."""
GREY_16 = ("I;16", "I;16B", "I;16L", "I;16N", "I")
GREY_8 = ("1", "L", "LA")
DECODING = 4
"""Counts the ways files have been decoded and resized: features kept from an earlier one are not taken."""


class UnreadableImage(DataUnavailable):
    """A file cannot be read as an image; the text names the file and says why."""


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What an image goes through before a network sees it.

    Attributes:
        size: height and width of the input, in pixels.
        channels: 1 or 3; grey images are copied to three channels.
        resize: 0 squashes to ``size`` x ``size`` whatever the shape (RDFIA practical 3-a); else the shorter side is
            brought to this many pixels and the centre is cut out (torchvision's weights).
        interpolation: ``bilinear`` or ``bicubic``.
        mean: subtracted from each channel, in [0, 1].
        std: each channel is divided by it.
    """

    size: int
    channels: int = 3
    resize: int = 0
    interpolation: str = "bilinear"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)

    def resized(self, how: str) -> Preprocessing:
        """Return the same with images squashed, ``how = "squash"``, or resized as the weights' own transform does."""
        return replace(self, resize=0) if how == "squash" else self

    @property
    def enough(self) -> int:
        """How many pixels the shorter side of a photograph needs: more are not worth decoding."""
        return SCALED * max(self.size, self.resize)

    def pixels(self, image: Image.Image) -> Tensor:
        """Return an image as uint8 ``[channels, size, size]``."""
        return torch.from_numpy(self.array(image).copy()).permute(2, 0, 1)

    def array(self, image: Image.Image) -> NDArray[np.uint8]:
        """Return an image as uint8 ``[size, size, channels]``, not to be written into."""
        mode = "RGB" if self.channels == 3 else "L"
        if image.mode != mode:
            image = image.convert(mode)
        if not self.resize:
            return self._brought_to(self.size, self.size, image)
        whole, _ = _extent(image)
        short = min(whole)
        width, height = (self.resize if side == short else int(self.resize * side / short) for side in whole)
        left, top = round((width - self.size) / 2), round((height - self.size) / 2)
        right, bottom = left + self.size, top + self.size
        if width * height > PIXELS:
            # Of a thin strip only what will be seen is enlarged.
            a, b, c, d = (edge * short / self.resize for edge in (left, top, right, bottom))
            return self._of_box(self.size, self.size, image, _inside((a, b, c, d), image.size))
        return self._brought_to(width, height, image)[top:bottom, left:right]

    def _brought_to(self, width: int, height: int, image: Image.Image) -> NDArray[np.uint8]:
        """Return an image at another size, uint8 ``[height, width, channels]``.

        As torchvision does it with tensors, which takes a quarter of the time that Pillow takes. Where both are not the
        same, they are one level of 255 apart; bicubic, two in a few points of sharp edges.
        """
        _, edges = _extent(image)
        if edges != (0, 0, *image.size):
            return self._of_box(width, height, image, edges)
        pixels = np.array(image)
        if image.size == (width, height):
            return pixels.reshape(height, width, self.channels)
        planes = torch.from_numpy(pixels.reshape(1, *pixels.shape[:2], self.channels)).permute(0, 3, 1, 2)
        resized = functional.interpolate(
            planes, (height, width), mode=self.interpolation, align_corners=False, antialias=True
        )
        return resized[0].permute(1, 2, 0).numpy()

    def _of_box(self, width: int, height: int, image: Image.Image, box: Box) -> NDArray[np.uint8]:
        """Return what a box of an image holds, whose edges may cut pixels: uint8 ``[height, width, channels]``."""
        resample = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}[self.interpolation]
        return np.asarray(image.resize((width, height), resample, box)).reshape(height, width, self.channels)

    def normalised(self, pixels: Tensor) -> Tensor:
        """Return uint8 images ``[N, C, H, W]`` as the network takes them, float32, channels last on three channels."""
        values = images.unit_range(pixels)
        mean, std = self._moments(values)
        # In place, in memory that nobody else has: three passes over it less.
        return values.sub_(mean).div_(std).contiguous(memory_format=self._layout)

    def standardised(self, images: Tensor) -> Tensor:
        """Return images ``[N, C, H, W]`` in [0, 1] as the network takes them."""
        mean, std = self._moments(images)
        return ((images - mean) / std).contiguous(memory_format=self._layout)

    def _moments(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return what is subtracted, and what divides: ``[1, C, 1, 1]``, or ``[1, C, 1, W]`` where channels come last.

        There a row at a time takes an eighth of the time that three numbers at a time take.
        """
        width = images.shape[3] if images.is_contiguous(memory_format=torch.channels_last) else 1
        rows = (constants(values * width, images.device).view(1, 1, width, -1) for values in (self.mean, self.std))
        mean, std = (row.permute(0, 3, 1, 2) for row in rows)
        return mean, std

    @property
    def _layout(self) -> torch.memory_format:
        return torch.channels_last if self.channels == 3 else torch.contiguous_format


def _extent(image: Image.Image) -> tuple[tuple[int, int], Box]:
    """Return the width and height of all of an image, and where its edges are in what was decoded of it.

    At a smaller scale the last row and column may stand for less than a whole one.
    """
    width, height, scale = image.info.get(SCALE, (*image.size, 1))
    if (image.width < image.height) != (width < height):
        width, height = height, width  # it was turned
    return (width, height), (0.0, 0.0, min(width / scale, image.width), min(height / scale, image.height))


def _inside(box: Box, size: tuple[int, int]) -> Box:
    left, top, right, bottom = box
    return max(left, 0.0), max(top, 0.0), min(right, float(size[0])), min(bottom, float(size[1]))


def _eight_bit(image: Image.Image) -> Image.Image:
    """Return an image of any mode in L if it is grey, else in RGB; what is transparent keeps its colour."""
    if image.mode in GREY_16:
        # Pillow's own conversion clips at 255.
        values = np.asarray(image).astype(np.float64)
        return Image.fromarray((values / 257).round().clip(0, 255).astype(np.uint8))
    if image.mode == "F":
        # Floating point: [0, 1] as a rule, else as 8 bits count.
        values = np.asarray(image).astype(np.float64)
        scale = 255 if values.max(initial=0, where=np.isfinite(values)) <= 1 else 1
        values = np.nan_to_num(values, nan=0, posinf=255, neginf=0) * scale
        return Image.fromarray(values.round().clip(0, 255).astype(np.uint8))
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode == "La":
        image = image.convert("LA")
    if image.format in JPEG and image.mode in {"L", "RGB"}:
        return image
    return image.convert("L" if image.mode in GREY_8 else "RGB")


def open_image(path: Path, *, upright: bool = True, enough: int = 0) -> Image.Image:
    """Return an image of 8 bits in mode L or RGB; of an animation, the first frame.

    Args:
        path: of the file.
        upright: turn it as its camera says (EXIF), which is what people want of their own photographs; else take the
            pixels as they are stored, as torchvision's ImageFolder does.
        enough: pixels that the shorter side needs: a JPEG that has twice as many or more is decoded at a half, a
            quarter or an eighth of its size, by libjpeg, in less time; 0 decodes all of it. The pixels that come of it
            differ a little; ``info`` of the image tells of it.

    Raises:
        UnreadableImage: if it is not an image, is cut off, has more pixels than :data:`PIXELS`, or colours that cannot
            be converted.
    """
    try:
        with warnings.catch_warnings():
            # Broken metadata does not matter here, and the size is checked below.
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                width, height = image.size
                if width * height <= PIXELS:
                    if enough and image.format in JPEG:
                        image.draft(None, (enough, enough))
                        if image.size != (width, height):
                            image.info[SCALE] = (width, height, round(width / image.width))
                    image.load()
                    return _eight_bit(_upright(image) if upright else image)
    except Image.DecompressionBombError:
        raise UnreadableImage(f"{text_of(path)} has too many pixels to be decoded") from None
    except Exception as error:  # Pillow's readers raise whatever a damaged file leads them to.
        reason = "no image" if isinstance(error, UnidentifiedImageError) else first_line(error)
        raise UnreadableImage(f"{text_of(path)} cannot be read: {reason}") from error
    raise UnreadableImage(f"{text_of(path)} has {width} x {height} pixels, too many to be decoded")


def _upright(image: Image.Image) -> Image.Image:
    """Turn an image as its camera says; an image with damaged metadata stays as it is."""
    try:
        # Without a turn this would be a copy.
        turned = image.getexif().get(ORIENTATION, 1) != 1
        return ImageOps.exif_transpose(image) if turned else image
    except Exception:  # noqa: BLE001 - whatever damaged metadata leads to
        return image


def image_of(pixels: Tensor) -> Image.Image:
    """Return uint8 pixels ``[C, H, W]`` as an image, grey or in colour."""
    array = pixels.permute(1, 2, 0).numpy()
    return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)


@dataclass(frozen=True, slots=True)
class Photographs:
    """Labelled images that are still files, or arrays of one size.

    Attributes:
        labels: int64 ``[N]``, indices into ``classes``.
        classes: names.
        names: of the images, e.g. ``Coast/image_0007.jpg``.
        files: their paths; empty where ``arrays`` holds them.
        arrays: uint8 ``[N, C, H, W]``.
        upright: whether files are turned as their cameras say; see :func:`open_image`.
    """

    labels: Tensor
    classes: tuple[str, ...]
    names: tuple[str, ...]
    files: tuple[Path, ...] = ()
    arrays: Tensor | None = None
    upright: bool = True

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: Tensor) -> Photographs:
        """Return those at some indices ``[M]``, int64."""
        chosen = indices.tolist()
        return replace(
            self,
            labels=self.labels[indices],
            names=tuple(self.names[i] for i in chosen),
            files=tuple(self.files[i] for i in chosen) if self.files else (),
            arrays=None if self.arrays is None else self.arrays[indices],
        )

    def open(self, index: int, enough: int = 0) -> Image.Image:
        """Return one image, of a JPEG maybe less than all its pixels; see :func:`open_image`.

        Raises:
            UnreadableImage: naming the file.
        """
        if self.arrays is None:
            return open_image(self.files[index], upright=self.upright, enough=enough)
        return image_of(self.arrays[index])

    def digest(self) -> str:
        """Return a digest of the images, their files, and how these are decoded: 16 hexadecimal characters."""
        content = hashlib.blake2b(f"{DECODING} {self.upright}".encode(), digest_size=8)
        if self.arrays is not None:
            content.update(self.arrays.contiguous().numpy().tobytes())
        for path in self.files:
            with contextlib.suppress(OSError):
                stat = path.stat()
                content.update(os.fsencode(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n"))
        return content.hexdigest()


class Parts(NamedTuple):
    """The training photographs, validation included, and those for the final test."""

    train: Photographs
    test: Photographs


def load(name: str, fewest: int = 2, context: Context | None = None) -> Parts:
    """Return a data set by name: one of the table, some of its classes, or ``folder:PATH``.

    Where a data set has a validation part of its own it belongs to ``train``: hold out what you need of it. Photographs
    of a folder are turned upright, as their cameras say; those of a published data set are taken as they are stored.

    Args:
        name: of the data set.
        fewest: how many classes a folder must have; 1 takes a folder of images without classes, too.
        context: of the run, whose console hears of what is passed over; None where that has been said.

    Raises:
        DataUnavailable: if it is not there, saying what to do.
    """
    named = names.parse(name)
    if named.source is not None and not named.photographs:
        splits = images.load(name, size=named.source.native, channels=None)
        both = (torch.cat((splits.train.images, splits.validation.images)), splits.test.images)
        labels = (torch.cat((splits.train.labels, splits.validation.labels)), splits.test.labels)
        classes = splits.train.classes
        numbered = [
            tuple(f"{part}/{index}" for index in range(len(own)))
            for part, own in zip(Parts._fields, labels, strict=True)
        ]
        return Parts(*(Photographs(labels[i], classes, numbered[i], arrays=both[i]) for i in range(2)))
    tree = sources.tree_of(named, fewest)
    if context:
        for note in tree.notes:
            context.message(note, level="alarm")
    parts = []
    for pairs in (tree.train, tree.test):
        labels_ = torch.tensor([index for _, index in pairs], dtype=torch.long)
        files = tuple(path for path, _ in pairs)
        part = Photographs(
            labels_, tree.classes, tuple(map(tree.name_of, files)), files, upright=named.folder is not None
        )
        parts.append(part if named.classes is None else images.some_classes(part, *named.classes))
    return Parts(*parts)


def require_every_class(labels: Tensor, classes: tuple[str, ...]) -> None:
    """Check that there is an image of each class to learn from.

    Raises:
        UnreadableImage: naming a class of which none is left.
    """
    missing = [name for name, count in zip(classes, labels.bincount(minlength=len(classes)), strict=True) if not count]
    if missing:
        raise UnreadableImage(
            f"no training image of class {missing[0]} can be read: repair its files or remove its folder"
        )


def hold_out(photographs: Photographs, share: float, seed: int) -> tuple[Tensor, Tensor]:
    """Draw a share of each class for validation; return the indices of what stays and of what is held out, sorted.

    Raises:
        PhospheneError: if either part would be empty, or a class would have no training image left.
    """
    generator = torch.Generator().manual_seed(seed)
    held_out = []
    for label in photographs.labels.unique():
        own = (photographs.labels == label).nonzero().flatten()
        held_out.append(own[torch.randperm(len(own), generator=generator)[: round(share * len(own))]])
    out = torch.cat(held_out).sort().values
    left = torch.ones(len(photographs), dtype=torch.bool)
    left[out] = False
    stays = left.nonzero().flatten()
    if not len(out) or photographs.labels[stays].unique().numel() < photographs.labels.unique().numel():
        what = "no image for validation" if not len(out) else "a class without training images"
        raise PhospheneError(f"a share of {share:g} of {len(photographs):,} images leaves {what}: choose another")
    return stays, out
