"""Networks by name, ready for use: with their weights and what their images must go through.

The networks of earlier runs are rebuilt by :mod:`engine.experiments.earlier`, which knows the experiments.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from engine.networks.architectures import SMALL_CNN_INPUT, build, default_weights, preprocessing_of
from engine.networks.embedded import small_cnn
from engine.networks.names import SMALL_CNN, parse
from engine.networks.small_cnn import SmallCnn
from engine.networks.state_dicts import read_weights
from engine.networks.weights import fit_weights, own_weights
from engine.paths import path_of

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.datasets.photographs import Preprocessing


@dataclass(frozen=True, slots=True)
class Backbone:
    """A network ready for use, in evaluation mode.

    Attributes:
        name: as a hyperparameter names it.
        network: on the device of the run.
        preprocessing: what its weights were trained with.
        classes: names of what it tells apart.
        architecture: ``squeezenet1_1`` and the like, or ``cnn``.
    """

    name: str
    network: nn.Module
    preprocessing: Preprocessing
    classes: tuple[str, ...]
    architecture: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one input image."""
        return (self.preprocessing.channels, self.preprocessing.size, self.preprocessing.size)

    def on(self, device: torch.device) -> Backbone:
        """Bring the network onto a device, in evaluation mode, colour images with channels last; return the same."""
        self.network.eval().to(device)
        if self.preprocessing.channels == 3:
            self.network.to(memory_format=torch.channels_last)
        return self

    def fixed(self) -> Backbone:
        """Return the same, its parameters without gradients: those cost a third of a backward pass and more."""
        self.network.requires_grad_(False)
        return self

    def logits(self, images: Tensor) -> Tensor:
        """Return the logits ``[N, classes]``, float32, of images ``[N, C, H, W]`` in [0, 1]."""
        return self.network(self.preprocessing.standardised(images)).float()  # type: ignore[no-any-return]

    def digest(self) -> str:
        """Return what changes with any weight: 16 hexadecimal characters."""
        content = hashlib.blake2b(digest_size=8)
        for key, value in self.network.state_dict().items():
            content.update(f"{key}{tuple(value.shape)}".encode())
            content.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
        return content.hexdigest()


def load(name: str, context: Context) -> Backbone:
    """Return a network by name, on the context's device; one that no run trained.

    Raises:
        DataUnavailable: if its weights are not there, saying which file to put where; or if they do not fit.
    """
    named = parse(name)
    if named.weights == "run":
        raise ValueError(f"{name} is an earlier run's: load it with engine.experiments.earlier.load_network")
    if named.weights == "trained":
        network, classes = small_cnn(named.detail, context)
        backbone = Backbone(name, network, SMALL_CNN_INPUT, classes, SMALL_CNN)
    elif named.architecture == SMALL_CNN:
        backbone = Backbone(name, SmallCnn(), SMALL_CNN_INPUT, tuple("0123456789"), SMALL_CNN)
    else:
        backbone = _torchvision(name, named.architecture, None if named.weights == "random" else named.detail)
    return backbone.on(context.device)


def _torchvision(name: str, architecture: str, weights: str | None) -> Backbone:
    """Build a classifier: ``weights`` is None for random ones, empty for torchvision's own, else a path."""
    own = default_weights(architecture)
    network = build(architecture)
    if weights is not None:
        state = read_weights(path_of(weights)) if weights else own_weights(architecture)
        fit_weights(network, state, weights or f"torchvision's {own}")
    return Backbone(name, network, preprocessing_of(architecture), tuple(own.meta["categories"]), architecture)
