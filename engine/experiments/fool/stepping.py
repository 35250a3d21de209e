"""How attacks take their steps inside a run, one or several: logged, stopped and resumed like any training."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from engine.experiments.fool.attacks import Attack, Attacked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.authoring import Context


def take_steps(attack: Attack | Rounds, total: int, context: Context) -> None:
    """Take all steps of an attack, or those after its last checkpoint; checkpoints save its state."""
    context.restore(tensors=attack.state)
    for step in context.steps(total):
        attack.step(step)
        context.log(step, {"reached/share": attack.reached.float().mean()})
        context.checkpoint(step, tensors=attack.state)


Purpose = Literal["main", "curve", "longer", "anywhere"]


@dataclass(frozen=True, slots=True)
class Round:
    """One attack among several.

    Attributes:
        size: how far it may go, as the user writes it.
        steps: how many it takes.
        loss: what it raises.
        restart: which of its random starts it takes.
        purpose: the images of ``main`` are saved; ``curve`` measures; ``longer`` checks with more steps, ``anywhere``
            within half the range of pixels.
    """

    size: float
    steps: int
    loss: str = "ce"
    restart: int = 0
    purpose: Purpose = "main"


class Rounds:
    """Attacks one after the other, from small to large sizes: one sequence of steps with one state.

    What fools the network within a small ball lies within a larger one too: each image keeps its last success, and a
    round attacks only images that no round before has fooled both as floats and in 8 bits. The first main round attacks
    all, since its images are shown to other networks.

    Attributes:
        plan: the rounds.
        total: how many steps there are.

    Args:
        make: builds the attack of a round; takes which images are left alone, bool ``[N]``.
        plan: the rounds, smallest size first, a main one among them.
        done: images that are never attacked, bool ``[N]``.
    """

    def __init__(self, make: Callable[[Round, Tensor], Attack], plan: Sequence[Round], done: Tensor) -> None:
        self._make, self.plan, self._never = make, plan, done
        self._ends = list(accumulate(part.steps for part in plan))
        self.total = self._ends[-1]
        self._current, self._index = make(plan[0], done), 0
        nothing = self._current.attacked
        kept = {"images": nothing.images, "floats": nothing.floats, "reached": nothing.reached, "steps": nothing.steps}
        kept = {name: value.clone() for name, value in kept.items()} | {"saved": torch.zeros_like(done)}
        self._kept = kept
        self._main = {name: value.clone() for name, value in kept.items()}
        self._lost = torch.zeros(len(plan), 2, len(done), dtype=torch.bool, device=done.device)

    @property
    def main(self) -> Attacked:
        """What the main rounds have come to."""
        return Attacked(*(self._main[name] for name in ("images", "floats", "reached", "steps")))

    @property
    def reached(self) -> Tensor:
        """Which images are fooled at the present size, or left alone, bool ``[N]``."""
        return self._never | self._kept["reached"] | self._current.reached

    @property
    def state(self) -> dict[str, Tensor]:
        """Everything that changes, by name."""
        parts = {"current": self._current.state, "kept": self._kept, "main": self._main}
        flat = {f"{part}/{name}": value for part, state in parts.items() for name, value in state.items()}
        return flat | {"lost": self._lost}

    def lost(self, size: float) -> Tensor:
        """Return which images are fooled at a size of the main rounds or of the curve, bool ``[2, N]``.

        The first row is of floats, the second of images as 8 bits store them.
        """
        parts = enumerate(self.plan)
        return self._lost[max(i for i, part in parts if part.purpose in {"main", "curve"} and part.size == size)].cpu()

    def checked(self, purpose: Purpose) -> Tensor | None:
        """Return the same after the rounds of a purpose; None if there are none."""
        found = [index for index, part in enumerate(self.plan) if part.purpose == purpose]
        return self._lost[found[-1]].cpu() if found else None

    def step(self, number: int) -> None:
        """Take the step of that number, counted from 1 through all rounds."""
        index = bisect_right(self._ends, number - 1)
        part = self.plan[index]
        within = number - (self._ends[index] - part.steps)
        if within == 1:
            self._current = self._make(part, self._left_alone(index))
        elif self._index != index:  # resumed: the state is there, the size is not
            state, self._current = self._current.state, self._make(part, self._never)
            self._current.state = state
        self._index = index
        self._current.step(within)
        if within == part.steps:
            self._current.finish()
            self._take_over()
            self._lost[index:] |= torch.stack([self._kept["reached"], self._kept["saved"]])
            if part.purpose == "main":
                self._main = {name: value.clone() for name, value in self._kept.items()}

    def _left_alone(self, index: int) -> Tensor:
        first = self.plan[index].purpose == "main" and all(part.purpose != "main" for part in self.plan[:index])
        return self._never if first else self._never | (self._kept["reached"] & self._kept["saved"])

    def _take_over(self) -> None:
        """Keep of each image that was attacked what the attack came to, unless what is kept succeeds more."""
        new, kept = self._current.attacked, self._kept
        tried = new.steps > 0
        rows = tried.nonzero().flatten()
        saved = torch.zeros_like(tried)
        saved[rows] = self._current.judged(new.images[rows], rows)
        # To succeed in 8 bits is more than to succeed as floats.
        better = tried & (2 * saved + 1 * new.reached >= 2 * kept["saved"] + 1 * kept["reached"])
        found = {"images": new.images, "floats": new.floats, "reached": new.reached, "steps": new.steps, "saved": saved}
        for name, value in found.items():
            chosen = better.view(-1, *[1] * (value.dim() - 1))
            kept[name] = torch.where(chosen, value, kept[name])
