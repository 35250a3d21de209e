"""What a CUDA graph that repeats a captured function forbids in it, checked on the stand-in device."""

from __future__ import annotations

import contextlib
import threading
from types import TracebackType
from typing import Any

import torch

from tests.standin import ledger


class Capture:
    """Looks on while a function is called again and again; see :func:`capturing`.

    What other threads do meanwhile is theirs: our graphs are captured in the mode ``thread_local``.
    """

    def __init__(self) -> None:
        self._first: list[tuple[Any, ...]] | None = None
        self._now: list[tuple[Any, ...]] = []
        self._made: dict[int, int] = {}
        self._alive: list[Any] = []
        self.thread = 0
        self._scope = contextlib.ExitStack()

    def __enter__(self) -> Capture:
        self._now, self._made, self._alive, self.thread = [], {}, [], threading.get_ident()
        self._scope.enter_context(ledger.captured(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scope.close()
        self._made, self._alive = {}, []
        if error is not None:
            return
        if self._first is None:
            self._first = self._now
        elif len(self._now) < len(self._first):
            self.refuse(f"the first call did {len(self._first)} operations, this one {len(self._now)}")

    def refuse(self, reason: str) -> None:
        """Raise what a captured graph would get wrong without a word, or what ends the capture."""
        raise CaptureError(f"{reason}: a captured graph cannot repeat that")

    def operation(self, func: Any, args: Any, kwargs: Any, result: Any, *, on_host: bool) -> None:
        """Note an operation, or compare it with the one at its place in the first call."""
        if on_host:
            self._host_operation(func, args, kwargs)
        else:
            self._compare((str(func), self._described(args), self._described(kwargs)))
        self._remember(result)

    def _host_operation(self, func: Any, args: Any, kwargs: Any) -> None:
        from tests.standin.tensors import traits

        known = traits(func)
        for place, name in known.written:
            changed = kwargs[name] if name in kwargs else args[place]
            if id(changed) not in self._made:
                self.refuse(f"{func} changes a tensor of the host")
        if known.seeded:
            self.refuse(f"{func} draws random numbers on the host")

    def _compare(self, entry: tuple[Any, ...]) -> None:
        place = len(self._now)
        self._now.append(entry)
        if self._first is None:
            return
        before = self._first[place] if place < len(self._first) else ("nothing more",)
        if before != entry:
            raise CaptureError(
                f"operation {place + 1} was {_shown(before)} in the first call and is {_shown(entry)} in this one: "
                "a captured graph repeats the first"
            )

    def _remember(self, result: Any) -> None:
        if isinstance(result, torch.Tensor):
            if id(result) not in self._made:
                self._made[id(result)] = len(self._made)
                self._alive.append(result)
        elif isinstance(result, (tuple, list)):
            for one in result:
                self._remember(one)

    def _described(self, value: Any) -> Any:
        from tests.standin.tensors import StandinTensor

        if isinstance(value, StandinTensor):
            if id(value) in self._made:
                return ("made in it", self._made[id(value)], tuple(value.shape))
            inner = value.stored
            return ("static tensor", inner.data_ptr(), tuple(inner.shape), inner.stride(), inner.dtype)
        if isinstance(value, torch.Tensor):
            return ("host scalar", repr(value.tolist()))
        if isinstance(value, (tuple, list)):
            return tuple(map(self._described, value))
        if isinstance(value, dict):
            return {key: self._described(one) for key, one in value.items()}
        return ("generator", value._cdata) if isinstance(value, torch.Generator) else repr(value)


class CaptureError(RuntimeError):
    """A captured graph could not do what was done."""


def _shown(entry: tuple[Any, ...]) -> str:
    return " ".join(map(str, entry))[:300]


def capturing() -> Capture:
    """Return a context to call a function in that is to be captured as a CUDA graph; enter it for each call.

    ::

        capture = standin.capturing()
        step()  # the warm-up, in which optimisers make their state
        for number in range(3):
            indices.copy_(batches[number])  # static input is written outside
            with capture:
                step()

    A graph repeats the kernels of the first call with their addresses, shapes and numbers. So each of these raises
    ``CaptureError``, and says which operation it was:

    - the host waits for the device: ``.item()``, ``.cpu()``, ``bool(tensor)``, a mask as index;
    - new data from the host: ``torch.tensor([...], device=...)``, ``.to(device)``;
    - a tensor of the host is changed, or random numbers are drawn there: neither would be repeated;
    - a later call differs from the first: another operation, another shape, another Python number (a learning rate
      that is a float), or a tensor from outside that is not the one of the first call.
    """
    return Capture()
