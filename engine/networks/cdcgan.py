"""Conditional DCGAN: the class as maps of its own beside those of the noise and of the image.

After Mirza & Osindero 2014 (arXiv:1411.1784) with the convolutions of Radford et al. 2016, as in RDFIA practical
3-d.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from engine.networks.dcgan import Projection, doublings, halvings, widths_of


class ConditionalGenerator(nn.Module):
    """The DCGAN generator whose first maps come half from the noise and half from the class.

    Only the maps of the noise are normalised: normalised as well, those of the class are so easy to follow that the
    noise is soon ignored, and every class has a single image.

    Args:
        classes: length of the class vector.
        nz: length of the latent vector.
        ngf: feature maps of the last hidden stage.
        channels: channels of the images.
        size: height and width of the images, a power of two from 8.
    """

    def __init__(self, classes: int, nz: int = 100, ngf: int = 32, channels: int = 1, size: int = 32) -> None:
        super().__init__()
        widths = widths_of(ngf, size)[::-1]
        half = max(1, widths[0] // 2)
        self.noise = nn.Sequential(Projection(nz, half), nn.BatchNorm2d(half), nn.ReLU(inplace=True))
        self.label = nn.Sequential(Projection(classes, half), nn.ReLU(inplace=True))
        self.layers = nn.Sequential(*doublings([2 * half, *widths[1:]], channels))

    def forward(self, latent: Tensor, labels: Tensor) -> Tensor:
        """Return images ``[N, channels, size, size]`` in [-1, 1].

        Args:
            latent: ``[N, nz]``.
            labels: ``[N, classes]``, one-hot as a rule; what lies between is between classes.
        """
        return self.layers(torch.cat((self.noise(latent), self.label(labels)), 1))  # type: ignore[no-any-return]


class ConditionalDiscriminator(nn.Module):
    """The DCGAN discriminator whose first maps come half from the image and half from planes of the class.

    Args:
        classes: length of the class vector.
        ndf: feature maps of the first stage.
        channels: channels of the images.
        size: height and width of the images, a power of two from 8.
    """

    def __init__(self, classes: int, ndf: int = 32, channels: int = 1, size: int = 32) -> None:
        super().__init__()
        half = max(1, ndf // 2)
        self.image = nn.Sequential(nn.Conv2d(channels, half, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True))
        self.label = nn.Sequential(nn.Conv2d(classes, half, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True))
        self.layers = nn.Sequential(*halvings([2 * half, *widths_of(ndf, size)[1:]]))

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Return logits ``[N]`` that images ``[N, channels, size, size]`` in [-1, 1] are real and of their classes."""
        planes = labels[:, :, None, None].expand(-1, -1, *images.shape[-2:])
        return self.layers(torch.cat((self.image(images), self.label(planes)), 1)).flatten()  # type: ignore[no-any-return]
