"""Takes a network apart: parameters, output shapes and multiply-adds, layer by layer; no weights are needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.experiments.earlier import load_network
from engine.networks.architectures import bare
from engine.networks.cuts import known_as
from engine.networks.layers import Layer, count_layers
from engine.networks.names import parse
from engine.plots import Bars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.authoring import Context
    from engine.experiments.classify.declarations import AnatomyHyperparameters

MOST_BARS = 40


def run(hyperparameters: AnatomyHyperparameters, context: Context) -> None:
    """Log a row for each layer, the totals, the fully connected share, and apart what serves training alone."""
    name = parse(hyperparameters.model)
    if name.weights == "run":
        backbone = load_network(hyperparameters.model, context)
        network, shape = backbone.network.to("meta"), backbone.shape
    else:
        network, shape = bare(name.architecture, name.classes)
    for step in context.steps(1, unit="network"):
        layers, auxiliary = count_layers(network, shape)
        aliases = known_as(network)
        _log_table("layers", layers, aliases, context)
        shown = sorted((layer for layer in layers if layer.parameters), key=lambda one: -one.parameters)[:MOST_BARS]
        shown.sort(key=layers.index)
        names = tuple(f"{aliases.get(one.name, one.name)} ({one.kind})" if one.name else one.kind for one in shown)
        context.plot("parameters", Bars(names, tuple(one.parameters for one in shown), label="parameters"), step)
        parameters, multiply_adds = _totals(layers)
        dense = sum(layer.parameters for layer in layers if layer.kind == "Linear")
        context.result(
            {
                "parameters/total": parameters,
                "parameters/fully_connected": dense,
                "parameters/fully_connected_share": dense / max(parameters, 1),
                "multiply_adds/total": multiply_adds,
                "layers/with_parameters": sum(layer.parameters > 0 for layer in layers),
            }
        )
        if auxiliary:
            _log_table("auxiliary", auxiliary, aliases, context)
            parameters, multiply_adds = _totals(auxiliary)
            context.result({"parameters/auxiliary": parameters, "multiply_adds/auxiliary": multiply_adds})
            heads = ", ".join(dict.fromkeys(layer.name.partition(".")[0] for layer in auxiliary))
            context.message(f"{heads}: for training alone, in the table auxiliary and not in the totals")


def _totals(layers: Sequence[Layer]) -> tuple[int, int]:
    """Return the parameters and the multiply-adds of layers."""
    return sum(layer.parameters for layer in layers), sum(layer.multiply_adds for layer in layers)


def _log_table(name: str, layers: Sequence[Layer], aliases: Mapping[str, str], context: Context) -> None:
    """Log a row for each layer; its share is that among the parameters of the table."""
    total, _ = _totals(layers)
    columns = ["layer", "known as", "kind", "output", "parameters", "share", "multiply-adds"]
    rows = [
        [
            one.name,
            aliases.get(one.name, ""),
            one.kind,
            "x".join(map(str, one.shape)),
            one.parameters,
            round(one.parameters / max(total, 1), 4),
            one.multiply_adds,
        ]
        for one in layers
    ]
    context.table(name, columns, rows)
