"""Attacks on classifiers: targeted logit ascent, FGSM, PGD and Carlini & Wagner, on many images at once.

Each attack is a state that steps: images are ``[N, C, H, W]`` in [0, 1], norms are those of differences of such images,
and an image that is done takes no part in later steps. All randomness is drawn image by image, so that none depends on
its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.experiments.hyperparameters import FULL_SIZE
from engine.tensors.pixels import eight_bit

Logits = Callable[[Tensor], Tensor]
"""From images ``[N, C, H, W]`` in [0, 1] to logits ``[N, classes]``."""


@dataclass(frozen=True)
class Goal:
    """What an attack aims at.

    Attributes:
        classes: int64 ``[N]``: the classes to reach, or the true classes to leave.
        targeted: which of the two.
    """

    classes: Tensor
    targeted: bool

    def reached(self, logits: Tensor, rows: Tensor) -> Tensor:
        """Return for the images at ``rows`` whether their logits reach the goal, bool ``[M]``."""
        return (logits.argmax(1) == self.classes[rows]) == self.targeted


class Attack:
    """What attacks have in common.

    Attributes:
        state: everything that changes, by name, so that it can be saved; ``adversarial`` is the images so far,
            ``reached`` says which of them have reached the goal, ``steps`` counts the steps of each.

    Args:
        logits: of images.
        images: see the module.
        goal: see :class:`Goal`.
        batch: images that go through the network together.
        done: images that stay unchanged, bool ``[N]``; None for none.
    """

    def __init__(self, logits: Logits, images: Tensor, goal: Goal, batch: int, done: Tensor | None = None) -> None:
        self.logits = logits
        self.images = images
        self.goal = goal
        self.batch = batch
        self.state: dict[str, Tensor] = {
            "adversarial": images.clone(),
            "reached": torch.zeros(len(images), dtype=torch.bool, device=images.device)
            if done is None
            else done.clone(),
            "steps": torch.zeros(len(images), dtype=torch.long, device=images.device),
        }

    @property
    def adversarial(self) -> Tensor:
        """The images as they are now."""
        return self.state["adversarial"]

    @property
    def reached(self) -> Tensor:
        """Which images have reached the goal, bool ``[N]``."""
        return self.state["reached"]

    def step(self, number: int) -> None:
        """Take the step of that number, counted from 1."""
        raise NotImplementedError

    def finish(self) -> None:
        """Check the images that came out of the last step."""

    @torch.no_grad()
    def stored(self) -> Tensor:
        """Return which images reach the goal when they are stored in 8 bits, bool ``[N]``."""
        every = torch.arange(len(self.images), device=self.images.device)
        seen = [self.goal.reached(self.logits(eight_bit(self.adversarial[rows])), rows) for rows in self._chunks(every)]
        return torch.cat(seen)

    def _chunks(self, rows: Tensor) -> Sequence[Tensor]:
        return rows.split(self.batch) if len(rows) else ()


class TargetedAscent(Attack):
    """Targeted logit ascent: ``x += lr * g / norm(g)`` on the network's own input until the target is predicted.

    The practical's method (its notebook 3-b, after CS231n), which neither clamps nor rounds.

    Args:
        logits: of images.
        images: see the module.
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
        for rows in self._chunks((~state["reached"]).nonzero().flatten()):
            images = state["adversarial"][rows]
            seen = (eight_bit(images) if self._valid else images.clone()).requires_grad_()
            logits = self.logits(seen)
            there = self.goal.reached(logits, rows)
            state["reached"][rows] = there
            climbing = logits.gather(1, self.goal.classes[rows, None]).sum()
            (slope,) = torch.autograd.grad(climbing, seen)
            slope = slope * self._spread  # with respect to the normalised input
            move = self._lr * slope / _norm(slope) * self._spread
            moved = images.detach() + move * ~there.view(-1, 1, 1, 1)
            state["adversarial"][rows] = moved.clamp(0, 1) if self._valid else moved
            state["steps"][rows] += ~there

    @torch.no_grad()
    def finish(self) -> None:
        """Check the images that moved in the last step."""
        for rows in self._chunks((~self.reached).nonzero().flatten()):
            images = self.adversarial[rows]
            seen = eight_bit(images) if self._valid else images
            self.reached[rows] = self.goal.reached(self.logits(seen), rows)


