"""Training steps that a GPU records once, as a CUDA graph, and repeats by one launch; elsewhere they are called."""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from engine.authoring import Context

    Update = Callable[..., Mapping[str, Tensor]]
    Argument = Tensor | float

WARM_UP = 3
"""Steps of a kind that are taken as they are before one is recorded: kernels are chosen, optimisers make state."""
ROWS = 1_024
"""Steps whose figures wait on the device, at most, until they are fetched."""
MOST = 8
"""Recorded kinds of steps that are kept; the last batch of an epoch, which has fewer images, is a kind of its own."""


class Unfit(Exception):
    """A step cannot be recorded; says why."""


class Recorder(Protocol):
    """Records what a function does on the device."""

    def beside(self) -> AbstractContextManager[None]:
        """Return a context in which a step that is to be recorded later is taken as it is."""

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """Record a function without doing on the device what it says; return what does it.

        Raises:
            Unfit: if it does something that cannot be recorded.
        """


class CudaRecorder:
    """Records CUDA graphs, which share their memory: they are never played at the same time."""

    def __init__(self, context: Context) -> None:
        self._generator = context.generator
        # Nodes of the autograd graph keep the stream on which they were made: one for warming up and recording.
        self._stream = torch.cuda.Stream(context.device)
        self._pool = torch.cuda.graph_pool_handle()
        # Adam is made to be recorded; that its first steps are not is as it should be.
        warnings.filterwarnings("ignore", message="This instance was constructed with capturable=True")

    @contextlib.contextmanager
    def beside(self) -> Iterator[None]:
        """Compute on the stream that records, after all that was started before and before all that follows."""
        own = torch.cuda.current_stream()
        self._stream.wait_stream(own)
        with torch.cuda.stream(self._stream):
            yield
        own.wait_stream(self._stream)

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """Record a CUDA graph."""
        graph, own = torch.cuda.CUDAGraph(), torch.cuda.current_stream()
        # Each replay goes on with the generators where the last one left them; torch's own is always registered.
        graph.register_generator_state(self._generator)
        try:
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
                work()
        except RuntimeError as error:
            # When the end of a recording fails, torch leaves its stream in place, and generators that it is recording.
            torch.cuda.set_stream(own)
            for generator in (self._generator, torch.cuda.default_generators[self._generator.device.index or 0]):
                generator.graphsafe_set_state(generator.clone_state())
            raise Unfit(str(error).partition("\n")[0]) from error
        return graph.replay


RECORDERS: dict[str, Callable[[Context], Recorder]] = {"cuda": CudaRecorder}
"""What records, for each type of device that has something to record with."""


class Watch(TorchDispatchMode):
    """Looks at the operations of a step for what no recording can repeat.

    Attributes:
        found: the first such thing, in words; empty if there is none.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found = ""
        self._device = device

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Compute, and look at what goes in and comes out."""
        del types
        result = func(*args, **(kwargs or {}))
        self.found = self.found or self._complaint(func, tree_leaves((args, kwargs, result)))
        return result

    def _complaint(self, func: Any, values: Sequence[Any]) -> str:
        if torch.Tag.data_dependent_output in func.tags:
            return f"{func} waits for a value of the device"
        # Picking by indices gives as many as there are indices; by a mask, as many as are true.
        picks = func is torch.ops.aten.index.Tensor and all(not _is_mask(value) for value in values)
        if torch.Tag.dynamic_output_shape in func.tags and not picks:
            return f"the size of what {func} gives depends on values"
        if func is torch.ops.aten.lift_fresh.default:
            return "the step makes a tensor of numbers of its own"
        if any(isinstance(value, Tensor) and value.device.type != self._device.type for value in values):
            return f"{func} meets a tensor that is not on the device"
        return ""


