"""Watches an adversarial training for its two known ends: a discriminator that has won, samples that are all alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from engine.authoring import Context

WON = 0.05
"""Nats: a discriminator whose loss stays below tells every drawn image; nothing can be learnt from it any more."""
MEMORY = 0.98
"""Of the running mean of that loss: about the last 50 steps."""
ALIKE = 0.5
"""Share of the largest diversity so far, or of real images' if that is less, below which samples have become alike."""
FLOOR, EARLY = 0.25, 200
"""Diversity below which they are alike whatever came before, once so many steps are done."""
RECOVERED = 1.5
"""How many times a threshold must be passed again before the same is said once more."""


class CollapseWatch:
    """Notices collapse; its state is one tensor, so that a resumed run says what an uninterrupted one does.

    Args:
        real: some images ``[N, C, H, W]`` in [0, 1], the measure of diversity.
        groups: the class of each, int64 ``[N]``, if images are to be compared within their class alone.
        device: of the state.

    Attributes:
        state: float64 ``[5]``: running mean of the discriminator's loss, steps, diversity, the largest so far, and
            which alarms were given (1 won, 2 alike).
    """

    def __init__(self, real: Tensor, groups: Tensor | None, device: torch.device) -> None:
        self.state = torch.zeros(5, dtype=torch.float64, device=device)
        self._real = spread(real, groups)

    def discriminator(self, loss: Tensor) -> None:
        """Take note of the discriminator's loss, a scalar, in one step."""
        self.state[0].lerp_(loss.double(), 1 - MEMORY)
        self.state[1] += 1

    def samples(self, images: Tensor, groups: Tensor | None = None) -> float:
        """Return the diversity of samples ``[N, C, H, W]`` in [0, 1]; 1 is that of real images."""
        self.state[2] = diversity = spread(images.nan_to_num(), groups) / max(self._real, 1e-9)
        self.state[3].clamp_(min=diversity)
        return diversity

    def alarms(self) -> list[str]:
        """Return what has to be said now, each thing once until it is over."""
        mean, steps, diversity, largest, given = self.state.tolist()
        loss = mean / (1 - MEMORY**steps) if steps else 1.0
        least = max(ALIKE * min(largest, 1.0), FLOOR if steps >= EARLY else 0.0)
        found, said = [], int(given)
        won = f"the discriminator has won: its loss is {loss:.3f}, and the generator learns nothing from it"
        alike = f"the samples are alike: their diversity is {diversity:.2f} of real images', and was {largest:.2f}"
        ratios = loss / WON, diversity / least if least else 1.0
        for bit, ratio, text in zip((1, 2), ratios, (won, alike), strict=True):
            if ratio < 1 and not said & bit:
                found.append(text)
                said |= bit
            elif ratio > RECOVERED:
                said &= ~bit
        self.state[4] = said
        return found

    def tell(self, context: Context, step: int) -> None:
        """Raise the alarms there are."""
        for alarm in self.alarms():
            context.message(f"step {step:,}: {alarm}", level="alarm")


def spread(images: Tensor, groups: Tensor | None = None) -> float:
    """Return the root of the mean squared distance between two of the images ``[N, C, H, W]``, per pixel.

    With groups, int64 ``[N]``, between two of the same group, in the mean of those with more than one image.
    """
    if groups is None:
        return float(images.float().var(0, unbiased=False).mean().mul(2).sqrt())
    parts = [images[groups == group] for group in groups.unique()]
    found = [spread(part) for part in parts if len(part) > 1]
    return sum(found) / len(found) if found else spread(images)
