"""Conditional adversarial networks of dense layers alone (Mirza & Osindero 2014, arXiv:1411.1784)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class DenseGenerator(nn.Module):
    """Noise and class through a layer each, then two layers on both, then the pixels.

    Batch normalisation, but for the class alone, and ReLU between layers, tanh at the end.

    Args:
        classes: length of the class vector.
        nz: length of the latent vector.
        hidden: width of the first layer of each; the joint ones have four times as many.
        channels: channels of the images.
        size: height and width of the images.
    """

    def __init__(self, classes: int, nz: int = 100, hidden: int = 256, channels: int = 1, size: int = 32) -> None:
        super().__init__()

        def layer(width_in: int, width: int) -> list[nn.Module]:
            return [nn.Linear(width_in, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(inplace=True)]

        self.shape = (channels, size, size)
        self.noise = nn.Sequential(*layer(nz, hidden))
        self.label = nn.Sequential(nn.Linear(classes, hidden), nn.ReLU(inplace=True))
        self.layers = nn.Sequential(
            *layer(2 * hidden, 4 * hidden),
            *layer(4 * hidden, 4 * hidden),
            *(nn.Linear(4 * hidden, math.prod(self.shape)), nn.Tanh()),
        )

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """Return images ``[N, channels, size, size]`` in [-1, 1] for ``[N, nz]`` and ``[N, classes]``."""
        return self.layers(torch.cat((self.noise(latent), self.label(labels)), 1)).unflatten(1, self.shape)  # type: ignore[no-any-return]


class DenseDiscriminator(nn.Module):
    """Image and, unless ``classes`` is 0, class through three layers, leaky ReLU of slope 0.2 and dropout between.

    Args:
        classes: length of the class vector; 0 leaves the class out.
        hidden: width of the last hidden layer; the first two have four and two times as many.
        channels: channels of the images.
        size: height and width of the images.
        dropout: probability with which a hidden value is left out.
    """

    def __init__(
        self, classes: int = 0, hidden: int = 256, channels: int = 1, size: int = 32, dropout: float = 0.3
    ) -> None:
        super().__init__()

        def layer(width_in: int, width: int) -> list[nn.Module]:
            return [nn.Linear(width_in, width), nn.LeakyReLU(0.2, inplace=True), nn.Dropout(dropout)]

        self.layers = nn.Sequential(
            *layer(channels * size**2 + classes, 4 * hidden),
            *layer(4 * hidden, 2 * hidden),
            *layer(2 * hidden, hidden),
            nn.Linear(hidden, 1),
        )

    def forward(self, images: Tensor, *labels: Tensor) -> Tensor:
        """Return logits ``[N]`` for images ``[N, channels, size, size]`` in [-1, 1] and classes ``[N, classes]``."""
        return self.layers(torch.cat((images.flatten(1), *labels), 1)).squeeze(1)  # type: ignore[no-any-return]