class Pgd(Attack):
    """Projected gradient descent in an L-inf or L2 ball; one step of size eps without a random start is FGSM.

    Madry et al. 2018, Towards deep learning models resistant to adversarial attacks; Goodfellow, Shlens & Szegedy 2015,
    Explaining and harnessing adversarial examples.

    Args:
        logits: of images.
        images: see the module.
        goal: see :class:`Goal`; cross-entropy is raised, or lowered towards targets.
        batch: images that go through the network together.
        norm: ``linf`` or ``l2``.
        eps: radius of the ball.
        alpha: length of a step in the same norm.
        seeds: one for each image, for a random start inside the ball; None to start at the image.
        done: see :class:`Attack`.
    """

    def __init__(
        self,
        logits: Logits,
        images: Tensor,
        goal: Goal,
        batch: int,
        *,
        norm: str,
        eps: float,
        alpha: float,
        seeds: Sequence[int] | None = None,
        done: Tensor | None = None,
    ) -> None:
        super().__init__(logits, images, goal, batch, done)
        self._norm, self._eps, self._alpha = norm, eps, alpha
        if seeds is not None:
            noise = torch.stack([self._inside(images.shape[1:], seed) for seed in seeds]).to(images)
            self.state["adversarial"] = (images + noise * ~self.reached.view(-1, 1, 1, 1)).clamp(0, 1)

    def _inside(self, shape: torch.Size, seed: int) -> Tensor:
        """Draw from the ball: uniformly for L-inf; for L2 in a uniform direction at a uniform share of the radius."""
        generator = torch.Generator().manual_seed(seed)
        if self._norm == "linf":
            return (2 * torch.rand(shape, generator=generator) - 1) * self._eps
        direction = torch.randn(shape, generator=generator)
        length: Tensor = direction.norm()
        return direction / length * self._eps * torch.rand((), generator=generator)

    def step(self, number: int) -> None:
        """Move every image that is not done by alpha, back into the ball and into [0, 1]."""
        del number
        state = self.state
        for rows in self._chunks((~state["reached"]).nonzero().flatten()):
            images = state["adversarial"][rows].requires_grad_()
            logits = self.logits(images)
            loss = F.cross_entropy(logits, self.goal.classes[rows], reduction="sum")
            (slope,) = torch.autograd.grad(-loss if self.goal.targeted else loss, images)
            there = self.goal.reached(logits, rows)
            state["reached"][rows] = there
            moved = self._projected(images.detach() + self._alpha * self._direction(slope), self.images[rows])
            state["adversarial"][rows] = torch.where(there.view(-1, 1, 1, 1), images.detach(), moved)
            state["steps"][rows] += ~there

    @torch.no_grad()
    def finish(self) -> None:
        """Check the images that moved in the last step."""
        for rows in self._chunks((~self.reached).nonzero().flatten()):
            self.reached[rows] = self.goal.reached(self.logits(self.adversarial[rows]), rows)

    def _direction(self, slope: Tensor) -> Tensor:
        return slope.sign() if self._norm == "linf" else slope / _norm(slope)

    def _projected(self, moved: Tensor, images: Tensor) -> Tensor:
        change = moved - images
        if self._norm == "linf":
            change = change.clamp(-self._eps, self._eps)
        else:
            change = change * (self._eps / _norm(change)).clamp(max=1)
        return (images + change).clamp(0, 1)


