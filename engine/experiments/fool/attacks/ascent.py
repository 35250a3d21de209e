"""Targeted logit ascent, the attack of the practical."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.experiments.fool.attacks.base import Attack, Goal, Logits, lengths, per_image
from engine.experiments.hyperparameters import FULL_SIZE
from engine.tensors.pixels import eight_bit


class TargetedAscent(Attack):
    """Targeted logit ascent: ``x += lr * g / norm(g)`` on the network's own input until the target is predicted.

    The practical's method (its notebook 3-b, after CS231n), which neither clamps nor rounds.

    Args:
        logits: of images.
        images: see the package.
        goal: the targets.
        batch: images that go through the network together.
        lr: length of a step in the network's normalised input, for one of 224 pixels; others move in proportion.
        spread: what a normalised input is multiplied with to give pixels, ``[1, C, 1, 1]``.
        valid: keep pixels in [0, 1], and compute logits and gradient on the image as 8 bits store it, so that the
            network sees what will be saved.
    """

    def __init__(
        self, logits: Logits, images: Tensor, goal: Goal, batch: int, *, lr: float, spread: Tensor, valid: bool
    ) -> None:
        super().__init__(logits, images, goal, batch)
        self._lr = lr * images.shape[-1] / FULL_SIZE
        self._spread, self._valid = spread, valid

    def step(self, number: int) -> None:
        """Move the images that have not reached the goal."""
        del number
        state = self.state
        for rows in self._chunks(~state["reached"]):
            images = state["adversarial"][rows]
            seen = (eight_bit(images) if self._valid else images.clone()).requires_grad_()
            logits = self.logits(seen)
            there = self.goal.reached(logits, rows)
            state["reached"][rows] = there
            climbing = logits.gather(1, self.goal.classes[rows, None]).sum()
            (slope,) = torch.autograd.grad(climbing, seen)
            slope = slope * self._spread  # with respect to the normalised input
            move = self._lr * slope / lengths(slope) * self._spread
            moved = images.detach() + move * per_image(~there)
            state["adversarial"][rows] = moved.clamp(0, 1) if self._valid else moved
            state["steps"][rows] += ~there

    @torch.no_grad()
    def finish(self) -> None:
        """Check the images that moved in the last step."""
        for rows in self._chunks(~self.reached):
            images = self.adversarial[rows]
            seen = eight_bit(images) if self._valid else images
            self.reached[rows] = self.goal.reached(self.logits(seen), rows)
