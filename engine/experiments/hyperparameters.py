"""Hyperparameters that several families share, declared once. No torch."""

from __future__ import annotations

from typing import Any, Literal

from engine.declaration import hyperparameter
from engine.networks.names import DESCRIPTION

FULL_SIZE = 224
"""The side of the input, in pixels, for which steps and shifts are given; other sizes scale them."""
Resize = Literal["squash", "weights"]
Precision = Literal["auto", "float32", "tf32", "bf16"]
Switch = Literal["auto", "on", "off"]


def images(default: str = "digits:test/0-15") -> Any:
    """Declare the images that a program works on."""
    return hyperparameter(
        default,
        "files, folders, archives, sample:china or digits:test/0-15, separated by commas",
    )


def network(default: str = "cnn:digits", description: str = DESCRIPTION) -> Any:
    """Declare the network, or the networks, of a program."""
    return hyperparameter(default, description)


def precision() -> Any:
    """Declare the number format of a training."""
    return hyperparameter("auto", "bf16 where the device is fast at it", group="speed")


def channels_last() -> Any:
    """Declare the memory layout of a training."""
    return hyperparameter("auto", "memory layout; auto is on", group="speed")


def capture() -> Any:
    """Declare whether the steps of a training are captured."""
    return hyperparameter(
        "auto", "record a step as a CUDA graph and repeat it by one launch; auto is on for GPUs", group="speed"
    )


def resize(**group: Any) -> Any:
    """Declare how photographs are brought to the input size."""
    return hyperparameter(
        "squash", "squash images to the input size, or cut the centre out as the weights' own transform", **group
    )
