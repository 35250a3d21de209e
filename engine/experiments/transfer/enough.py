"""Whether a folder holds enough images for what an experiment does with them. No torch."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from engine.experiments.transfer import grid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.datasets.trees import Tree


def _by_class(tree: Tree) -> dict[str, int]:
    """Return how many training images each class has."""
    counts = Counter(label for _, label in tree.train)
    return {name: counts[label] for label, name in enumerate(tree.classes)}


def _images(count: int) -> str:
    return f"{count} training image{'s' * (count != 1)}"


def fewer_than_folds(fewest: int, folds: int) -> str:
    """Say what the smallest class lacks for a cross-validation, and what to do."""
    advice = f"choose --folds {fewest}" if fewest > 1 else "add images to it"
    return f"has {_images(fewest)}, and {folds} folds need {folds} of each: {advice}"


def too_few_for_folds(values: Mapping[str, Any], tree: Tree) -> str:
    """Say why a folder is too small to be cross-validated; nothing if it is not."""
    name, count = min(_by_class(tree).items(), key=lambda entry: entry[1])
    return "" if count >= values["folds"] else f"is too small: class {name} {fewer_than_folds(count, values['folds'])}"


def too_few_to_choose_c(values: Mapping[str, Any], tree: Tree) -> str:
    """Say why a folder is too small to choose among several C; nothing if it is not, or if there is one C."""
    complaint = too_few_for_folds(values, tree) if len(grid.parse(values["C"])) > 1 else ""
    return complaint and f"{complaint}, or choose one C, which needs no cross-validation"


def too_few_to_hold_out(values: Mapping[str, Any], tree: Tree) -> str:
    """Say why no share of a folder can be held out for validation; nothing if it can."""
    share, counts = values["validation"], _by_class(tree)
    held_out = {name: round(share * count) for name, count in counts.items()}
    if not any(held_out.values()):
        return f"has {_images(sum(counts.values()))}: a share of {share:g} of each class holds none out"
    for name, count in counts.items():
        if held_out[name] == count:
            return f"has {_images(count)} of class {name}: a share of {share:g} leaves none to learn from"
    return ""
