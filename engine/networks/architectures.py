"""Networks without trained weights: torchvision's classifiers and the small CNN, and what their images go through."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from engine.datasets.photographs import Preprocessing
from engine.networks.names import SMALL_CNN
from engine.networks.small_cnn import SmallCnn

SMALL_CNN_INPUT = Preprocessing(28, channels=1, mean=(0.0,), std=(1.0,))


def build(architecture: str, classes: int | None = None) -> nn.Module:
    """Build one of torchvision's classifiers with random weights, as its paper has it, or with other classes."""
    from torchvision.models import get_model

    options: dict[str, Any] = {} if classes is None else {"num_classes": classes}
    if architecture in {"inception_v3", "googlenet"}:
        # Their own initialisation draws from a truncated normal through scipy, for half a minute.
        # And their weights take images scaled in another way, which the networks then do themselves.
        options |= {"init_weights": False, "aux_logits": True, "transform_input": True}
    if architecture == "vit_h_14":
        options["image_size"] = 518  # what its weights are for
    network: nn.Module = get_model(architecture, weights=None, **options)
    return network


def default_weights(architecture: str) -> Any:
    """Return torchvision's description of the weights that it takes by default."""
    from torchvision.models import get_model_weights

    return get_model_weights(architecture).DEFAULT


def preprocessing_of(architecture: str) -> Preprocessing:
    """Return what an architecture's own weights were trained with."""
    if architecture == SMALL_CNN:
        return SMALL_CNN_INPUT
    transforms = default_weights(architecture).transforms()
    return Preprocessing(
        size=transforms.crop_size[0],
        resize=transforms.resize_size[0],
        interpolation=transforms.interpolation.value,
        mean=tuple(transforms.mean),
        std=tuple(transforms.std),
    )


def bare(architecture: str, classes: int = 0) -> tuple[nn.Module, tuple[int, int, int]]:
    """Return a network without its weights and the shape of one input image; it takes no memory.

    Args:
        architecture: one of torchvision's, or ``cnn``.
        classes: 0 for as many as its paper has.
    """
    wanted = preprocessing_of(architecture)
    try:
        with torch.device("meta"):
            if architecture == SMALL_CNN:
                network: nn.Module = SmallCnn(classes=classes or 10)
            else:
                network = build(architecture, classes or None)
    except NotImplementedError:
        # RegNet works its widths out with tensors.
        network = build(architecture, classes or None).to("meta")
    return network, (wanted.channels, wanted.size, wanted.size)
