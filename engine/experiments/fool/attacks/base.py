"""What attacks have in common: the goal, the state, what comes out; and the norms of changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

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

    def margin(self, logits: Tensor, rows: Tensor) -> Tensor:
        """Return how far the goal is missed, as a difference of logits ``[M]``; below 0 it is reached."""
        wanted = F.one_hot(self.classes[rows], logits.shape[1]).bool()
        own = logits.gather(1, self.classes[rows, None]).squeeze(1)
        other = logits.masked_fill(wanted, -torch.inf).amax(1)
        return other - own if self.targeted else own - other


@dataclass(frozen=True)
class Attacked:
    """What an attack came to.

    Attributes:
        images: those to save, ``[N, C, H, W]``.
        floats: those that count before 8 bits round them; Carlini & Wagner find closer ones, else they are the same.
        reached: which of the floats reach the goal, bool ``[N]``.
        steps: how many each image took, int64 ``[N]``.
    """

    images: Tensor
    floats: Tensor
    reached: Tensor
    steps: Tensor


class Attack:
    """What attacks have in common.

    Attributes:
        state: everything that changes, by name, so that it can be saved; ``adversarial`` is the images that are kept,
            ``reached`` says which of them reach the goal as floats, ``done`` which images take no further steps,
            ``steps`` counts the steps of each.

    Args:
        logits: of images.
        images: see the package.
        goal: see :class:`Goal`.
        batch: images that go through the network together.
        done: images that stay unchanged, bool ``[N]``; None for none.
    """

    def __init__(self, logits: Logits, images: Tensor, goal: Goal, batch: int, done: Tensor | None = None) -> None:
        self.logits = logits
        self.images = images
        self.goal = goal
        self.batch = batch
        none = torch.zeros(len(images), dtype=torch.bool, device=images.device)
        self.state: dict[str, Tensor] = {
            "adversarial": images.clone(),
            "reached": none.clone(),
            "done": none if done is None else done.clone(),
            "steps": torch.zeros(len(images), dtype=torch.long, device=images.device),
        }

    @property
    def adversarial(self) -> Tensor:
        """The images that are kept so far."""
        return self.state["adversarial"]

    @property
    def reached(self) -> Tensor:
        """Which images have reached the goal, bool ``[N]``."""
        return self.state["reached"]

    @property
    def attacked(self) -> Attacked:
        """What the attack has come to."""
        return Attacked(self.adversarial, self.state.get("floats", self.adversarial), self.reached, self.state["steps"])

    def step(self, number: int) -> None:
        """Take the step of that number, counted from 1."""
        raise NotImplementedError

    def finish(self) -> None:
        """Check the images that came out of the last step."""

    @torch.no_grad()
    def judged(self, images: Tensor, rows: Tensor) -> Tensor:
        """Return whether images ``[M, C, H, W]``, those at ``rows``, reach the goal when 8 bits store them."""
        parts = zip(images.split(self.batch), rows.split(self.batch), strict=True)
        found = [self.goal.reached(self.logits(eight_bit(part)), own) for part, own in parts if len(own)]
        return torch.cat(found) if found else torch.zeros_like(rows, dtype=torch.bool)

    def _chunks(self, chosen: Tensor) -> Iterator[Tensor]:
        """Yield the rows where a mask ``[N]`` holds, a batch at a time."""
        rows = chosen.nonzero().flatten()
        yield from rows.split(self.batch) if len(rows) else ()


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


def per_image(values: Tensor) -> Tensor:
    """Return values ``[N]`` as ``[N, 1, 1, 1]``, to be combined with images."""
    return values.view(-1, 1, 1, 1)


def lengths(values: Tensor) -> Tensor:
    """Return the L2 norm of each image as ``[N, 1, 1, 1]``, never 0."""
    found: Tensor = values.flatten(1).norm(dim=1)
    return per_image(found.clamp(min=1e-12))
