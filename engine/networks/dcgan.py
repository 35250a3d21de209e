"""Generator and discriminator of the deep convolutional GAN (Radford, Metz, Chintala 2016, arXiv:1511.06434)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Initialisation = Literal["dcgan", "default"]


class Projection(nn.ConvTranspose2d):
    """A vector ``[N, nz]`` to maps ``[N, width, 4, 4]``: the transposed convolution of a single pixel, as a product.

    In it channels come last, and so they do in the maps: what follows wants them so, and computes several times slower
    where the order changes.
    """

    def __init__(self, nz: int, width: int) -> None:
        super().__init__(nz, width, 4, 1, 0, bias=False)

    def forward(self, vector: Tensor, output_size: list[int] | None = None) -> Tensor:  # noqa: ARG002
        """Return the maps."""
        weight = self.weight.permute(0, 2, 3, 1)
        maps: Tensor = (vector @ weight.flatten(1)).unflatten(1, weight.shape[1:])
        return maps.permute(0, 3, 1, 2)


class LogitConvolution(nn.Conv2d):
    """Maps ``[N, width, 4, 4]`` to a logit ``[N, 1]``: the convolution that covers all of them, as a product.

    With channels last, for the same reason.
    """

    def __init__(self, width: int) -> None:
        super().__init__(width, 1, 4, 1, 0, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Return the logit."""
        return maps.permute(0, 2, 3, 1).flatten(1) @ self.weight.permute(0, 2, 3, 1).flatten(1).T


def widths_of(first: int, size: int) -> list[int]:
    """Return the feature maps of each stage, from the image inwards: from half its size down to 4x4.

    Raises:
        ValueError: if the size is not a power of two from 8.
    """
    if size < 8 or size & (size - 1):
        raise ValueError(f"a DCGAN draws images of 8, 16, 32, 64, ... pixels, not {size}")
    return [first << stage for stage in range(size.bit_length() - 3)]


def doublings(widths: Sequence[int], channels: int) -> Iterator[nn.Module]:
    """Yield the stages from normalised 4x4 maps to an image: each doubles the size, the last ends in tanh."""
    for width, following in pairwise(widths):
        yield nn.ConvTranspose2d(width, following, 4, 2, 1, bias=False)
        yield nn.BatchNorm2d(following)
        yield nn.ReLU(inplace=True)
    yield nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1, bias=False)
    yield nn.Tanh()


def halvings(widths: Sequence[int]) -> Iterator[nn.Module]:
    """Yield the stages from maps of half the image's size to the logit: each halves the size."""
    for width, following in pairwise(widths):
        yield nn.Conv2d(width, following, 4, 2, 1, bias=False)
        yield nn.BatchNorm2d(following)
        yield nn.LeakyReLU(0.2, inplace=True)
    yield LogitConvolution(widths[-1])


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
        widths = widths_of(ngf, size)[::-1]
        first = Projection(nz, widths[0]), nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True)
        self.layers = nn.Sequential(*first, *doublings(widths, channels))

    def forward(self, latent: Tensor) -> Tensor:
        """Return images ``[N, channels, size, size]`` in [-1, 1] for latent vectors ``[N, nz]``."""
        return self.layers(latent)  # type: ignore[no-any-return]


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
        first = nn.Conv2d(channels, ndf, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)
        self.layers = nn.Sequential(*first, *halvings(widths_of(ndf, size)))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``[N]`` that images ``[N, channels, size, size]`` in [-1, 1] are real."""
        return self.layers(images).flatten()  # type: ignore[no-any-return]


def initialise(network: nn.Module, how: Initialisation) -> None:
    """Draw the weights as the paper does, or leave the framework's own.

    ``dcgan``: N(0, 0.02) for convolutions and dense layers, whose biases are zero; N(1, 0.02) and zero for the scale
    and the shift of batch normalisation.
    """
    if how == "default":
        return
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.normal_(layer.weight, 1.0, 0.02)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
