"""What experiments on features begin with: the images, the frozen network, and how the one meets the other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from engine.datasets import photographs
from engine.datasets.photographs import Parts
from engine.errors import PhospheneError
from engine.experiments.earlier import load_network
from engine.experiments.transfer.features import Extractor, Features, Place, chunks
from engine.networks.cuts import Sectioned

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.experiments.transfer.declarations import FeatureHyperparameters
    from engine.networks.backbones import Backbone

MOST_BYTES = 4 << 30
"""Features that a run gathers, at most; for a moment it needs little more than that."""


class Setting:
    """Images and network as the hyperparameters name them.

    Attributes:
        data: what may be learnt from, and what is for the test.
        backbone: the frozen network.
        preprocessing: what the images go through.
        sectioned: the network as a chain of cuts.
    """

    def __init__(self, chosen: FeatureHyperparameters, context: Context) -> None:
        self._chosen = chosen
        self._context = context
        self.data = photographs.load(chosen.dataset, context=context)
        self.backbone = load_network(chosen.model, context)
        self.preprocessing = self.backbone.preprocessing.resized(chosen.resize)
        self.sectioned = Sectioned(self.backbone.network, self.backbone.shape)

    def require_room(self, places: Sequence[Place]) -> None:
        """Refuse features that would not fit in memory before anything is computed.

        Raises:
            PhospheneError: saying what to change.
        """
        images, pool, values = sum(map(len, self.data)), self._chosen.pool, 0
        for place in places:
            channels, *sides = place.end.shape
            values += channels * math.prod(min(side, pool) if pool else side for side in sides)
        if values * 4 * images > MOST_BYTES:
            raise PhospheneError(
                f"the features of {images:,} images would need {values * 4 * images / 2**30:.1f} GiB of memory: choose "
                f"a smaller --pool (1 is the least){' or fewer --cuts' if len(places) > 1 else ' or a later cut'}"
            )

    def extractor(self, places: Sequence[Place], backbone: Backbone | None = None) -> Extractor:
        """Return what takes the features at some places of the network, or of another one with the same input."""
        return Extractor(
            backbone or self.backbone,
            places,
            self.preprocessing,
            self._chosen.pool,
            self._chosen.precision,
            self._context,
            refuse_broken=self._chosen.broken == "refuse",
        )

    def steps(self, others: int, passes: int = 1) -> Iterator[int]:
        """Return the steps of the run: one for each piece of the features in each pass, and ``others`` more."""
        pieces = sum(chunks(part) for part in self.data)
        return iter(self._context.steps(passes * pieces + others, unit="piece of work"))

    def features(self, extractor: Extractor, steps: Iterator[int]) -> tuple[Features, Features]:
        """Return the features of the training and of the test images, taking a step for each piece of them.

        From then on the data are those that could be read.
        """
        train = extractor.extract(self.data.train, self._chosen.dataset, "train", steps)
        photographs.require_every_class(train.labels, self.data.train.classes)
        test = extractor.extract(self.data.test, self._chosen.dataset, "test", steps)
        self.data = Parts(self.data.train[train.indices], self.data.test[test.indices])
        return train, test
