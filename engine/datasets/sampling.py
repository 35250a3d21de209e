"""In which order images are drawn: a pure function of the seed and the epoch, the same on every device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class EpochSampler:
    """Shuffled batches of indices, every image once an epoch.

    Steps and epochs count from 1. A batch depends on no earlier one, so a resumed run continues with the same indices.

    Args:
        count: number of images.
        batch: images in a batch; at most ``count`` are taken.
        seed: of the run.
        device: the device of the indices.
        drop_last: leave out the images that do not fill the last batch of an epoch (each epoch others) instead of
            drawing a smaller batch.
    """

    def __init__(
        self, count: int, batch: int, seed: int, *, device: torch.device | str = "cpu", drop_last: bool = False
    ) -> None:
        if count < 1 or batch < 1:
            raise ValueError(f"cannot draw batches of {batch} from {count} images")
        self.count = count
        self.size = min(batch, count)
        self.steps_per_epoch = count // self.size if drop_last else -(-count // self.size)
        self._seed = seed
        self._device = torch.device(device)
        self._epoch = 0
        self._order = torch.empty(0, dtype=torch.long)

    def batch(self, step: int) -> Tensor:
        """Return the indices ``[size]`` of a step, int64 on the device; an epoch's last may have fewer."""
        epoch, position = divmod(step - 1, self.steps_per_epoch)
        if epoch + 1 != self._epoch:
            self._epoch = epoch + 1
            self._order = self.permutation(self._epoch).to(self._device, non_blocking=True)
        return self._order[position * self.size : (position + 1) * self.size]

    def permutation(self, epoch: int) -> Tensor:
        """Return the order ``[count]`` of an epoch, int64 on the CPU."""
        entropy = int(np.random.SeedSequence([self._seed, epoch]).generate_state(1, np.uint64)[0])
        return torch.randperm(self.count, generator=torch.Generator().manual_seed(entropy >> 1))

    def epoch(self, step: int) -> float:
        """Return how many epochs are done after a step, e.g. 1.5."""
        return step / self.steps_per_epoch

    def ends_epoch(self, step: int) -> bool:
        """Tell whether a step is the last of its epoch."""
        return step % self.steps_per_epoch == 0
