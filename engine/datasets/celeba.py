"""CelebA's aligned faces and one of their 40 attributes, from torchvision's layout. No torch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.datasets.table import ATTRIBUTES
from engine.datasets.trees import Tree
from engine.errors import DataUnavailable

if TYPE_CHECKING:
    from pathlib import Path

TEST = "2"
"""How ``list_eval_partition.txt`` marks the official test images; 0 is training and 1 validation."""


def faces(folder: Path, attribute: str, classes: tuple[str, ...]) -> Tree:
    """List the faces that are there with and without an attribute; 0 is without, 1 is with.

    Args:
        folder: holds ``img_align_celeba/``, ``list_attr_celeba.txt`` and ``list_eval_partition.txt``.
        attribute: its name, as in :data:`engine.datasets.table.ATTRIBUTES`.
        classes: names of the two classes.

    Raises:
        DataUnavailable: if a list is not CelebA's, or names none of the images that are there.
    """
    images = folder / "img_align_celeba"
    there = set(os.listdir(images))
    lines = (folder / "list_attr_celeba.txt").read_text(encoding="utf-8", errors="replace").splitlines()
    if len(lines) < 3 or tuple(lines[1].split()) != ATTRIBUTES:
        raise DataUnavailable(f"{folder / 'list_attr_celeba.txt'} is not CelebA's: its second line names no attributes")
    column = 1 + ATTRIBUTES.index(attribute)
    partition = dict(_pairs(folder / "list_eval_partition.txt"))
    parts: tuple[list[tuple[Path, int]], list[tuple[Path, int]]] = [], []
    for line in lines[2:]:
        values = line.split()
        if len(values) == 1 + len(ATTRIBUTES) and values[0] in there and values[0] in partition:
            parts[partition[values[0]] == TEST].append((images / values[0], int(values[column] == "1")))
    if not all(parts):
        raise DataUnavailable(f"{folder} holds no images for training or none for the test, by its lists")
    train, test = map(tuple, parts)
    return Tree(folder, classes, train, test)


def _pairs(path: Path) -> list[tuple[str, str]]:
    rows = (line.split() for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    return [(row[0], row[1]) for row in rows if len(row) == 2]
