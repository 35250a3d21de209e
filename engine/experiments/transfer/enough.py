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


def too_few_for_folds(values: Mapping[str, Any], tree: Tree) -> str:
    """Say why a folder is too small to be cross-validated over several C; nothing if it is not."""
    name, count = min(_by_class(tree).items(), key=lambda entry: entry[1])
    if len(grid.parse(values["C"])) == 1 or count >= values["folds"]:
        return ""
    return f"has {count} training images of class {name}, and {values['folds']} folds need {values['folds']} of each"


def too_few_to_hold_out(values: Mapping[str, Any], tree: Tree) -> str:
    """Say why no share of a folder can be held out for validation; nothing if it can."""
    share, counts = values["validation"], _by_class(tree)
    held_out = {name: round(share * count) for name, count in counts.items()}
    if not any(held_out.values()):
        return f"has {sum(counts.values())} training images: a share of {share:g} of each class holds none out"
    for name, count in counts.items():
        if held_out[name] == count:
            return f"has {count} training images of class {name}: a share of {share:g} leaves none to learn from"
    return ""