class CarliniWagner(Attack):
    """The L2 attack that looks for the smallest change, with a binary search on the constant ``c`` for every image.

    Carlini & Wagner 2017, Towards evaluating the robustness of neural networks: minimises by Adam
    ``norm(x' - x)^2 + c * max(Z_other - Z_wanted + confidence, 0)`` over ``w``, where ``x' = (tanh(w) + 1) / 2``.

    Args:
        logits: of images.
        images: see the module.
        goal: see :class:`Goal`.
        batch: images that go through the network together.
        lr: of Adam.
        iterations: steps in each round, at most: an image whose loss does not fall over a tenth of them waits for the
            next round.
        initial: the first ``c``.
        confidence: by how much the wanted logit must lead.
        stored: count only images that are misclassified when stored in 8 bits; the paper does not require it.
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
        initial: float = 1e-3,
        confidence: float = 0.0,
        stored: bool = True,
        done: Tensor | None = None,
    ) -> None:
        super().__init__(logits, images, goal, batch, done)
        self._open = ~self.reached
        self._lr, self._iterations = lr, iterations
        self._confidence, self._stored = confidence, stored
        self._origin = torch.atanh((2 * images - 1) * (1 - 1e-6))
        count, device = len(images), images.device
        self.state |= {
            "w": self._origin.clone(),
            "first": torch.zeros_like(images),
            "second": torch.zeros_like(images),
            "best": torch.full((count,), torch.inf, device=device),
            "c": torch.full((count,), initial, device=device),
            "low": torch.zeros(count, device=device),
            "high": torch.full((count,), torch.inf, device=device),
            "found": torch.zeros(count, dtype=torch.bool, device=device),
            "active": self._open.clone(),
            "last": torch.full((count,), torch.inf, device=device),
        }

    def step(self, number: int) -> None:
        """Take one step of Adam; at the end of a round choose the next constants."""
        iteration = (number - 1) % self._iterations + 1
        checking = iteration % max(1, self._iterations // 10) == 0
        for rows in self._chunks(self.state["active"].nonzero().flatten()):
            self._descend(rows, iteration, checking)
        if iteration == self._iterations:
            self._next_round()

    def _descend(self, rows: Tensor, iteration: int, checking: bool) -> None:
        state = self.state
        w = state["w"][rows].requires_grad_()
        images = (torch.tanh(w) + 1) / 2
        distance = (images - self.images[rows]).square().sum((1, 2, 3))
        logits = self.logits(images)
        lead = self._lead(logits, rows)
        loss = distance + state["c"][rows] * (lead + self._confidence).clamp(min=0)
        (slope,) = torch.autograd.grad(loss.sum(), w)
        with torch.no_grad():
            won = lead + self._confidence <= 0
            # A tie is not enough: the image must be misclassified.
            won &= self.goal.reached(logits, rows)
            if self._stored and won.any():
                stored = self.goal.reached(self.logits(eight_bit(images[won])), rows[won])
                won = won.masked_scatter(won, stored)
            better = won & (distance < state["best"][rows])
            state["found"][rows] |= won
            state["best"][rows] = torch.where(better, distance, state["best"][rows])
            kept = state["adversarial"][rows]
            state["adversarial"][rows] = torch.where(better.view(-1, 1, 1, 1), images, kept)
            state["reached"][rows] |= won
            state["steps"][rows] += 1
            first, second = state["first"][rows], state["second"][rows]
            first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
            state["first"][rows], state["second"][rows] = first, second
            even = first / (1 - 0.9**iteration), second / (1 - 0.999**iteration)
            state["w"][rows] = w.detach() - self._lr * even[0] / (even[1].sqrt() + 1e-8)
            if checking:
                state["active"][rows] = loss < 0.9999 * state["last"][rows]
                state["last"][rows] = loss

    def _lead(self, logits: Tensor, rows: Tensor) -> Tensor:
        """Return how far the goal is missed, as a difference of logits ``[M]``; below 0 it is reached."""
        wanted = F.one_hot(self.goal.classes[rows], logits.shape[1]).bool()
        own = logits.gather(1, self.goal.classes[rows, None]).squeeze(1)
        other = logits.masked_fill(wanted, -torch.inf).amax(1)
        return other - own if self.goal.targeted else own - other

    def _next_round(self) -> None:
        """Raise the constant where nothing was found, lower it where something was, and begin again at the images."""
        state = self.state
        found = state["found"]
        state["high"] = torch.where(found, torch.minimum(state["high"], state["c"]), state["high"])
        state["low"] = torch.where(found, state["low"], torch.maximum(state["low"], state["c"]))
        middle = (state["low"] + state["high"]) / 2
        state["c"] = torch.where(state["high"].isfinite(), middle, 10 * state["c"])
        for name, value in (("first", 0), ("second", 0), ("found", False), ("last", torch.inf)):
            state[name] = torch.full_like(state[name], value)
        state["active"] = self._open.clone()
        state["w"] = self._origin.clone()


def norms(images: Tensor, others: Tensor) -> dict[str, Tensor]:
    """Return how far images are from each other, each ``[N]``.

    ``L0`` is the number of pixels that differ in any channel, ``L2`` and ``Linf`` are those of values in [0, 1].
    """
    change = (images - others).abs()
    return {
        "L0": (change.amax(1) > 1e-6).flatten(1).sum(1),
        "L2": change.square().sum((1, 2, 3)).sqrt(),
        "Linf": change.amax((1, 2, 3)),
    }


def _norm(values: Tensor) -> Tensor:
    """Return the L2 norm of each image as ``[N, 1, 1, 1]``, never 0."""
    lengths: Tensor = values.flatten(1).norm(dim=1)
    return lengths.clamp(min=1e-12).view(-1, 1, 1, 1)
