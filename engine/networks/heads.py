"""Giving a trained classifier a last layer for other classes."""

from __future__ import annotations

from torch import nn

from engine.errors import PhospheneError


def head_name(network: nn.Module) -> str:
    """Return the name of the last layer: the last dense one, or SqueezeNet's last convolution.

    Raises:
        PhospheneError: if the network has no such layer.
    """
    names: list[str] = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not names:
        names = [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]
    if not names:
        raise PhospheneError("this network has no last layer that could be replaced")
    return names[-1]


def auxiliary_heads(network: nn.Module) -> list[str]:
    """Return the names of the last layers of the auxiliary classifiers of Inception and GoogLeNet."""
    heads: dict[str, str] = {}
    for name, module in network.named_modules():
        first = name.partition(".")[0]
        if isinstance(module, nn.Linear) and first.lower().startswith("aux"):
            heads[first] = name
    return list(heads.values())


def replace_heads(network: nn.Module, classes: int) -> str:
    """Replace the last layer and the auxiliary ones for another number of classes; return the last one's name."""
    head = head_name(network)
    for name in (head, *auxiliary_heads(network)):
        parent = network.get_submodule(name.rpartition(".")[0])
        old = network.get_submodule(name)
        new: nn.Module
        if isinstance(old, nn.Linear):
            new = nn.Linear(old.in_features, classes, bias=old.bias is not None)
        else:
            new = nn.Conv2d(old.in_channels, classes, old.kernel_size, bias=old.bias is not None)  # type: ignore[arg-type]
            # As SqueezeNet's paper starts it: with the framework's default its ReLU soon kills whole classes.
            nn.init.normal_(new.weight, 0.0, 0.01)
            nn.init.zeros_(new.bias)  # type: ignore[arg-type]
        setattr(parent, name.rpartition(".")[2], new)
    return head
