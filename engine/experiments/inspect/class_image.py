"""Makes the image with the largest logit of a class."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.experiments.earlier import load_network
from engine.experiments.inspect.ascent import Ascent, chosen_bf16, climb, start
from engine.experiments.subjects import probabilities
from engine.networks.classes import find
from engine.tensors.devices import float32_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.authoring import Context
    from engine.experiments.inspect.declarations import ClassImageHyperparameters

MOST = 64
"""Classes at once."""
CLASS_COLUMNS = [
    *("class", "switched", "switching step", "switching range", "stays from", "staying range"),
    *("score", "probability", "rank"),
]
"""Medians over the images of a class, ranges from the earliest to the latest."""
NEVER = math.inf
"""The step of an image that the network never takes for its class: later than every other."""


def run(hyperparameters: ClassImageHyperparameters, context: Context) -> None:
    """Maximise the logits of some classes, each from several draws; log the images and when and how far they switch."""
    backbone = load_network(hyperparameters.model, context).fixed()
    numbers = find(hyperparameters.target, backbone.classes, MOST)
    names = [backbone.classes[number] for number in numbers]
    each = hyperparameters.replicates
    targets = torch.tensor(numbers, device=context.device).repeat_interleave(each)
    keys = [f"{context.seed}/{name}/{replicate}" for name in names for replicate in range(each)]

    def scores(inputs: Tensor, part: slice) -> tuple[Tensor, Tensor]:
        logits = backbone.network(inputs)
        return logits.gather(1, targets[part, None]).squeeze(1), logits

    inputs = start(hyperparameters, backbone, keys, context, subjects=len(names))
    bf16 = chosen_bf16(hyperparameters, backbone, context)
    context.message(f"{len(names)} classes, {each} images of each, {'bf16' if bf16 else float32_name()}")
    ascent = Ascent(inputs, scores, backbone.preprocessing, hyperparameters, keys, bf16)
    switches = climb(ascent, names, targets, context)
    own, logits = ascent.final_scores()
    sure = probabilities(logits, targets)
    ranks = (logits > own[:, None]).sum(1) + 1
    first, stays = ([step or NEVER for step in steps.tolist()] for steps in (switches.first, switches.stays))
    reached = list(zip(first, stays, own.tolist(), sure.tolist(), ranks.tolist(), strict=True))
    images = [
        [names[index // each], index % each + 1, _step(at), _step(since), round(score, 3), round(share, 4), rank]
        for index, (at, since, score, share, rank) in enumerate(reached)
    ]
    columns = ["class", "replicate", "switching step", "stays from", "score", "probability", "rank"]
    context.table("replicates", columns, images)
    classes = [_of_class(name, reached[index * each : (index + 1) * each]) for index, name in enumerate(names)]
    context.table("classes", CLASS_COLUMNS, classes)
    figures = {"switching/step": median(first), "switching/earliest": min(first), "switching/latest": max(first)}
    figures |= {"staying/step": median(stays)}
    context.result(
        {
            "switched/share": sum(at < NEVER for at in first) / len(first),
            **{name: step for name, step in figures.items() if step < NEVER},
            "probability/mean": float(sure.mean()),
        }
    )


def _of_class(name: str, reached: Sequence[tuple[float, float, float, float, int]]) -> list[object]:
    """Return the row of a class: medians and ranges over its images, of what :func:`run` found for each."""
    first, stays, scores, shares, ranks = zip(*reached, strict=True)
    return [
        name,
        f"{sum(step < NEVER for step in first)} of {len(reached)}",
        *(_step(median(first)), f"{_step(min(first))} to {_step(max(first))}"),
        *(_step(median(stays)), f"{_step(min(stays))} to {_step(max(stays))}"),
        *(round(median(scores), 3), round(median(shares), 4), round(median(ranks))),
    ]


def _step(step: float) -> str:
    return "never" if step == NEVER else f"{step:g}"
