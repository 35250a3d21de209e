"""What each layer of a network costs: its parameters and multiply-adds, found by showing the network an image."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer.

    Attributes:
        name: its own; empty for the network itself.
        kind: its class, and "itself" where layers inside it are counted on their own.
        shape: of its output for one image; empty where no image meets it.
        parameters: those it computes with, without those of layers that are counted on their own.
        multiply_adds: for one image, likewise.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


def count_layers(network: nn.Module, shape: tuple[int, int, int]) -> tuple[list[Layer], list[Layer]]:
    """Return the layers in the order in which an image meets them, and those that serve training alone.

    A layer that is met twice is counted once. One that is never called, as the projections of an attention, belongs to
    the module around it, which computes with its parameters.

    Args:
        network: on any device; ``meta`` takes no memory. It is put into evaluation mode.
        shape: of one image, ``[C, H, W]``.
    """
    network.eval().requires_grad_()
    inference = _Pass(network, shape)
    names = {module: name for name, module in network.named_modules()}
    met, auxiliary = dict.fromkeys(inference.shapes, 0), dict.fromkeys(names, 0)
    for name, parameter in network.named_parameters():
        module = network.get_submodule(name.rpartition(".")[0])
        if parameter not in inference.used:
            auxiliary[module] += parameter.numel()
            continue
        while module not in met:
            module = network.get_submodule(names[module].rpartition(".")[0])
        met[module] += parameter.numel()
    layers = [
        Layer(names[module], _kind(module, met), shape, own, inference.multiply_adds[module])
        for (module, own), shape in zip(met.items(), inference.shapes.values(), strict=True)
        if own or inference.multiply_adds[module] or not any(module.children())
    ]
    if not any(auxiliary.values()):
        return layers, []
    # GoogLeNet and Inception call their auxiliary heads where the network is in training mode; its layers need not be.
    network.training = True
    training = _Pass(network, shape)
    network.training = False
    heads = []
    for module, own in auxiliary.items():
        output = training.shapes.get(module, ())
        heads.append(Layer(names[module], type(module).__name__, output, own, training.multiply_adds[module]))
    return layers, [layer for layer in heads if layer.parameters]


def _kind(module: nn.Module, met: dict[nn.Module, int]) -> str:
    inside = any(part in met for part in module.modules() if part is not module)
    return f"{type(module).__name__} itself" if inside else type(module).__name__


class _Pass:
    """What happens while a network answers to one image.

    Attributes:
        shapes: of the output of each module that is called, in the order of the calls.
        multiply_adds: of each of them, without those of the modules inside it.
        used: the parameters on which the answer depends.
    """

    def __init__(self, network: nn.Module, shape: tuple[int, int, int]) -> None:
        self.shapes: dict[nn.Module, tuple[int, ...]] = {}
        self.multiply_adds: Counter[nn.Module] = Counter()
        self._inside: list[nn.Module] = []
        self._counted = 0
        self._counter = FlopCounterMode(display=False)
        hooks = [module.register_forward_pre_hook(self._enter) for module in network.modules()]
        hooks += [module.register_forward_hook(self._leave) for module in network.modules()]
        parameters = list(network.parameters())
        # With gradients, attention is computed in parts that are counted, and not by one fused function.
        with torch.enable_grad(), self._counter:
            answer = _first_tensor(network(torch.zeros(1, *shape, device=parameters[0].device)))
        for hook in hooks:
            hook.remove()
        slopes = torch.autograd.grad(answer.sum(), parameters, allow_unused=True)
        self.used = {parameter for parameter, slope in zip(parameters, slopes, strict=True) if slope is not None}

    def _enter(self, module: nn.Module, _: object) -> None:
        self._count()
        self._inside.append(module)
        self.shapes.setdefault(module, ())

    def _leave(self, module: nn.Module, _: object, output: object) -> None:
        self._count()
        self._inside.pop()
        self.shapes[module] = self.shapes[module] or tuple(_first_tensor(output).shape[1:])

    def _count(self) -> None:
        """Give what was computed since the last call or return to the innermost module."""
        # A multiply-add is two floating-point operations.
        total = self._counter.get_total_flops() // 2
        if self._inside:
            self.multiply_adds[self._inside[-1]] += total - self._counted
        self._counted = total


def _first_tensor(output: object) -> Tensor:
    """Return the answer itself: attention gives its weights with it, Inception its auxiliary logits."""
    while not isinstance(output, Tensor):
        output = output[0]  # type: ignore[index]
    return output