def _is_mask(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dtype == torch.bool


class Figure:
    """A figure that is still on the device; :meth:`later` fetches it, with those of all other steps that wait."""

    __slots__ = ("_column", "_row")

    def __init__(self, row: Row, column: int) -> None:
        self._row, self._column = row, column

    def later(self) -> float:
        """Return its value, and wait for it if it is not there yet."""
        return self._row.values()[self._column]

    __float__ = later


class Row:
    """The figures of one step; ``fetched`` is empty until they are fetched."""

    __slots__ = ("_buffer", "fetched")

    def __init__(self, buffer: Buffer) -> None:
        self._buffer: Buffer = buffer
        self.fetched: list[float] = []

    def values(self) -> list[float]:
        """Return them all."""
        if not self.fetched:
            self._buffer.fetch()
        return self.fetched


class Buffer:
    """The figures of the last steps, on the device until somebody asks for one: then all come in a single copy.

    Args:
        names: of the figures of a step.
        like: the figures of one step, ``[names]``.
    """

    def __init__(self, names: Sequence[str], like: Tensor) -> None:
        self._names = tuple(names)
        self._figures = like.new_zeros(ROWS, len(self._names))
        self._places = self._figures.unbind()
        self._waiting: list[Row] = []

    def add(self, figures: Tensor) -> dict[str, Figure]:
        """Keep the figures ``[names]`` of a step; when there is no more room, those before it are fetched."""
        if len(self._waiting) == ROWS:
            self.fetch()
        self._places[len(self._waiting)].copy_(figures)
        row = Row(self)
        self._waiting.append(row)
        return {name: Figure(row, column) for column, name in enumerate(self._names)}

    def fetch(self) -> None:
        """Fetch what waits."""
        for row, values in zip(self._waiting, self._figures[: len(self._waiting)].tolist(), strict=True):
            row.fetched = values
        self._waiting.clear()


class Recording:
    """A recorded step: tensors are copied to where it reads them, it is played, its figures are kept.

    Args:
        update: the step.
        inputs: where it reads what changes from step to step.
        constants: part of the recording.
        figures: what a step gives.
        recorder: what records it.

    Raises:
        Unfit: if it cannot be recorded.
    """

    def __init__(
        self,
        update: Update,
        inputs: Sequence[Tensor],
        constants: Mapping[str, Any],
        figures: Mapping[str, Tensor],
        recorder: Recorder,
    ) -> None:
        self._inputs = inputs
        self._figures = _together(figures).clone()
        self._buffer = Buffer(tuple(figures), self._figures)

        def work() -> None:
            self._figures.copy_(_together(update(*inputs, **constants)))

        self._play = recorder.record(work)

    def __call__(self, arguments: Sequence[Tensor]) -> dict[str, Figure]:
        """Take the step."""
        for own, value in zip(self._inputs, arguments, strict=True):
            if own is not value:
                own.copy_(value)
        self._play()
        return self._buffer.add(self._figures)


def _together(figures: Mapping[str, Tensor]) -> Tensor:
    return torch.stack([value.detach() for value in figures.values()])


class Step:
    """A training step, recorded once its kind is known where the device can do that. A call takes the step.

    Every kind of step - shapes of the tensors, constants - is recorded on its own, after some that are taken as they
    are, the last of which is watched for what cannot be recorded. If there is such a thing, or if recording fails, all
    further steps are taken as they are, and the reason is logged.

    Args:
        update: what a step does. It takes tensors and numbers, which may change from step to step, and by name
            constants, a change of which is recorded anew. It returns figures, scalar tensors. It reads and writes no
            other tensors than those that are there, in place, when the first step is taken.
        context: of the run.
        recorder: None if no step is to be recorded.
        rehearsed: whether a step is watched before it is recorded.
    """

    def __init__(self, update: Update, context: Context, recorder: Recorder | None, *, rehearsed: bool = True) -> None:
        self._update, self._context, self._recorder, self._rehearsed = update, context, recorder, rehearsed
        self._device = context.device
        self._taken: dict[tuple[Any, ...], int] = {}
        self._recordings: dict[tuple[Any, ...], Recording] = {}
        self._numbers: dict[int, tuple[float, Tensor]] = {}
        # On a GPU numbers are tensors also in steps that are not recorded, so that both compute the same.
        self._holds_numbers = recorder is not None or self._device.type != "cpu"

    def __call__(self, *arguments: Argument, **constants: Any) -> Mapping[str, Tensor | Figure]:
        """Take a step, and return its figures for `Context.log`."""
        if self._holds_numbers:
            arguments = tuple(self._held(place, value) for place, value in enumerate(arguments))
        if self._recorder is not None and any(value.device.type != self._device.type for value in arguments):  # type: ignore[union-attr]
            self._give_up("the images are on the host")
        if self._recorder is None:
            return self._update(*arguments, **constants)
        kind = (*(value.shape for value in arguments), *constants.items())  # type: ignore[union-attr]
        recording = self._recordings.get(kind)
        if recording is None:
            return self._unrecorded(kind, arguments, constants, self._recorder)  # type: ignore[arg-type]
        return recording(arguments)  # type: ignore[arg-type]

    def _held(self, place: int, value: Argument) -> Tensor:
        """Return a tensor as it is, and the tensor that holds the number of a place, written if it has changed."""
        if isinstance(value, Tensor):
            return value
        # Double precision on the CPU, where a number would be one, too.
        held, tensor = self._numbers.get(place) or (
            None,
            torch.zeros((), dtype=torch.float64 if self._device.type == "cpu" else None, device=self._device),
        )
        if held != value:
            tensor.fill_(value)
            self._numbers[place] = value, tensor
        return tensor

    def _unrecorded(
        self, kind: tuple[Any, ...], arguments: Sequence[Tensor], constants: Mapping[str, Any], recorder: Recorder
    ) -> Mapping[str, Tensor | Figure]:
        """Take a step as it is; after the last one that is needed first, record one."""
        taken = self._taken[kind] = self._taken.get(kind, 0) + 1
        watch = Watch(self._device)
        last = taken >= WARM_UP
        with recorder.beside(), watch if last and self._rehearsed else contextlib.nullcontext():
            figures = self._update(*arguments, **constants)
        if watch.found:
            self._give_up(watch.found)
        elif last:
            self._record(kind, arguments, constants, figures, recorder)
        return figures

    def _record(
        self,
        kind: tuple[Any, ...],
        arguments: Sequence[Tensor],
        constants: Mapping[str, Any],
        figures: Mapping[str, Tensor],
        recorder: Recorder,
    ) -> None:
        """Record the step that was just taken, for those to come."""
        if len(self._recordings) == MOST:
            del self._recordings[next(iter(self._recordings))]
        numbers = [tensor for _, tensor in self._numbers.values()]
        # Numbers are written where all recordings read them; each has its own places for other tensors.
        inputs = [value if any(value is number for number in numbers) else value.clone() for value in arguments]
        try:
            self._recordings[kind] = Recording(self._update, inputs, constants, figures, recorder)
        except Unfit as reason:
            self._give_up(str(reason))

    def _give_up(self, reason: str) -> None:
        self._recorder = None
        self._recordings.clear()
        self._context.message(f"steps are not captured: {reason}")
