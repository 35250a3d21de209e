"""How attacks take their steps inside a run: logged, stopped and resumed like any training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.authoring import Context
    from engine.experiments.fool.attacks import Attack


def take_steps(attack: Attack | Rounds, total: int, context: Context) -> None:
    """Take all steps of an attack, or those after its last checkpoint; checkpoints save its state."""
    context.restore(tensors=attack.state)
    for step in context.steps(total):
        attack.step(step)
        context.log(step, {"reached/share": attack.reached.float().mean()})
        context.checkpoint(step, tensors=attack.state)


class Rounds:
    """The attack, and then the same at other sizes for the curve: one sequence of steps with one state.

    Attributes:
        main: the attack at the first size.
        found: which images reached the goal at each size, stored in 8 bits, bool ``[sizes, N]``.
        total: how many steps there are.
    """

    def __init__(self, make: Callable[[float], Attack], sizes: list[float], steps: int) -> None:
        self._make, self._sizes, self._steps = make, sizes, steps
        self.main = make(sizes[0])
        self._current, self._index = make(sizes[-1]), 0
        self.found = torch.stack([self.main.reached] * len(sizes))
        self.total = len(sizes) * steps

    @property
    def reached(self) -> Tensor:
        """Which images have reached the goal at the present size."""
        return self.main.reached if self._index == 0 else self._current.reached

    @property
    def state(self) -> dict[str, Tensor]:
        """Everything that changes, by name."""
        current = {f"current/{name}": value for name, value in self._current.state.items()}
        return self.main.state | current | {"found": self.found}

    def step(self, number: int) -> None:
        """Take the step of that number, counted from 1 through all sizes."""
        index, within = divmod(number - 1, self._steps)
        if index == 0:
            attack = self.main
        else:
            if within == 0:
                self._current = self._make(self._sizes[index])
            elif self._index != index:  # resumed: the state is there, the size is not
                state, self._current = self._current.state, self._make(self._sizes[index])
                self._current.state = state
            attack = self._current
        self._index = index
        attack.step(within + 1)
        if within + 1 == self._steps:
            attack.finish()
            self.found[index] = attack.stored()
