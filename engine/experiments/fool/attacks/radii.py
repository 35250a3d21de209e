"""The smallest change in L2: what such attacks keep, and PGD over radii."""

from __future__ import annotations

import torch
from torch import Tensor

from engine.experiments.fool.attacks.base import Attack, Goal, Logits, norms, per_image
from engine.experiments.fool.attacks.bounded import Ball
from engine.experiments.fool.attacks.losses import cross_entropy
from engine.tensors.pixels import eight_bit

STEPS = 10
"""Steps of PGD at each radius."""


class RadiusSearch(Attack):
    """PGD in L2 over radii: for each image the radius is halved or doubled, then bisected.

    What is kept is the closest image that succeeds: as floats (``floats``), and as 8 bits store it, where the distance
    is that of the rounded image (``adversarial``, unless ``stored`` is off).

    Args:
        logits: of images.
        images: see the package.
        goal: see :class:`Goal`.
        batch: images that go through the network together.
        radii: how many are tried.
        confidence: by how much the wanted logit must lead.
        stored: whether the image counts as 8 bits store it, or as floats.
        done: see :class:`Attack`.
    """

    def __init__(
        self,
        logits: Logits,
        images: Tensor,
        goal: Goal,
        batch: int,
        *,
        radii: int,
        confidence: float = 0.0,
        stored: bool = True,
        done: Tensor | None = None,
    ) -> None:
        super().__init__(logits, images, goal, batch, done)
        self._confidence, self._stored = confidence, stored
        self._radius_steps = radii * STEPS
        far = torch.full((len(images),), torch.inf, device=images.device)
        self.state |= {
            "floats": images.clone(),
            "float_distance": far.clone(),
            "distance": far.clone(),
            "x": images.clone(),
            "slope": torch.zeros_like(images),
            "first_slope": torch.zeros_like(images),
            "radius": torch.ones_like(far),
            "too_small": torch.zeros_like(far),
            "large_enough": far.clone(),
            "found": torch.zeros_like(self.reached),
        }

    def step(self, number: int) -> None:
        """Take one step of PGD with every image that has not succeeded at its radius; then choose the next radii."""
        state = self.state
        if number == 1:
            for rows in self._chunks(~state["done"]):
                state["first_slope"][rows] = self._look(rows)[1]
        if number % STEPS == 1:
            state["x"], state["slope"] = self.images.clone(), state["first_slope"].clone()
            state["found"] = torch.zeros_like(state["found"])
        for rows in self._chunks(~(state["done"] | state["found"])):
            radius = per_image(state["radius"][rows])
            ball = Ball("l2", radius)
            moved = state["x"][rows] + 2.5 / STEPS * radius * ball.direction(state["slope"][rows])
            state["x"][rows] = ball.project(moved, self.images[rows])
            logits, state["slope"][rows] = self._look(rows)
            state["found"][rows] = self._offer(rows, state["x"][rows], logits)
            state["steps"][rows] += 1
        if number % STEPS == 0:
            self._choose_radii()

    def _look(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        images = self.state["x"][rows].requires_grad_()
        logits = self.logits(images)
        (slope,) = torch.autograd.grad(cross_entropy(logits, self.goal, rows).sum(), images)
        return logits.detach(), slope

    @torch.no_grad()
    def _offer(self, rows: Tensor, images: Tensor, logits: Tensor) -> Tensor:
        """Keep images ``[M, C, H, W]`` that succeed closer than what is kept; return which count, bool ``[M]``."""
        state, origin = self.state, self.images[rows]
        there = self.goal.reached(logits, rows)
        if self._confidence:
            there &= self.goal.margin(logits, rows) + self._confidence <= 0
        if not there.any():
            return there
        state["reached"][rows] |= there
        self._keep_closer("floats", "float_distance", rows, images, there, norms(images, origin)["L2"])
        if not self._stored:
            state["adversarial"][rows], state["distance"][rows] = state["floats"][rows], state["float_distance"][rows]
            return there
        files = eight_bit(images)
        counts = there.clone()
        counts[there] = self.judged(files[there], rows[there])
        self._keep_closer("adversarial", "distance", rows, files, counts, norms(files, origin)["L2"])
        return counts

    def _keep_closer(
        self, name: str, measure: str, rows: Tensor, images: Tensor, counts: Tensor, distance: Tensor
    ) -> None:
        state = self.state
        closer = counts & (distance < state[measure][rows])
        state[name][rows] = torch.where(per_image(closer), images, state[name][rows])
        state[measure][rows] = torch.where(closer, distance, state[measure][rows])

    def _choose_radii(self) -> None:
        state = self.state
        radius, found = state["radius"], state["found"]
        state["large_enough"] = torch.where(found, radius, state["large_enough"])
        state["too_small"] = torch.where(found, state["too_small"], radius)
        # Without a lower bound the middle is half the radius.
        middle = (state["too_small"] + state["large_enough"]) / 2
        state["radius"] = torch.where(state["large_enough"].isfinite(), middle, 2 * radius)
