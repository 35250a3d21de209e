"""Auto-PGD: projected gradient descent that chooses its own step sizes."""

from __future__ import annotations

from typing import Unpack

import torch
from torch import Tensor

from engine.experiments.fool.attacks.base import Goal, Logits, per_image
from engine.experiments.fool.attacks.bounded import Bounded, Options

MOMENTUM = 0.75
RISING = 0.75
"""The share of steps that must raise the loss between two checkpoints, or else the step is halved (rho)."""


class Apgd(Bounded):
    """Auto-PGD (APGD): momentum, and steps from 2 eps on that are halved where the loss no longer rises.

    Croce & Hein 2020, Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free attacks,
    algorithm 1: at checkpoints an image whose loss rose in too few steps, or whose best loss and step have stayed the
    same, goes on from its best iterate with half the step. A random start lies on the sphere of the ball, as in the
    authors' code, from which the whole numbers of the checkpoints are.

    Args:
        logits: of images.
        images: see the package.
        goal: see :class:`Goal`.
        batch: images that go through the network together.
        steps: how many there will be.
        options: of :class:`Bounded`.
    """

    def __init__(
        self, logits: Logits, images: Tensor, goal: Goal, batch: int, *, steps: int, **options: Unpack[Options]
    ) -> None:
        super().__init__(logits, images, goal, batch, **options)
        self._checkpoints = checkpoints(steps)
        x = self.state["x"]
        nothing = torch.full((len(x),), -torch.inf, device=x.device)
        self.state |= {
            "previous": x.clone(),
            "best": x.clone(),
            "best_slope": torch.zeros_like(x),
            "best_loss": nothing.clone(),
            "last_loss": nothing.clone(),
            "checked_loss": nothing.clone(),
            "rises": torch.zeros(len(x), device=x.device),
            "halved": torch.ones(len(x), dtype=torch.bool, device=x.device),
            "size": torch.full((len(x),), 2 * self._eps, device=x.device),
        }

    def _noise(self, shape: torch.Size, seed: int, restart: int) -> Tensor:
        """Draw a change that has the length of the radius."""
        drawn, _ = self._draw(shape, seed, restart)
        return drawn / (drawn.abs().max() if self._ball.norm == "linf" else 1) * self._eps

    def step(self, number: int) -> None:
        """Look at every iterate that is not done, halve steps at a checkpoint, and move with momentum."""
        for rows in self._chunks(~self.state["done"]):
            logits, loss, slope = self._look(rows)
            self._keep(rows, logits, loss)
            self._note(rows, loss, slope, first=number == 1)
            if number - 1 in self._checkpoints:
                slope = self._check(rows, slope, self._checkpoints[number - 1])
            self._move(rows, slope, 1.0 if number == 1 else MOMENTUM)

    def _note(self, rows: Tensor, loss: Tensor, slope: Tensor, *, first: bool) -> None:
        """Take down the best iterate, and whether the loss rose."""
        state = self.state
        better = loss > state["best_loss"][rows]
        for name, value in (("best", state["x"][rows]), ("best_slope", slope)):
            state[name][rows] = torch.where(per_image(better), value, state[name][rows])
        state["best_loss"][rows] = torch.where(better, loss, state["best_loss"][rows])
        if first:
            state["checked_loss"][rows] = loss
        else:
            state["rises"][rows] += loss > state["last_loss"][rows]
        state["last_loss"][rows] = loss

    def _check(self, rows: Tensor, slope: Tensor, steps: int) -> Tensor:
        """Halve steps that have come to nothing since the last checkpoint, and go back to the best iterate there."""
        state = self.state
        stalled = ~state["halved"][rows] & (state["best_loss"][rows] <= state["checked_loss"][rows])
        halve = (state["rises"][rows] <= RISING * steps) | stalled
        state["size"][rows] = torch.where(halve, state["size"][rows] / 2, state["size"][rows])
        state["x"][rows] = torch.where(per_image(halve), state["best"][rows], state["x"][rows])
        state["halved"][rows] = halve
        state["checked_loss"][rows] = state["best_loss"][rows]
        state["rises"][rows] = 0
        return torch.where(per_image(halve), state["best_slope"][rows], slope)

    def _move(self, rows: Tensor, slope: Tensor, share: float) -> None:
        """Move by ``share`` of the step, and by the rest of what the last step did."""
        state, ball = self.state, self._ball
        x, images, on = state["x"][rows], self.images[rows], ~state["done"][rows]
        ahead = ball.project(x + per_image(state["size"][rows]) * ball.direction(slope), images)
        moved = ball.project(x + share * (ahead - x) + (1 - share) * (x - state["previous"][rows]), images)
        state["previous"][rows] = x
        state["x"][rows] = torch.where(per_image(on), moved, x)
        state["steps"][rows] += on


def checkpoints(steps: int) -> dict[int, int]:
    """Return after which steps the step size is looked at, and how many steps lie before each.

    The first lies at 22 % of the steps; each interval is 3 % shorter than the one before, down to 6 %.
    """
    length, shorter, shortest = (max(int(share * steps), 1) for share in (0.22, 0.03, 0.06))
    found, at = {}, length
    while at <= steps:
        found[at] = length
        length = max(length - shorter, shortest)
        at += length
    return found
