"""The 1,000 classes of ImageNet (ILSVRC 2012): WordNet ids, torchvision's names, WordNet's synonyms. No torch."""

from __future__ import annotations

import csv
import functools
import re
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

WNID = re.compile(r"n\d{8}")


class ImageNetClass(NamedTuple):
    """One of the 1,000 classes of ILSVRC 2012: its WordNet id, torchvision's name, and WordNet's other names."""

    wnid: str
    name: str
    also: tuple[str, ...]


@functools.cache
def imagenet() -> tuple[ImageNetClass, ...]:
    """Return the classes of ImageNet in the order of torchvision's networks (ids and synonyms are WordNet's)."""
    text = resources.files(__package__).joinpath("imagenet.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(ImageNetClass(row["wnid"], row["name"], tuple(filter(None, row["also"].split("|")))) for row in rows)


def imagenet_names() -> tuple[str, ...]:
    """Return the names of ImageNet's classes, as torchvision has them."""
    return tuple(entry.name for entry in imagenet())


@functools.cache
def by_wnid() -> Mapping[str, ImageNetClass]:
    """Return the classes of ImageNet by their WordNet ids."""
    return {entry.wnid: entry for entry in imagenet()}
