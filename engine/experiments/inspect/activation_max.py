"""Makes images that maximise units anywhere in a network, one by one or several together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.errors import InvalidHyperparameters
from engine.experiments.earlier import load_network
from engine.experiments.inspect.activation import values_and_logits
from engine.experiments.inspect.ascent import Ascent, chosen_bf16, climb, start
from engine.networks.classes import UnknownClass, find
from engine.networks.cuts import Sectioned

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.experiments.inspect.declarations import ActivationMaxHyperparameters

MOST = 64


def run(hyperparameters: ActivationMaxHyperparameters, context: Context) -> None:
    """Maximise some units in one batch; those joined by ``+`` are summed."""
    backbone = load_network(hyperparameters.model, context).fixed()
    sectioned = Sectioned(backbone.network, backbone.shape)
    cut = sectioned.find(hyperparameters.layer) if hyperparameters.layer else sectioned.every[-1]
    last = cut == sectioned.every[-1]
    groups = units_of(hyperparameters.units, cut.shape[0] if cut.spatial else cut.size, backbone.classes * last)
    names = [" + ".join(backbone.classes[unit] if last else str(unit) for unit in group) for group in groups]
    weights = torch.zeros(len(groups), cut.shape[0] if cut.spatial else cut.size, device=context.device)
    for row, group in enumerate(groups):
        weights[row, group] = 1
    keys = [f"{context.seed}/{name}" for name in names]

    def scores(inputs: Tensor, part: slice) -> tuple[Tensor, Tensor]:
        values, logits = values_and_logits(sectioned, cut, inputs)
        # The activation of a filter is the mean over its map.
        activations = values.mean((2, 3)) if cut.spatial else values.flatten(1)
        return (activations * weights[part]).sum(1), logits

    inputs = start(hyperparameters, backbone, keys, context)
    bf16 = chosen_bf16(hyperparameters, backbone, context)
    ascent = Ascent(inputs, scores, backbone.preprocessing, hyperparameters, keys, bf16)
    climb(ascent, names, None, context)
    reached, logits = ascent.final_scores()
    best = logits.softmax(1).max(1)
    rows = [
        [name, round(score, 4), backbone.classes[taken], round(sure, 4)]
        for name, score, taken, sure in zip(
            names, reached.tolist(), best.indices.tolist(), best.values.tolist(), strict=True
        )
    ]
    context.table("units", ["units", "score", "taken for", "probability"], rows)
    context.result({"score/mean": float(reached.mean())})


def units_of(text: str, count: int, classes: tuple[str, ...]) -> list[list[int]]:
    """Return the units of each image that is to be made: ``0,1,2``, ``0-9``, ``4+9,1+7``, ``all``, or class names.

    Raises:
        InvalidHyperparameters: if there is none of that number or name.
    """
    groups: list[list[int]] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        span = re.fullmatch(r"(\d+)-(\d+)", part)
        if part == "all":
            first, last = 0, count - 1
        elif span:
            first, last = (_unit(end, count, classes) for end in span.groups())
        else:
            groups.append([_unit(name.strip(), count, classes) for name in part.split("+")])
            continue
        if last < first:
            raise InvalidHyperparameters({"units": f"{part} holds none: write the smaller number first"})
        groups += [[unit] for unit in range(first, last + 1)]
    groups = [list(group) for group in dict.fromkeys(tuple(dict.fromkeys(group)) for group in groups)]
    if not 0 < len(groups) <= MOST:
        raise InvalidHyperparameters({"units": f"{len(groups):,} images are too many or too few: 1 to {MOST}"})
    return groups


def _unit(name: str, count: int, classes: tuple[str, ...]) -> int:
    """Return the number of a unit, or of the class whose logit it is; where classes are called by numbers, by those."""
    if name.isascii() and name.isdecimal() and not (classes and all(own.isdecimal() for own in classes)):
        if int(name) < count:
            return int(name)
        raise InvalidHyperparameters({"units": f"there is no unit {name}: they are 0 to {count - 1}"})
    if not classes:
        raise InvalidHyperparameters({"units": f"{name!r} is no unit: inside a network they go by number, as in 0,3"})
    try:
        return find(name, classes, most=1)[0]
    except UnknownClass as error:
        raise InvalidHyperparameters({"units": str(error)}) from None
