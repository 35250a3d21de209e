"""The robust accuracy as an attack measures it, as floats and in 8 bits, its curve, and what the checks say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.plots import Lines

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.experiments.fool.declarations import AttackHyperparameters
    from engine.experiments.fool.outcome import Outcome
    from engine.experiments.fool.stepping import Rounds


@dataclass(frozen=True)
class Judged:
    """Which images an accuracy is taken over: those whose true class is known, or else those that kept their class.

    Attributes:
        right: images that are classified rightly before the attack, bool ``[N]``.
        known: images whose true class is known, bool ``[N]``.
        valid: images whose prediction can be right, bool ``[N]``.
    """

    right: Tensor
    known: Tensor
    valid: Tensor

    @property
    def quantity(self) -> str:
        """What is measured."""
        return "accuracy" if self.known.any() else "unchanged"

    def left(self, lost: Tensor) -> float:
        """Return the share of images that are right and not lost; images that were wrong before count as lost."""
        counted = self.known if self.known.any() else self.valid
        return float((self.right & ~lost)[counted].float().mean())


def log_robustness(
    chosen: AttackHyperparameters, judged: Judged, rounds: Rounds, outcome: Outcome, context: Context
) -> None:
    """Log the accuracy before the attack and after it, and for every size of change."""

    def lost(size: float) -> Tensor:
        if chosen.method != "cw":
            return rounds.lost(size)
        floats = outcome.reached & (outcome.float_norms["L2"] <= size)
        return torch.stack([floats, outcome.saved & (outcome.norms["L2"] <= size)])

    before = judged.left(torch.zeros_like(judged.right))
    floats, saved = map(judged.left, lost(chosen.size))
    context.result({f"robust/{judged.quantity}": floats, f"robust/{judged.quantity}-saved": saved})
    if judged.known.any():
        context.result({"clean/accuracy": before})
    if not (sizes := chosen.curve_sizes):
        return
    # Where no true class is known, the curve counts predictions that stay as they were.
    name = "robust accuracy" if judged.known.any() else "unchanged answers"
    unit = "L-inf, 255ths" if chosen.limits_linf else "L2"
    left = [(before, before), *(tuple(map(judged.left, lost(size))) for size in sizes)]
    rows = [[size, *(round(share, 4) for share in both)] for size, both in zip([0.0, *sizes], left, strict=True)]
    series = {name: tuple(both[0] for both in left), f"{name} in 8 bits": tuple(both[1] for both in left)}
    context.table("curve", [f"eps ({unit})", *series], rows)
    context.plot("curve", Lines((0.0, *sizes), series, x_label=f"largest change ({unit})", y_label=name), 1)


def log_checks(size: float, judged: Judged, rounds: Rounds, context: Context) -> None:
    """Log the accuracy with more steps and within half the range of pixels, and say what it should be.

    Athalye, Carlini & Wagner 2018, Obfuscated gradients give a false sense of security; Carlini et al. 2019, On
    evaluating adversarial robustness: more steps must not find more, and an unbounded attack must always succeed.
    """
    longer, anywhere = rounds.checked("longer"), rounds.checked("anywhere")
    if longer is None or anywhere is None:
        return
    once, twice, grey = (judged.left(lost[0]) for lost in (rounds.lost(size), longer, anywhere))
    context.result({"check/more-steps": twice, "check/half-range": grey})
    if twice < once:
        context.message(
            f"too few steps: with twice as many the robust accuracy falls from {once:.3f} to {twice:.3f}; "
            "take more steps or restarts",
            level="alarm",
        )
    if grey > 0:
        context.message(
            "gradients may be masked: within half the range of pixels, where every image can become grey, the accuracy "
            f"is {grey:.3f} and not 0; the network is less robust than this attack says",
            level="alarm",
        )
