"""Makes the image with the largest logit of a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.experiments.earlier import load_network
from engine.experiments.inspect.ascent import Ascent, chosen_bf16, climb, start
from engine.experiments.subjects import probabilities
from engine.networks.classes import find

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.experiments.inspect.declarations import ClassImageHyperparameters

MOST = 64
"""Classes at once."""


def run(hyperparameters: ClassImageHyperparameters, context: Context) -> None:
    """Maximise the logits of some classes in one batch; log the images, their scores and their switching steps."""
    backbone = load_network(hyperparameters.model, context).fixed()
    numbers = find(hyperparameters.target, backbone.classes, MOST)
    names = [backbone.classes[number] for number in numbers]
    targets = torch.tensor(numbers, device=context.device)
    keys = [f"{context.seed}/{name}" for name in names]

    def scores(inputs: Tensor) -> tuple[Tensor, Tensor]:
        logits = backbone.network(inputs)
        return logits.gather(1, targets[:, None]).squeeze(1), logits

    inputs = start(hyperparameters, backbone, keys, context, deviation=hyperparameters.noise)
    bf16 = chosen_bf16(hyperparameters, backbone, context)
    context.message(f"{len(names)} images in one batch, {'bf16' if bf16 else 'float32'}")
    ascent = Ascent(inputs, scores, backbone.preprocessing, hyperparameters, keys, bf16)
    switched = climb(ascent, names, targets, context)
    own, logits = ascent.final_scores()
    sure = probabilities(logits, targets)
    ranks = (logits > own[:, None]).sum(1) + 1
    figures = [column.tolist() for column in (switched, own, sure, ranks)]
    rows = [
        [name, int(at) or "never", round(score, 3), round(p, 4), rank]
        for name, at, score, p, rank in zip(names, *figures, strict=True)
    ]
    context.table("classes", ["class", "switching step", "score", "probability", "rank"], rows)
    there = [at for at in switched.tolist() if at]
    context.result(
        {
            "switched/share": len(there) / len(names),
            **({"switching/step": sum(there) / len(there)} if there else {}),
            "probability/mean": float(sure.mean()),
        }
    )
