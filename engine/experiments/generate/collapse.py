"""Watches an adversarial training for two failures: a discriminator that has won, and samples that are all alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from engine.authoring import Context

WON = 0.05
"""Nats: a discriminator with a lower loss recognises every fake image, and the generator gets no gradient from it."""
DECAY = 0.98
"""Of the running mean of that loss, which covers about the last 50 steps."""
ALIKE = 0.5
"""Share of the largest diversity so far, or of real images' if that is less; samples below it have become alike."""
LEAST_DIVERSITY, FROM_STEP = 0.25, 200
"""Samples below this diversity are alike in any case, from this step on."""
RECOVERED = 1.5
"""An alarm is given again only after its value was above the threshold by this factor."""


class CollapseWatch:
    """Notices collapse. Its state is one tensor, so that a resumed run gives the alarms of an uninterrupted one.

    Args:
        real: some real images ``[N, C, H, W]`` in [0, 1]; their diversity counts as 1.
        groups: the class of each, int64 ``[N]``; images are then compared within their class alone.
        device: of the state.

    Attributes:
        state: float64 ``[5]``: running mean of the discriminator's loss, steps, diversity, the largest so far, and
            which alarms were given (1 won, 2 alike).
    """

    def __init__(self, real: Tensor, groups: Tensor | None, device: torch.device) -> None:
        self.state = torch.zeros(5, dtype=torch.float64, device=device)
        self._real = spread(real, groups)

    def discriminator(self, loss: Tensor) -> None:
        """Add the discriminator's loss of one step, a scalar, to the running mean."""
        self.state[0].lerp_(loss.double(), 1 - DECAY)
        self.state[1] += 1

    def samples(self, images: Tensor, groups: Tensor | None = None) -> float:
        """Return the diversity of samples ``[N, C, H, W]`` in [0, 1]; 1 is that of real images."""
        self.state[2] = diversity = spread(images.nan_to_num(), groups) / max(self._real, 1e-9)
        self.state[3].clamp_(min=diversity)
        return diversity

    def alarms(self) -> list[str]:
        """Return the new alarms; an alarm comes again only after the failure was over."""
        mean, steps, diversity, largest, given = self.state.tolist()
        loss = mean / (1 - DECAY**steps) if steps else 1.0
        least = max(ALIKE * min(largest, 1.0), LEAST_DIVERSITY if steps >= FROM_STEP else 0.0)
        found: list[str] = []
        flags = int(given)
        won = f"the discriminator has won: its loss is {loss:.3f}, and the generator learns nothing from it"
        alike = f"the samples are alike: their diversity is {diversity:.2f} of real images'"
        alike += f", and was {largest:.2f}" if largest > 2 * diversity else ""
        ratios = loss / WON, diversity / least if least else 1.0
        for bit, ratio, text in zip((1, 2), ratios, (won, alike), strict=True):
            if ratio < 1 and not flags & bit:
                found.append(text)
                flags |= bit
            elif ratio > RECOVERED:
                flags &= ~bit
        self.state[4] = flags
        return found

    def log_alarms(self, context: Context, step: int) -> None:
        """Log the new alarms."""
        for alarm in self.alarms():
            context.message(f"step {step:,}: {alarm}", level="alarm")


def spread(images: Tensor, groups: Tensor | None = None) -> float:
    """Return the root of the mean squared difference between two images of ``[N, C, H, W]``, per pixel.

    With groups, int64 ``[N]``, both images are of one group, and the result is the mean over the groups that have more
    than one image.
    """
    if groups is None:
        return float(images.float().var(0, unbiased=False).mean().mul(2).sqrt())
    parts = [images[groups == group] for group in groups.unique()]
    found = [spread(part) for part in parts if len(part) > 1]
    return sum(found) / len(found) if found else spread(images)
