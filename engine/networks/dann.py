"""The network of domain-adversarial training (Ganin et al. 2016, JMLR 17, arXiv:1505.07818) for handwritten digits."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

SIZE = 28
"""Height and width of the input, in pixels."""


class DannNetwork(nn.Module):
    """Shared features, a head that names the class, a head that tells the domain.

    Features: conv 5x5x32, pool, conv 5x5x48, pool: 768 values. Label head: dense 100, 100, classes. Domain head: dense
    100, 1. ReLU after every layer but the last of a head (figure 4a of the paper).

    Args:
        classes: number of classes.
        batch_norm: normalise after both convolutions.
        dropout: the probability with which a value in front of a dense layer that is not the first of its head, or a
            map of the second convolution, is left out.
    """

    def __init__(self, classes: int = 10, *, batch_norm: bool = False, dropout: float = 0.0) -> None:
        super().__init__()

        def convolution(channels: int, width: int) -> list[nn.Module]:
            norm = [nn.BatchNorm2d(width)] if batch_norm else []
            # The same values as ReLU and then pool, which commute, for a quarter of the work.
            return [nn.Conv2d(channels, width, 5), *norm, nn.MaxPool2d(2), nn.ReLU()]

        maps = [*convolution(3, 32), *convolution(32, 48)]
        self.features = nn.Sequential(*maps, nn.Dropout2d(dropout), nn.Flatten())
        self.label_head = nn.Sequential(
            *(nn.Linear(48 * 4 * 4, 100), nn.ReLU(), nn.Dropout(dropout)),
            *(nn.Linear(100, 100), nn.ReLU(), nn.Dropout(dropout)),
            nn.Linear(100, classes),
        )
        self.domain_head = nn.Sequential(
            *(nn.Linear(48 * 4 * 4, 100), nn.ReLU(), nn.Dropout(dropout)),
            nn.Linear(100, 1),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return class logits ``[N, classes]`` for images ``[N, 3, 28, 28]`` in [-1, 1]."""
        return self.label_head(self.features(images))  # type: ignore[no-any-return]

    def domain(self, features: Tensor) -> Tensor:
        """Return logits ``[N]`` that features ``[N, 768]`` come from the target."""
        return self.domain_head(features).squeeze(1)  # type: ignore[no-any-return]


class _ScaledGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, factor: Tensor | float) -> Tensor:
        ctx.factor = factor
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.factor, None


def scale_gradient(values: Tensor, factor: Tensor | float) -> Tensor:
    """Return the values as they are; their gradient is multiplied by a factor.

    A negative factor makes the gradient reversal layer of Ganin et al. 2016, section 4.2.

    Args:
        values: of any shape.
        factor: a number, or a scalar on the same device, which a captured step reads again at every replay.
    """
    return _ScaledGradient.apply(values, factor)  # type: ignore[no-any-return]
