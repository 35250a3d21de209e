"""Generator and discriminator of the deep convolutional GAN (Radford, Metz, Chintala 2016, arXiv:1511.06434)."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

Initialisation = Literal["dcgan", "default"]


def _stages(size: int) -> int:
    """Return how many times a 4x4 map is doubled to reach the size."""
    if size < 8 or size & (size - 1):
        raise ValueError(f"a DCGAN draws images of 8, 16, 32, 64, ... pixels, not {size}")
    return size.bit_length() - 3


class Generator(nn.Module):
    """Fractionally strided convolutions from a latent vector to an image.

    At 32 px the maps are 4 ngf at 4x4, 2 ngf at 8x8, ngf at 16x16; every doubling of the size adds a stage with
    twice the width in front. Batch normalisation and ReLU between stages, tanh at the end.

    Args:
        nz: length of the latent vector.
        ngf: feature maps of the last hidden stage.
        channels: channels of the images.
        size: height and width of the images, a power of two from 8.
    """

    def __init__(self, nz: int = 100, ngf: int = 32, channels: int = 1, size: int = 32) -> None:
        super().__init__()
        self.nz = nz
        widths = [ngf << stage for stage in reversed(range(_stages(size)))]
        layers: list[nn.Module] = [nn.ConvTranspose2d(nz, widths[0], 4, 1, 0, bias=False)]
        for width, following in pairwise(widths):
            layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            layers += [nn.ConvTranspose2d(width, following, 4, 2, 1, bias=False)]
        layers += [nn.BatchNorm2d(ngf), nn.ReLU(inplace=True)]
        layers += [nn.ConvTranspose2d(ngf, channels, 4, 2, 1, bias=False), nn.Tanh()]
        self.layers = nn.Sequential(*layers)

    def forward(self, latent: Tensor) -> Tensor:
        """Return images ``[N, channels, size, size]`` in [-1, 1] for latent vectors ``[N, nz]``."""
        return self.layers(latent[:, :, None, None])  # type: ignore[no-any-return]


class Discriminator(nn.Module):
    """Strided convolutions from an image to one logit, the mirror of the generator.

    Leaky ReLU of slope 0.2, batch normalisation everywhere but on the first and the last layer.

    Args:
        ndf: feature maps of the first stage.
        channels: channels of the images.
        size: height and width of the images, a power of two from 8.
    """

    def __init__(self, ndf: int = 32, channels: int = 1, size: int = 32) -> None:
        super().__init__()
        widths = [ndf << stage for stage in range(_stages(size))]
        layers: list[nn.Module] = [nn.Conv2d(channels, ndf, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
        for width, following in pairwise(widths):
            layers += [nn.Conv2d(width, following, 4, 2, 1, bias=False), nn.BatchNorm2d(following)]
            layers += [nn.LeakyReLU(0.2, inplace=True)]
        layers += [nn.Conv2d(widths[-1], 1, 4, 1, 0, bias=False)]
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``[N]`` that images ``[N, channels, size, size]`` in [-1, 1] are real."""
        return self.layers(images).flatten()  # type: ignore[no-any-return]


def initialise(network: nn.Module, how: Initialisation) -> None:
    """Draw the weights as the paper does, or leave the framework's own.

    ``dcgan``: N(0, 0.02) for convolutions, N(1, 0.02) and zero for the scale and shift of batch normalisation.
    """
    if how == "default":
        return
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
            nn.init.zeros_(layer.bias)
