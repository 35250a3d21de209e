"""The attack of Carlini & Wagner in L2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from engine.experiments.fool.attacks.radii import RadiusSearch

if TYPE_CHECKING:
    from torch import Tensor

    from engine.experiments.fool.attacks.base import Goal, Logits


class CarliniWagner(RadiusSearch):
    """The L2 attack that looks for the smallest change, with a binary search on the constant ``c`` for every image.

    Carlini & Wagner 2017, Towards evaluating the robustness of neural networks: minimises by Adam
    ``norm(x' - x)^2 + c * max(Z_other - Z_wanted + confidence, 0)`` over ``w``, where ``x' = (tanh(w) + 1) / 2``.
    Each round of the search begins at what PGD over radii has found, or with no radii at the image, as in the paper.

    Args:
        logits: of images.
        images: see the package.
        goal: see :class:`Goal`.
        batch: images that go through the network together.
        lr: of Adam.
        iterations: steps in each round, at most: an image whose loss does not fall over a tenth of them waits for the
            next round.
        radii: see :class:`RadiusSearch`; 0 for none.
        initial: the first ``c``.
        confidence: by how much the wanted logit must lead.
        stored: see :class:`RadiusSearch`; the paper does not ask for it.
        done: see :class:`Attack`.
    """

    def __init__(
        self,
        logits: Logits,
        images: Tensor,
        goal: Goal,
        batch: int,
        *,
        lr: float,
        iterations: int,
        radii: int = 0,
        initial: float = 1e-3,
        confidence: float = 0.0,
        stored: bool = True,
        done: Tensor | None = None,
    ) -> None:
        super().__init__(logits, images, goal, batch, radii=radii, confidence=confidence, stored=stored, done=done)
        self._lr, self._iterations = lr, iterations
        count, device = len(images), images.device
        self.state |= {
            "start": images.clone(),
            "w": torch.zeros_like(images),
            "first": torch.zeros_like(images),
            "second": torch.zeros_like(images),
            "c": torch.full((count,), initial, device=device),
            "low": torch.zeros(count, device=device),
            "high": torch.full((count,), torch.inf, device=device),
            "active": torch.zeros(count, dtype=torch.bool, device=device),
            "last": torch.zeros(count, device=device),
        }

    def step(self, number: int) -> None:
        """Take one step of PGD, or later of Adam; at the end of a round choose the next constants."""
        if number <= self._radius_steps:
            super().step(number)
            return
        number -= self._radius_steps
        if number == 1:
            self.state["start"] = self.adversarial.clone()
        iteration = (number - 1) % self._iterations + 1
        if iteration == 1:
            self._begin_round()
        checking = iteration % max(1, self._iterations // 10) == 0
        for rows in self._chunks(self.state["active"]):
            self._descend(rows, iteration, checking)
        if iteration == self._iterations:
            self._choose_constants()

    def _begin_round(self) -> None:
        state = self.state
        state["w"] = torch.atanh((2 * state["start"] - 1) * (1 - 1e-6))
        for name, value in (("first", 0), ("second", 0), ("found", False), ("last", torch.inf)):
            state[name] = torch.full_like(state[name], value)
        state["active"] = ~state["done"]

    def _descend(self, rows: Tensor, iteration: int, checking: bool) -> None:
        state = self.state
        w = state["w"][rows].requires_grad_()
        images = (torch.tanh(w) + 1) / 2
        distance = (images - self.images[rows]).square().sum((1, 2, 3))  # the gradient of its root is none at 0
        logits = self.logits(images)
        loss = distance + state["c"][rows] * (self.goal.margin(logits, rows) + self._confidence).clamp(min=0)
        (slope,) = torch.autograd.grad(loss.sum(), w)
        with torch.no_grad():
            state["found"][rows] |= self._offer(rows, images.detach(), logits.detach())
            state["steps"][rows] += 1
            first, second = state["first"][rows], state["second"][rows]
            first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
            state["first"][rows], state["second"][rows] = first, second
            even = first / (1 - 0.9**iteration), second / (1 - 0.999**iteration)
            state["w"][rows] = w.detach() - self._lr * even[0] / (even[1].sqrt() + 1e-8)
            if checking:
                state["active"][rows] = loss < 0.9999 * state["last"][rows]
                state["last"][rows] = loss

    def _choose_constants(self) -> None:
        """Raise the constant where nothing was found, and lower it where something was."""
        state = self.state
        found = state["found"]
        state["high"] = torch.where(found, torch.minimum(state["high"], state["c"]), state["high"])
        state["low"] = torch.where(found, state["low"], torch.maximum(state["low"], state["c"]))
        middle = (state["low"] + state["high"]) / 2
        state["c"] = torch.where(state["high"].isfinite(), middle, 10 * state["c"])
