"""The places at which a network can be cut, and how one is found by name. No torch."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.errors import PhospheneError

if TYPE_CHECKING:
    from collections.abc import Mapping

PENULTIMATE = "penultimate"
"""The word for what the last layer is fed: relu7 of VGG16, the pooled maps of ResNet50, fire9 of SqueezeNet."""
SUGGESTED = 4
"""How many cuts a sentence names where none is near what was written."""


class UnknownCut(PhospheneError):
    """A network has no place of that name; the text names the nearest."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A place in a network whose values can be taken.

    Attributes:
        name: as people call it, e.g. ``relu7``.
        node: torchvision's name of it, e.g. ``classifier.4``.
        shape: of the values for one image, without the batch.
        behind: whether it lies in the classifier, behind the convolutional part.
    """

    name: str
    node: str
    shape: tuple[int, ...]
    behind: bool

    @property
    def size(self) -> int:
        """How many values there are for one image."""
        return math.prod(self.shape)

    @property
    def spatial(self) -> bool:
        """Whether the values are maps ``[C, H, W]``; ``[H, W, C]``, as inside Swin, are not (inputs are square)."""
        return len(self.shape) == 3 and self.shape[1] == self.shape[2]


@dataclass(frozen=True, slots=True)
class Places:
    """All places of a network.

    Attributes:
        every: the places that give a batch of numbers, in the order of computation.
        nodes: torchvision's names of all places, also of those that give something else.
        landmarks: the nodes worth listing: the ends of layers and blocks.
        chains: the names of the children of each ``Sequential``, by its path.
    """

    every: tuple[Cut, ...]
    nodes: tuple[str, ...]
    landmarks: frozenset[str]
    chains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def listed(self) -> tuple[Cut, ...]:
        """The places worth listing."""
        return tuple(cut for cut in self.every if cut.node in self.landmarks)

    def find(self, name: str, network: str = "the network") -> Cut:
        """Return a cut by any of its names: ``relu7``, ``classifier[:-2]``, ``features[12]``, ``layer4.1.add``.

        Args:
            name: of the cut.
            network: the name of the network, for the sentence.

        Raises:
            UnknownCut: with the nearest names there are.
        """
        wanted = name.strip()
        by_name = {cut.name: cut for cut in self.every} | {cut.node: cut for cut in self.every}
        if wanted in by_name:
            return by_name[wanted]
        if sliced := re.fullmatch(r"([\w.]+)\[(:?)(-?\d{1,6})\]", wanted):
            path = self._sliced(sliced[1], bool(sliced[2]), int(sliced[3]))
            if path is not None:
                wanted = path
        # A whole module: the last place inside it.
        inside = [cut for cut in self.every if cut.node == wanted or cut.node.startswith(f"{wanted}.")]
        if wanted and inside:
            return inside[-1]
        near = difflib.get_close_matches(wanted, list(by_name), n=3, cutoff=0.6)
        found = near or [cut.name for cut in spread(self.listed)]
        raise UnknownCut(f"{name!r} is not a layer of {network}; try {', '.join(found)}")

    def _sliced(self, path: str, until: bool, index: int) -> str | None:
        """Return the module that ``path[:index]`` ends with or that ``path[index]`` is."""
        children = self.chains.get(path)
        if children is None or abs(index) > len(children):
            return None
        kept = children[:index] if until else children[index : index + 1 or None]
        if kept:
            return f"{path}.{kept[-1]}"
        # Nothing is left of it: what goes into it.
        inside = [name for name in self.nodes if name.startswith(f"{path}.")]
        before = self.nodes[: self.nodes.index(inside[0])] if inside and until else ()
        return before[-1] if before else None


def spread(cuts: tuple[Cut, ...]) -> list[Cut]:
    """Return a few cuts that lie far apart, the last one among them."""
    step = max(1, len(cuts) // SUGGESTED)
    return list(cuts[::-1][::step][:SUGGESTED][::-1])


@dataclass(frozen=True, slots=True)
class CutTable:
    """All places of a network.

    Attributes:
        places: see there.
        penultimate: the name of the cut that feeds the last layer.
        fits: the names of the cuts that may feed each classifier cut.
    """

    places: Places
    penultimate: str
    fits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """The places worth listing, in the order of computation."""
        return self.places.listed
