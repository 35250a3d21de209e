"""Single images by name: ``sample:china``, a file, a folder, an ``.npz`` archive, ``digits:test/0-15``."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from engine.datasets import photographs, trees
from engine.datasets.imagenet import WNID, by_wnid
from engine.datasets.listing import listing, require_images
from engine.errors import DataUnavailable
from engine.paths import exists, path_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.authoring import Context


@dataclass(frozen=True, slots=True)
class NamedImage:
    """One image.

    Attributes:
        name: for captions.
        open: returns it.
        label: the name of its class; empty where it is not known.
        number: of its class in an archive, for networks that count alike.
    """

    name: str
    open: Callable[[], Image.Image]
    label: str = ""
    number: int | None = None


def find(names: str, context: Context | None = None) -> list[NamedImage]:
    """Return the images that are named, several separated by commas; of a folder, all that lie below it.

    Args:
        names: as they are typed.
        context: of the run, whose console hears of what is passed over in folders.

    Raises:
        DataUnavailable: naming what is not there.
    """
    found = [image for name in trees.names_of(names) for image in _find(name, context)]
    if not found:
        raise DataUnavailable("no image is named: write a file, a folder, sample:china or digits:test/0-15")
    return found


def _find(name: str, context: Context | None) -> Iterator[NamedImage]:
    path = path_of(name)
    if matched := trees.IN_DATASET.fullmatch(name):
        yield from _of_dataset(matched[1], matched[2], int(matched[3]), int(matched[4] or matched[3]))
    elif name.startswith(trees.SAMPLE):
        yield _sample(name.removeprefix(trees.SAMPLE))
    elif exists(path) and path.is_dir():
        listed = listing(path)
        require_images(listed)
        if context:
            for note in listed.notes():
                context.message(note, level="alarm")
        for file in listed.images:
            yield _of_file(file, text_of(file.relative_to(path)))
    elif path.suffix == ".npz":
        yield from _of_archive(path)
    elif exists(path) and path.is_file():
        yield _of_file(path, text_of(path.name))
    else:
        raise DataUnavailable(f"there is no image {name}: write a file, a folder, sample:china or digits:test/0-15")


def _of_file(file: Path, name: str) -> NamedImage:
    """Take one file; its name, or its folder's, may tell its class as ImageNet's do: ``n01828970_bee_eater.JPEG``."""
    for text in (file.name, file.parent.name):
        if (found := WNID.match(text)) and found[0] in by_wnid():
            return NamedImage(name, partial(photographs.open_image, file), by_wnid()[found[0]].name)
    return NamedImage(name, partial(photographs.open_image, file))


def _sample(name: str) -> NamedImage:
    """Return one of the photographs that come with scikit-learn."""
    if name not in trees.SAMPLES:
        raise DataUnavailable(f"there is no sample {name!r}; there are: {', '.join(trees.SAMPLES)}")

    def opened() -> Image.Image:
        from sklearn.datasets import load_sample_image

        return Image.fromarray(load_sample_image(f"{name}.jpg"))

    return NamedImage(name, opened)


def _of_dataset(dataset: str, part: str, first: int, last: int) -> Iterator[NamedImage]:
    images = getattr(photographs.load(dataset, fewest=1), part)
    if not first <= last < len(images):
        raise DataUnavailable(f"the {part} images of {dataset} are counted from 0 to {len(images) - 1}")
    for index in range(first, last + 1):
        label = images.classes[int(images.labels[index])]
        yield NamedImage(f"{dataset} {images.names[index]}", partial(images.open, index), label)


def _of_archive(path: Path) -> Iterator[NamedImage]:
    """Yield the images ``X`` (uint8 ``[N, H, W, 3]``) of a numpy archive, with their class numbers ``y`` if given."""
    try:
        with np.load(path, allow_pickle=False) as content:
            images = content["X"]
            numbers = content["y"] if "y" in content.files else None
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise DataUnavailable(f"{path} is not an archive of images, uint8 [N, H, W, 3] under X") from error
    if not images.size:
        raise DataUnavailable(f"{path} holds no images under X")
    if numbers is not None and (complaint := _no_class_numbers(numbers, len(images))):
        raise DataUnavailable(f"{path} holds {complaint}")
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8:
        raise DataUnavailable(f"{path} holds {images.dtype} {list(images.shape)} under X, not uint8 [N, H, W, 3]")
    for index, image in enumerate(images):
        number = None if numbers is None else int(numbers[index])
        yield NamedImage(f"{path.stem} {index}", partial(Image.fromarray, image), number=number)


def _no_class_numbers(numbers: NDArray[np.generic], images: int) -> str:
    """Say why an array cannot be the class numbers of some images; nothing if it can."""
    if numbers.shape != (images,):
        return f"class numbers of shape {list(numbers.shape)} under y for {images} images, not [{images}]"
    if numbers.dtype.kind not in "iu":
        return f"{numbers.dtype} under y, not whole numbers: write the class numbers as int64"
    if wrong := [int(number) for number in numbers.tolist() if number < 0]:
        return f"the class number {wrong[0]} under y, and classes are counted from 0"
    return ""
