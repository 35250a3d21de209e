"""Batches of what is only computed, not trained on: halved by themselves where the device has too little memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

_tell: list[Callable[[str], None]] = []
_sizes: dict[str, int] = {}
"""The batch that fitted, by what is computed: the next time it is begun with."""


def told_to(tell: Callable[[str], None]) -> None:
    """Let whoever listens hear of halved batches: a worker has one run."""
    _tell[:] = [tell]
    _sizes.clear()


def in_batches(compute: Callable[..., T], *tensors: torch.Tensor, batch: int, what: str) -> Iterator[T]:
    """Yield ``compute(*parts)`` for parts of at most ``batch`` rows of tensors ``[N, ...]``, in their order.

    A batch that does not fit is halved, and the run's console hears of it; so are those behind it.

    Args:
        compute: called with a part of each tensor; it keeps nothing of a call that fails.
        *tensors: of equal length.
        batch: rows of a part.
        what: is computed, e.g. ``"evaluation"``.

    Raises:
        torch.OutOfMemoryError: if a single row does not fit.
    """
    size = min(batch, _sizes.get(what, batch))
    start, count = 0, len(tensors[0])
    while start < count or start == 0:
        rows = slice(start, start + size)
        fitted = False
        try:
            found = compute(*(tensor[rows] for tensor in tensors))
            fitted = True
        except torch.OutOfMemoryError:
            if size == 1:
                raise
        # Outside of the handler, where the error does not hold on to the tensors of the call any more.
        if fitted:
            yield found
            start += size
        else:
            size = _halved(size, what)


def _halved(size: int, what: str) -> int:
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    _sizes[what] = size // 2
    for tell in _tell:
        tell(f"{what}: {size:,} at once do not fit into the memory of the device; it goes on with {size // 2:,}")
    return size // 2
