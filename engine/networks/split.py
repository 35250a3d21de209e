"""A network in two pieces: a frozen one and a trained one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.errors import PhospheneError
from engine.networks.cuts import Sectioned

if TYPE_CHECKING:
    from engine.networks.places import Cut

Freeze = Literal["backbone", "features", "none"]
AUXILIARY_WEIGHT = {"InceptionOutputs": 0.4, "GoogLeNetOutputs": 0.3}
"""Of each auxiliary classifier in the loss: torchvision's Inception, and Szegedy et al. 2015 for GoogLeNet."""


class Split:
    """A classifier of which a first piece may be frozen: evaluated, without gradients, its batch statistics kept.

    The dropouts of the classifier lie in the trained piece, so that they drop values in training whatever is frozen.

    Args:
        network: a classifier whose head is the layer ``head``.
        shape: of one input image, ``(C, H, W)``.
        head: name of the last layer.
        freeze: all but the last layer, the convolutional part, or nothing. Parameters that stay are marked so.

    Raises:
        PhospheneError: if ``freeze`` is ``features`` and there is no convolutional part.
    """

    def __init__(self, network: nn.Module, shape: tuple[int, int, int], head: str, freeze: Freeze) -> None:
        self.network = network
        self.start: Cut | None = None
        self._frozen: nn.Module | None = None
        self._trained: nn.Module = network
        if freeze == "none":
            return
        sectioned = Sectioned(network, shape)
        self.start = sectioned.boundary if freeze == "features" else sectioned.before_dropouts(head)
        if self.start is None:
            raise PhospheneError("this network has no convolutional part: choose --freeze backbone or none")
        self._frozen = sectioned.piece([self.start]).eval()
        self._trained = sectioned.piece([sectioned.every[-1]], self.start)
        network.requires_grad_(False)
        (self._trained if freeze == "features" else network.get_submodule(head)).requires_grad_(True)

    @property
    def frozen_size(self) -> int:
        """How many values the frozen piece gives for one image; 0 if nothing is frozen."""
        return math.prod(self.start.shape) if self.start else 0

    @torch.no_grad()
    def frozen(self, images: Tensor) -> Tensor:
        """Return what the trained piece takes, for images ``[N, C, H, W]``."""
        if self._frozen is None:
            return images
        return next(iter(self._frozen(images).values()))  # type: ignore[no-any-return]

    def loss(self, values: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the cross-entropy, auxiliary classifiers included, and logits ``[N, classes]``, in training mode."""
        self._trained.train()
        outputs = self._trained(values)
        weight = AUXILIARY_WEIGHT.get(type(outputs).__name__, 0.0)
        logits, *auxiliary = outputs if isinstance(outputs, tuple) else (self._logits(outputs),)
        loss = F.cross_entropy(logits.float(), labels)
        for other in auxiliary:
            if other is not None:
                loss = loss + weight * F.cross_entropy(other.float(), labels)
        return loss, logits.detach()

    @torch.no_grad()
    def predict(self, values: Tensor) -> Tensor:
        """Return the logits ``[N, classes]``, float32, in evaluation mode."""
        self._trained.eval()
        return self._logits(self._trained(values)).float()

    def _logits(self, outputs: Tensor | dict[str, Tensor]) -> Tensor:
        return outputs if isinstance(outputs, Tensor) else next(iter(outputs.values()))
