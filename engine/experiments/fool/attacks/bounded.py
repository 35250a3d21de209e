"""Attacks inside a ball around each image: what they share, and projected gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

import torch
from torch import Tensor

from engine.experiments.fool.attacks.base import Attack, Goal, Logits, lengths, per_image
from engine.experiments.fool.attacks.losses import LOSSES


@dataclass(frozen=True)
class Ball:
    """The images within a distance of each image, and within [0, 1].

    Attributes:
        norm: ``linf`` or ``l2``.
        radius: in that norm; one for all, or ``[N, 1, 1, 1]``.
    """

    norm: str
    radius: float | Tensor

    def direction(self, slope: Tensor) -> Tensor:
        """Return the steepest step of length 1 for gradients ``[N, C, H, W]``."""
        return slope.sign() if self.norm == "linf" else slope / lengths(slope)

    def project(self, moved: Tensor, images: Tensor) -> Tensor:
        """Return images moved back into the balls around ``images``, and into [0, 1]."""
        change = moved - images
        if self.norm == "linf":
            change = change.clamp(-self.radius, self.radius)  # type: ignore[arg-type]  # the stubs know no union
        else:
            change = change * (self.radius / lengths(change)).clamp(max=1)
        return (images + change).clamp(0, 1)


class Options(TypedDict, total=False):
    """What attacks inside a ball have in common; see :class:`Bounded`."""

    norm: str
    eps: float
    loss: str
    seeds: Sequence[int] | None
    restart: int
    stop_early: bool
    done: Tensor | None


class Bounded(Attack):
    """An attack inside a ball that takes all its steps and keeps of its iterates the misclassified one of highest loss.

    Where none is misclassified it keeps the one of highest loss. To stop at the first misclassified iterate would keep
    one that has just crossed the boundary: 8 bits and other networks undo that.

    Args:
        logits: of images.
        images: see the package.
        goal: see :class:`Goal`.
        batch: images that go through the network together.
        norm: ``linf`` or ``l2``.
        eps: radius of the ball.
        loss: what is raised, a name of ``LOSSES``.
        seeds: one for each image, for a random start inside the ball; None to start at the image.
        restart: which of the random starts that a seed gives, from 0.
        stop_early: leave an image alone once an iterate is misclassified both as floats and in 8 bits.
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
        loss: str = "ce",
        seeds: Sequence[int] | None = None,
        restart: int = 0,
        stop_early: bool = False,
        done: Tensor | None = None,
    ) -> None:
        super().__init__(logits, images, goal, batch, done)
        self._ball = Ball(norm, eps)
        self._eps, self._loss, self._stop_early = eps, LOSSES[loss], stop_early
        start = images.clone()
        if seeds is not None:
            noise = torch.stack([self._noise(images.shape[1:], seed, restart) for seed in seeds]).to(images)
            start = (images + noise * per_image(~self.state["done"])).clamp(0, 1)
        self.state |= {"x": start, "loss": torch.full((len(images),), -torch.inf, device=images.device)}

    def _noise(self, shape: torch.Size, seed: int, restart: int) -> Tensor:
        """Draw the change of a random start."""
        raise NotImplementedError

    def _draw(self, shape: torch.Size, seed: int, restart: int) -> tuple[Tensor, torch.Generator]:
        """Draw uniform values in [-1, 1], or for L2 a direction of length 1; and return the generator."""
        generator = torch.Generator().manual_seed(seed)
        for _ in range(restart + 1):
            if self._ball.norm == "linf":
                drawn = 2 * torch.rand(shape, generator=generator) - 1
            else:
                drawn = torch.randn(shape, generator=generator)
                drawn = drawn / drawn.norm()
        return drawn, generator

    def _look(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits ``[M, classes]``, loss ``[M]`` and its gradient ``[M, C, H, W]`` at the iterates."""
        images = self.state["x"][rows].requires_grad_()
        logits = self.logits(images)
        loss = self._loss(logits, self.goal, rows)
        (slope,) = torch.autograd.grad(loss.sum(), images)
        return logits.detach(), loss.detach(), slope

    def _keep(self, rows: Tensor, logits: Tensor, loss: Tensor) -> None:
        """Keep the iterates that are better than what is kept; with ``stop_early``, leave alone what succeeds."""
        state = self.state
        images, there, before = state["x"][rows], self.goal.reached(logits, rows), state["reached"][rows]
        better = (there & ~before) | ((there == before) & (loss > state["loss"][rows]))
        state["adversarial"][rows] = torch.where(per_image(better), images, state["adversarial"][rows])
        state["loss"][rows] = torch.where(better, loss, state["loss"][rows])
        state["reached"][rows] = there | before
        if self._stop_early and there.any():
            over = there.clone()
            over[there] = self.judged(images[there], rows[there])
            state["adversarial"][rows] = torch.where(per_image(over), images, state["adversarial"][rows])
            state["done"][rows] |= over

    @torch.no_grad()
    def finish(self) -> None:
        """Look at the last iterates."""
        for rows in self._chunks(~self.state["done"]):
            logits = self.logits(self.state["x"][rows])
            self._keep(rows, logits, self._loss(logits, self.goal, rows))


class Pgd(Bounded):
    """Projected gradient descent in an L-inf or L2 ball; one step of size eps without a random start is FGSM.

    Madry et al. 2018, Towards deep learning models resistant to adversarial attacks; Goodfellow, Shlens & Szegedy 2015,
    Explaining and harnessing adversarial examples. The start is no iterate: it is not kept.

    Args:
        logits: of images.
        images: see the package.
        goal: see :class:`Goal`.
        batch: images that go through the network together.
        alpha: length of a step, in the norm of the ball.
        options: of :class:`Bounded`.
    """

    def __init__(
        self, logits: Logits, images: Tensor, goal: Goal, batch: int, *, alpha: float, **options: Unpack[Options]
    ) -> None:
        super().__init__(logits, images, goal, batch, **options)
        self._alpha = alpha

    def _noise(self, shape: torch.Size, seed: int, restart: int) -> Tensor:
        """Draw from the ball: uniformly for L-inf; for L2 in a uniform direction at a uniform share of the radius."""
        drawn, generator = self._draw(shape, seed, restart)
        share = 1.0 if self._ball.norm == "linf" else torch.rand((), generator=generator)
        return drawn * share * self._eps

    def step(self, number: int) -> None:
        """Look at every iterate that is not done, and move it by alpha, back into the ball and into [0, 1]."""
        state = self.state
        for rows in self._chunks(~state["done"]):
            logits, loss, slope = self._look(rows)
            if number > 1:
                self._keep(rows, logits, loss)
            on = ~state["done"][rows]
            x = state["x"][rows]
            moved = self._ball.project(x + self._alpha * self._ball.direction(slope), self.images[rows])
            state["x"][rows] = torch.where(per_image(on), moved, x)
            state["steps"][rows] += on
