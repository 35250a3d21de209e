"""The context a program runs in: steps to take, what to log, what to save and restore, requests to serve."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.control import requests
from engine.control.threads import thread_count
from engine.record.events import (
    CheckpointSaved,
    Event,
    HyperparameterChanged,
    ImageLogged,
    Message,
    Metrics,
    PlotLogged,
    Progress,
    Results,
    TableLogged,
)
from engine.record.files import file_name, placed, write_atomically
from engine.record.held import HeldFolder
from engine.record.plots import write_plot
from engine.record.run_directory import RunDirectory
from engine.record.tables import write_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import torch

    from engine.declaration import Hyperparameters
    from engine.plots import Plot
    from engine.record.log import EventLog

FLUSH_SECONDS = 0.2
POLL_SECONDS = 0.1
CHECKPOINT_SECONDS = 60.0
KEPT_CHECKPOINTS = 2


class StopRequested(BaseException):
    """Raised between two steps to stop the run; programs let it pass."""


class Context:
    """The one object through which a program logs, saves and is steered.

    Attributes:
        seed: the run's seed; every generator is seeded from it before the program starts.
        hyperparameters: of the run, as they are now.
        done: the last step that is done, 0 on a fresh run.
        stop_asked: whether a request asks the run to stop, rather than a signal.
        stop_reason: why it is to stop, if whoever asked for it said so.
        torch_seeded: whether torch was imported, and so seeded, before the program started; if not, the context seeds
            it at the first use of the device.

    ``early`` holds the requests that came while the run waited in the queue; ``device`` is torch's name of the one that
    it got.
    """

    def __init__(
        self,
        run: RunDirectory,
        log: EventLog,
        hyperparameters: Hyperparameters,
        early: Sequence[Mapping[str, Any]] = (),
        device: str = "",
    ) -> None:
        record = run.record()
        self.seed = record.seed
        self.done = 0
        self.total = 0
        self.results: dict[str, float] = {}
        self._folder = HeldFolder(run.path)
        self._path = run.path
        self._log = log
        self._device_name = device or record.device
        self._threads = record.threads
        self.hyperparameters = hyperparameters
        self._live = {field for field, info in type(hyperparameters).model_fields.items() if _is_live(info)}
        self._device: torch.device | None = None
        self._generator: torch.Generator | None = None
        self._pending: list[tuple[float, int, float | None, Mapping[str, Any]]] = []
        self._flush_at = self._poll_at = 0.0
        self._checkpoint_at = time.monotonic() + CHECKPOINT_SECONDS
        self._saved_step = -1
        self._saves = False
        self._save_now = False
        self._stop = False
        self.stop_asked = False
        self.stop_reason = ""
        self._alarmed: set[str] = set()
        self._resume_from = run.last_checkpoint()
        self._kept = [Path(self._resume_from.file).name] if self._resume_from else []
        self._scheduled = run.history().changes_to_repeat()
        self.torch_seeded = False
        self._early = list(early)

    # -- where it runs ----------------------------------------------------------------------------------------------

    @property
    def device(self) -> torch.device:
        """The device that tensors should live on."""
        self._open()
        return self._device  # type: ignore[return-value]

    @property
    def generator(self) -> torch.Generator:
        """The run's own random generator, on the device; checkpoints keep its state."""
        self._open()
        return self._generator  # type: ignore[return-value]

    @property
    def _run(self) -> RunDirectory:
        """The run's directory. A workspace may be moved while a run goes on: the run goes on where its folder is."""
        path = self._folder.path()
        if path != self._path:
            self._path = path
            self._log.append(
                Message(time.time(), f"the run's folder was moved to {path}: the run goes on there", "alarm")
            )
        return RunDirectory(path)

    @property
    def cache(self) -> Path:
        """The workspace's folder for what can be computed again: features, embedded networks."""
        return self._run.path.parent.parent / "cache"

    def earlier(self, run_id: str) -> RunDirectory:
        """Return a run of the same workspace by its whole id."""
        return RunDirectory(self._run.path.parent / run_id)

    def _open(self) -> None:
        if self._device is None:
            from engine.tensors.batches import told_to
            from engine.tensors.devices import open_device, own_generator, prepare_torch

            if not self.torch_seeded:
                prepare_torch(self.seed, thread_count(self._threads))
            told_to(self.message)
            self._device = open_device(self._device_name)
            self._generator = own_generator(self.seed, self._device)

    @property
    def resumes(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return self._resume_from is not None

    # -- steps ------------------------------------------------------------------------------------------------------

    def steps(self, total: int, unit: str = "step") -> Iterator[int]:
        """Yield the numbers of the steps still to take, from 1 to ``total`` on a fresh run.

        Between steps progress is logged, requests are served and live hyperparameters change.
        """
        self.total = total
        began, first, reported = time.monotonic(), self.done, 0.0
        for step in range(self.done + 1, total + 1):
            self._apply_scheduled(step)
            self._between_steps()
            yield step
            self.done = step
            now = time.monotonic()
            if now >= reported or step == total:
                reported = now + 0.5
                rate = (step - first) / max(now - began, 1e-9)
                self._log.append(
                    Progress(time.time(), step, total, unit, round(rate, 3), round((total - step) / rate, 2))
                )
        self.flush()

    def serve(self) -> None:
        """Serve requests during long work after the last step; to be called now and then.

        Raises:
            StopRequested: if the run is to stop; when it is resumed, it repeats what comes after the last step.
        """
        self._between_steps()

    def request_stop(self) -> None:
        """Stop at the next step boundary; safe to call from a signal handler."""
        self._stop = True
        self._poll_at = 0.0

    def _between_steps(self) -> None:
        self._poll()
        # A program that saves is stopped only right after it has saved, so that no step has to be repeated.
        if self._stop and (not self._saves or self._saved_step == self.done):
            self.flush()
            raise StopRequested

    def _poll(self) -> None:
        now = time.monotonic()
        if now < self._poll_at:
            return
        self._poll_at = now + POLL_SECONDS
        early, self._early = self._early, []
        for request in [*early, *requests.take(self._run.control)]:
            match request["request"]:
                case "stop":
                    self._stop = self.stop_asked = True
                    self.stop_reason = str(request.get("values", {}).get("reason", ""))
                case "checkpoint":
                    self._save_now = True
                case "set":
                    for name, value in request.get("values", {}).items():
                        self._change(name, value)
        if now >= self._flush_at:
            self.flush()

    def _change(self, name: str, value: Any) -> None:
        if name not in self._live:
            self.message(f"{name} cannot be changed while the run is going", level="alarm")
            return
        previous = getattr(self.hyperparameters, name)
        try:
            setattr(self.hyperparameters, name, value)
        except ValueError as error:
            self.message(f"{name} stays {previous}: {error}", level="alarm")
            return
        # The user's new value replaces the changes that earlier attempts made at later steps.
        self._scheduled = [change for change in self._scheduled if change.name != name]
        changed = getattr(self.hyperparameters, name)
        if changed != previous:
            self._log.append(HyperparameterChanged(time.time(), name, changed, previous, self.done), durable=True)

    def _apply_scheduled(self, step: int) -> None:
        """Repeat the live changes of earlier attempts at the steps at which they were made."""
        while self._scheduled and self._scheduled[0].step < step:
            change = self._scheduled.pop(0)
            previous = getattr(self.hyperparameters, change.name)
            setattr(self.hyperparameters, change.name, change.value)
            if change.step > self._restored_step:
                again = HyperparameterChanged(
                    time.time(), change.name, change.value, previous, change.step, repeated=True
                )
                self._log.append(again)

    @property
    def _restored_step(self) -> int:
        return self._resume_from.step if self._resume_from else 0

    # -- logging ----------------------------------------------------------------------------------------------------

    def log(self, step: int, values: Mapping[str, Any], epoch: float | None = None) -> None:
        """Log the values of series at a step.

        Args:
            step: from 1.
            values: ``part/quantity`` to a number, a scalar tensor, or what has a method ``later`` that gives one when
                the log is written; those on a GPU are fetched in batches.
            epoch: how many epochs are done, as a fraction.
        """
        self._pending.append((time.time(), step, epoch, {name: _detached(value) for name, value in values.items()}))
        if time.monotonic() >= self._flush_at:
            self.flush()

    def flush(self) -> None:
        """Write what was logged; the context does it by itself often enough."""
        self._flush_at = time.monotonic() + FLUSH_SECONDS
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        waiting = [value for *_, values in pending for value in values.values() if not isinstance(value, int | float)]
        fetched = iter(_numbers(waiting) if waiting else ())
        events = []
        for t, step, epoch, values in pending:
            plain = {n: float(v) if isinstance(v, int | float) else next(fetched) for n, v in values.items()}
            events.append(Metrics(round(t, 4), step, plain, None if epoch is None else round(epoch, 6)))
        self._log.append(*events)
        for event in events:
            self._watch(event)

    def _watch(self, event: Metrics) -> None:
        for name, value in event.values.items():
            if not math.isfinite(value) and name not in self._alarmed:
                self._alarmed.add(name)
                self.message(f"{name} is {value} since step {event.step:,}", level="alarm")

    def image(self, name: str, picture: torch.Tensor, step: int, caption: str = "") -> Path:
        """Log a picture: float ``[C, H, W]``, C 1 or 3, values in [0, 1]; return its file, a PNG of 8 bits.

        Terminals show the caption as text beside the picture.
        """
        from engine.drawing.png import write_png

        file = placed("images", name, step, ".png")
        self._folder.write(file, lambda path: write_atomically(path, lambda temporary: write_png(temporary, picture)))
        self._note(ImageLogged(time.time(), name, step, file, caption))
        return self._run.path / file

    def plot(self, name: str, plot: Plot, step: int) -> None:
        """Log a plot as data; terminals, reports and comparisons draw it."""
        file = placed("plots", name, step, ".json")
        self._folder.write(file, lambda path: write_plot(path, plot))
        self._note(PlotLogged(time.time(), name, step, file))

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Log a table as CSV."""
        file = f"tables/{file_name(name)}.csv"
        self._folder.write(file, lambda path: write_table(path, columns, rows))
        self._note(TableLogged(time.time(), name, file))

    def result(self, values: Mapping[str, float]) -> None:
        """Log final figures, ``part/quantity`` to value; lists, comparisons and studies read them."""
        plain = {name: float(value) for name, value in values.items()}
        self.results |= plain
        self._note(Results(time.time(), plain))

    def message(self, text: str, level: Any = "info") -> None:
        """Log a line for the console."""
        self._note(Message(time.time(), text, level))

    def _note(self, event: Event) -> None:
        self.flush()
        self._log.append(event)

    # -- saving -----------------------------------------------------------------------------------------------------

    def restore(
        self,
        modules: Mapping[str, torch.nn.Module] | None = None,
        optimisers: Mapping[str, torch.optim.Optimizer] | None = None,
        tensors: Mapping[str, torch.Tensor] | None = None,
    ) -> None:
        """Restore in place what the last checkpoint holds, generators included; nothing on a fresh run."""
        self._open()
        if self._resume_from is None:
            return
        from engine.tensors import checkpoints

        path = self._run.path / self._resume_from.file
        self.done = checkpoints.load(path, modules or {}, optimisers or {}, tensors or {}, self.generator)
        self._saved_step = self.done
        self._apply_scheduled(self.done + 1)

    def checkpoint(
        self,
        step: int,
        modules: Mapping[str, torch.nn.Module] | None = None,
        optimisers: Mapping[str, torch.optim.Optimizer] | None = None,
        tensors: Mapping[str, torch.Tensor] | None = None,
    ) -> None:
        """Save the state after ``step`` if a checkpoint is due: by the clock, on request, before a stop, at the end.

        To be called at the end of every step; it costs nothing when none is due.
        """
        self._saves = True
        # Hyperparameters that change from here on take effect with the next step.
        self.done = step
        self._poll()
        now = time.monotonic()
        if not (self._save_now or self._stop or step >= self.total or now >= self._checkpoint_at):
            return
        from engine.tensors import checkpoints

        def save(file: Path) -> None:
            checkpoints.save(file, step, modules or {}, optimisers or {}, tensors or {}, self.generator)

        file = f"checkpoints/{step:09d}.safetensors"
        size = self._folder.write(file, lambda path: write_atomically(path, save))
        self.flush()
        self._log.append(CheckpointSaved(time.time(), step, file, size), durable=True)
        self._saved_step, self._save_now = step, False
        self._checkpoint_at = now + CHECKPOINT_SECONDS
        # Only checkpoints that an event names are kept: a crash may have left files without one.
        name = Path(file).name
        self._kept = [*(kept for kept in self._kept if kept != name), name][-KEPT_CHECKPOINTS:]
        for old in (self._run.path / "checkpoints").glob("[0-9]*.safetensors"):
            if old.name not in self._kept:
                old.unlink(missing_ok=True)


def _is_live(info: Any) -> bool:
    return isinstance(info.json_schema_extra, dict) and bool(info.json_schema_extra.get("live"))


def _detached(value: Any) -> Any:
    """Return a scalar tensor's value if it is on the host; on a GPU a copy of it without its graph."""
    if not hasattr(value, "detach"):
        return value if hasattr(value, "later") else float(value)
    return value.item() if value.device.type == "cpu" else value.detach().clone()


def _numbers(values: list[Any]) -> list[float]:
    from engine.tensors.devices import numbers

    return numbers(values)
