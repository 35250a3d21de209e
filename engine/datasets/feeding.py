"""Batches of an image set on the device, by indices; those of a set that lies elsewhere are fetched ahead.

A batch of a set in the host's memory, or mapped from a file, is gathered by a thread into a pinned buffer and copied
from there on a stream of its own, while the device computes on the batch before it. Rows are gathered anyhow, since
those of a shuffled batch lie apart; so the buffers are pinned, and the set itself takes no memory from the system.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.datasets.images import ImageSet


class Sent(Protocol):
    """A copy that is on its way to the device."""

    def left(self) -> None:
        """Wait until the buffer it is copied from may be written again."""

    def arrived(self) -> Tensor:
        """Return the copy; what is computed from it on the current stream waits until it is whole."""


class Lane(Protocol):
    """The way of batches to a device."""

    def buffer(self, shape: torch.Size, dtype: torch.dtype) -> Tensor:
        """Return memory of the host to copy from."""

    def send(self, buffer: Tensor) -> Sent:
        """Begin a copy."""


@dataclass(frozen=True, slots=True)
class _OnStream:
    """A copy that a stream of its own makes; see :class:`Sent`."""

    copy: Tensor
    event: torch.cuda.Event

    def left(self) -> None:
        self.event.synchronize()

    def arrived(self) -> Tensor:
        current = torch.cuda.current_stream(self.copy.device)
        current.wait_event(self.event)
        # Memory of the side stream: without this it might be given away while the current one still reads it.
        self.copy.record_stream(current)
        return self.copy


class SideStream:
    """From pinned memory to a GPU, beside what its current stream computes."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._stream = torch.cuda.Stream(device)

    def buffer(self, shape: torch.Size, dtype: torch.dtype) -> Tensor:
        """Return pinned memory."""
        return torch.empty(shape, dtype=dtype, pin_memory=True)

    def send(self, buffer: Tensor) -> Sent:
        """Begin a copy on the side stream."""
        event = torch.cuda.Event()
        with torch.cuda.stream(self._stream):
            copy = buffer.to(self._device, non_blocking=True)
            event.record(self._stream)
        return _OnStream(copy, event)


@dataclass(frozen=True, slots=True)
class _Copied:
    """A copy that was made at once."""

    copy: Tensor

    def left(self) -> None:
        """Nothing to wait for."""

    def arrived(self) -> Tensor:
        return self.copy


class Direct:
    """To a device without streams; to the CPU, a buffer of its own for each batch is the copy."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def buffer(self, shape: torch.Size, dtype: torch.dtype) -> Tensor:
        """Return plain memory."""
        return torch.empty(shape, dtype=dtype)

    def send(self, buffer: Tensor) -> Sent:
        """Copy, and return when that is done."""
        return _Copied(buffer.to(self._device, copy=True))


def lane_to(device: torch.device) -> Lane:
    """Return the way to a device."""
    return SideStream(device) if device.type == "cuda" else Direct(device)


def lies_on(images: ImageSet, device: torch.device) -> bool:
    """Tell whether batches of a set are mere selections: it lies on the device, or in memory for the CPU."""
    # A device without a number is the one that tensors go to which are made on it.
    return images.images.device == torch.empty(0, device=device).device and not images.mapped


class _Buffers:
    """Memory of the host for one batch, and the copies that were begun from it."""

    def __init__(self) -> None:
        self.images = self.labels = torch.empty(0)
        self.sent: tuple[Sent, ...] = ()


class _Fetched(NamedTuple):
    indices: Tensor
    copies: Future[tuple[Sent, Sent]]


class Fetcher:
    """Takes batches of an image set by indices, and fetches one ahead.

    Args:
        images: the set; nothing is fetched where it :func:`lies_on` the device.
        device: of the batches.
        lane: to the device; the usual one if none is given.
    """

    def __init__(self, images: ImageSet, device: torch.device, lane: Lane | None = None) -> None:
        self._images, self._device = images, device
        self.direct = lies_on(images, device)
        self._lane = lane
        self._buffers = (_Buffers(), _Buffers())
        self._turn = 0
        self._thread: ThreadPoolExecutor | None = None
        self._ahead: _Fetched | None = None

    def fetch(self, indices: Tensor) -> None:
        """Begin to fetch the batch that will be taken next."""
        if not self.direct:
            self._ahead = self._fetched(indices.cpu())

    def take(self, indices: Tensor) -> ImageSet:
        """Return the images and labels at some indices ``[M]``, int64, on the device."""
        if self.direct:
            return self._images[indices.to(self._device)]
        indices, ahead, self._ahead = indices.cpu(), self._ahead, None
        if ahead is None or not torch.equal(ahead.indices, indices):
            ahead = self._fetched(indices)
        images, labels = (sent.arrived() for sent in ahead.copies.result())
        return replace(self._images, images=images, labels=labels, rows=None)

    def _fetched(self, indices: Tensor) -> _Fetched:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, "fetcher")
            self._lane = self._lane or lane_to(self._device)
        # Of two buffers one is filled while the device may still copy from the other.
        self._turn = 1 - self._turn
        return _Fetched(indices, self._thread.submit(self._send, indices, self._buffers[self._turn]))

    def _send(self, indices: Tensor, buffers: _Buffers) -> tuple[Sent, Sent]:
        assert self._lane is not None
        for sent in buffers.sent:
            sent.left()
        images, labels, rows = self._images.images, self._images.labels, self._images.rows
        if len(buffers.images) < len(indices):
            buffers.images = self._lane.buffer(torch.Size((len(indices), *images.shape[1:])), images.dtype)
            buffers.labels = self._lane.buffer(indices.shape, labels.dtype)
        to = buffers.images[: len(indices)], buffers.labels[: len(indices)]
        _gather(images, indices if rows is None else rows[indices], to[0])
        _gather(labels, indices, to[1])
        buffers.sent = pair = self._lane.send(to[0]), self._lane.send(to[1])
        return pair


def _gather(values: Tensor, indices: Tensor, to: Tensor) -> None:
    """Select rows: by numpy, which uses no threads of its own and lets others run meanwhile."""
    # With mode "raise" numpy would gather into a buffer of its own first.
    np.take(values.cpu().numpy(), indices.numpy(), 0, to.numpy(), mode="clip")


class Feed:
    """The batches of a training by their numbers, each fetched while the one before it is computed on.

    Args:
        images: the set.
        order: returns the indices of a batch by its number, as `EpochSampler.batch` does.
        last: the number of the last batch.
        device: of the batches.
    """

    def __init__(self, images: ImageSet, order: Callable[[int], Tensor], last: int, device: torch.device) -> None:
        self._fetcher = Fetcher(images, device)
        self._order, self._last = order, last

    def batch(self, number: int) -> ImageSet:
        """Return a batch on the device."""
        batch = self._fetcher.take(self._order(number))
        if number < self._last and not self._fetcher.direct:
            self._fetcher.fetch(self._order(number + 1))
        return batch


def in_order(images: ImageSet, size: int, device: torch.device) -> Iterator[ImageSet]:
    """Yield a whole set on the device, ``size`` images at a time."""
    parts = torch.arange(len(images)).split(size)
    if lies_on(images, device):
        yield from (images[start : start + size] for start in range(0, len(images), size))
        return
    feed = Feed(images, lambda number: parts[number - 1], len(parts), device)
    yield from (feed.batch(number) for number in range(1, len(parts) + 1))
