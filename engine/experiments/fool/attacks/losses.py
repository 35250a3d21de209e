"""What attacks raise, image by image: cross-entropy and the difference of logits ratio."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from engine.experiments.fool.attacks.base import Goal

Loss = Callable[[Tensor, Goal, Tensor], Tensor]
"""From logits ``[M, classes]``, the goal and the rows ``[M]`` of its images to what an attack raises, ``[M]``."""


def cross_entropy(logits: Tensor, goal: Goal, rows: Tensor) -> Tensor:
    """Return the cross-entropy with the true classes, or minus that with the targets."""
    loss = F.cross_entropy(logits, goal.classes[rows], reduction="none")
    return -loss if goal.targeted else loss


def dlr(logits: Tensor, goal: Goal, rows: Tensor) -> Tensor:
    """Return the difference of logits ratio, which no scale of the logits changes (Croce & Hein 2020, eq. 6 and 7).

    It takes three classes, four with targets. Towards a target it is the lead of the best other class that falls, where
    the paper has that of the true one.
    """
    first, _, third, *rest = logits.topk(4 if goal.targeted else 3, dim=1).values.unbind(1)
    scale = first - (third + rest[0]) / 2 if goal.targeted else first - third
    return -goal.margin(logits, rows) / (scale + 1e-12)


LOSSES: dict[str, Loss] = {"ce": cross_entropy, "dlr": dlr}


def losses_for(classes: int, *, targeted: bool) -> tuple[str, ...]:
    """Return the losses that a network of so many classes has."""
    return ("ce", "dlr") if classes >= (4 if targeted else 3) else ("ce",)
