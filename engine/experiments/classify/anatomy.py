"""Takes a network apart: parameters, output shapes and multiply-adds, layer by layer; no weights are needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from engine.experiments.earlier import load_network
from engine.networks.architectures import bare
from engine.networks.cuts import known_as
from engine.networks.names import parse
from engine.plots import Bars

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.experiments.classify.declarations import AnatomyHyperparameters

MOST_BARS = 40


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its name, its kind, the shape of its output for one image, its parameters and multiply-adds."""

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


def run(hyperparameters: AnatomyHyperparameters, context: Context) -> None:
    """Log a row for each layer, the totals, and the share of the fully connected layers."""
    name = parse(hyperparameters.model)
    if name.weights == "run":
        backbone = load_network(hyperparameters.model, context)
        network, shape = backbone.network.to("meta"), backbone.shape
    else:
        network, shape = bare(name.architecture, name.classes)
    for step in context.steps(1, unit="network"):
        found = list(layers(network, shape))
        total = sum(parameter.numel() for parameter in network.parameters())
        dense = sum(layer.parameters for layer in found if layer.kind == "Linear")
        aliases = known_as(network)
        columns = ["layer", "known as", "kind", "output", "parameters", "share", "multiply-adds"]
        rows = [
            [
                one.name,
                aliases.get(one.name, ""),
                one.kind,
                "x".join(map(str, one.shape)),
                one.parameters,
                share,
                one.multiply_adds,
            ]
            for one in found
            for share in [round(one.parameters / max(total, 1), 4)]
        ]
        context.table("layers", columns, rows)
        shown = sorted((one for one in found if one.parameters), key=lambda one: -one.parameters)[:MOST_BARS]
        shown.sort(key=found.index)
        names = tuple(f"{aliases.get(one.name, one.name)} ({one.kind})" for one in shown)
        context.plot("parameters", Bars(names, tuple(one.parameters for one in shown), label="parameters"), step)
        context.result(
            {
                "parameters/total": total,
                "parameters/fully_connected": dense,
                "parameters/fully_connected_share": dense / max(total, 1),
                "multiply_adds/total": sum(one.multiply_adds for one in found),
                "layers/with_parameters": sum(one.parameters > 0 for one in found),
            }
        )


def layers(network: nn.Module, shape: tuple[int, int, int]) -> Iterator[Layer]:
    """Yield the layers in the order in which an image ``shape`` meets them; a layer used twice is counted once.

    Parameters that belong to no layer, such as a class token, are yielded last.
    """
    leaves = {module: name for name, module in network.named_modules() if not any(module.children())}
    met: dict[nn.Module, tuple[int, ...]] = {}

    def note(module: nn.Module, _: object, output: object) -> None:
        if isinstance(output, torch.Tensor):
            met.setdefault(module, tuple(output.shape[1:]))

    hooks = [module.register_forward_hook(note) for module in leaves]
    device = next((parameter.device for parameter in network.parameters()), torch.device("cpu"))
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        network.eval()(torch.zeros(1, *shape, device=device))
    for hook in hooks:
        hook.remove()
    counts = counter.get_flop_counts()
    top = type(network).__name__
    counted = 0
    for module, output in met.items():
        parameters = sum(parameter.numel() for parameter in module.parameters())
        counted += parameters
        # A multiply-add is two floating-point operations.
        adds = sum(counts.get(f"{top}.{leaves[module]}", {}).values()) // 2
        yield Layer(leaves[module], type(module).__name__, output, parameters, adds)
    for module in leaves.keys() - met.keys():
        if parameters := sum(parameter.numel() for parameter in module.parameters()):
            counted += parameters
            yield Layer(leaves[module], f"{type(module).__name__}, training only", (), parameters, 0)
    if rest := sum(parameter.numel() for parameter in network.parameters()) - counted:
        yield Layer("", "parameters of no layer", (), rest, 0)
