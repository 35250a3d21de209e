"""The small convolutional network of the handwritten-digit experiments."""

from __future__ import annotations

from torch import Tensor, nn


class SmallCnn(nn.Module):
    """Three convolutions and two dense layers, 7,465 parameters for 28x28 grey images and ten classes.

    The network of the filter-statistics practical (Heritier & Nanchen, exercise 1): conv 5x5x9, pool,
    conv 5x5x9, pool, conv 3x3x16, pool, dense 25, dense 10; convolutions keep the size ("same" padding), pools
    halve it, ReLU follows every layer but the last.

    Layers are named ``conv1`` .. ``conv3``, ``dense1`` and ``dense2``; ``relu1`` .. ``relu4`` follow them.

    Args:
        channels: channels of the input images.
        classes: number of classes, the width of the last layer.
        size: height and width of the input images, at least 8.
    """

    def __init__(self, channels: int = 1, classes: int = 10, size: int = 28) -> None:
        super().__init__()
        self.features = nn.Sequential()
        width_in = channels
        for depth, (width, kernel) in enumerate(((9, 5), (9, 5), (16, 3)), start=1):
            self.features.add_module(f"conv{depth}", nn.Conv2d(width_in, width, kernel, padding="same"))
            self.features.add_module(f"relu{depth}", nn.ReLU())
            self.features.add_module(f"pool{depth}", nn.MaxPool2d(2))
            width_in = width
        self.classifier = nn.Sequential()
        self.classifier.add_module("flatten", nn.Flatten())
        self.classifier.add_module("dense1", nn.Linear(width_in * (size // 8) ** 2, 25))
        self.classifier.add_module("relu4", nn.ReLU())
        self.classifier.add_module("dense2", nn.Linear(25, classes))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits ``[N, classes]`` for images ``[N, channels, size, size]`` in [0, 1]."""
        return self.classifier(self.features(images))  # type: ignore[no-any-return]
