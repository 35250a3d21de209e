"""A context in memory, so that programs are tested without a worker and without a run directory."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch


class Stopped(BaseException):
    """The run was asked to stop after a step."""


class RecordingContext:
    """Keeps what a program logs; saves and restores as checkpoints on disk do.

    ``stop_after``: the step after which the run is stopped, with a checkpoint.
    ``checkpoint``: what an earlier context saved, to resume from.
    ``changes``: live hyperparameters by the step before which they change.
    """

    def __init__(self, seed=0, device="cpu", stop_after=None, resume=None, hyperparameters=None, changes=None):
        self.device = torch.device(device)
        self.seed = seed
        self.generator = torch.Generator(self.device).manual_seed(seed)
        self.metrics: dict[str, dict[int, float]] = {}
        self.epochs: dict[int, float] = {}
        self.images: dict[str, dict[int, torch.Tensor]] = {}
        self.tables: dict[str, tuple[list[str], list[list[Any]]]] = {}
        self.results: dict[str, float] = {}
        self.messages: list[str] = []
        self.saved: dict[str, Any] | None = None
        self.logged_devices: set[type] = set()
        self._pending: list[tuple[int, str, Any]] = []
        self._resume = resume
        self._stop_after = stop_after
        self._hyperparameters = hyperparameters
        self._changes = changes or {}
        self._first = resume["step"] + 1 if resume else 1
        self._last = 0
        torch.manual_seed(seed)

    def restore(self, modules=None, optimisers=None, tensors=None):
        if self._resume is None:
            return
        saved = copy.deepcopy(self._resume)
        for name, module in (modules or {}).items():
            module.load_state_dict(saved["modules"][name])
        for name, optimiser in (optimisers or {}).items():
            optimiser.load_state_dict(saved["optimisers"][name])
        for name, tensor in (tensors or {}).items():
            tensor.copy_(saved["tensors"][name])
        self.generator.set_state(saved["generator"])
        torch.set_rng_state(saved["global"])

    def steps(self, total: int, unit: str = "step") -> Iterator[int]:
        self._last = total
        for step in range(self._first, total + 1):
            for name, value in self._changes.get(step, {}).items():
                setattr(self._hyperparameters, name, value)
            yield step

    def log(self, step, metrics, epoch=None):
        for name, value in metrics.items():
            self.logged_devices.add(type(value))
            self._pending.append((step, name, value.clone() if isinstance(value, torch.Tensor) else value))
        if epoch is not None:
            self.epochs[step] = epoch

    def flush(self):
        for step, name, value in self._pending:
            self.metrics.setdefault(name, {})[step] = float(value)
        self._pending.clear()

    def image(self, name, picture, step):
        assert picture.dtype == torch.float32
        assert picture.dim() == 3
        assert picture.shape[0] in {1, 3}
        assert picture.min() >= 0
        assert picture.max() <= 1
        self.images.setdefault(name, {})[step] = picture.detach().cpu().clone()

    def table(self, name, columns, rows):
        assert all(len(row) == len(columns) for row in rows)
        self.tables[name] = (columns, rows)

    def result(self, values):
        assert all(isinstance(value, (int, float, str)) for value in values.values())
        self.results |= values

    def message(self, text):
        self.messages.append(text)

    def checkpoint(self, step, modules=None, optimisers=None, tensors=None):
        if step in {self._stop_after, self._last}:
            self.flush()
            # Files on disk know no memory format: every tensor comes back contiguous.
            self.saved = {
                "step": step,
                "modules": {name: _contiguous(module.state_dict()) for name, module in modules.items()},
                "optimisers": {name: _contiguous(optimiser.state_dict()) for name, optimiser in optimisers.items()},
                "tensors": _contiguous(tensors or {}),
                "generator": self.generator.get_state(),
                "global": torch.get_rng_state(),
            }
        if step == self._stop_after:
            raise Stopped


def _contiguous(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone(memory_format=torch.contiguous_format)
    if isinstance(value, dict):
        return {key: _contiguous(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_contiguous(entry) for entry in value]
    return value


@pytest.fixture
def recording_context() -> type[RecordingContext]:
    """Return the class; call it as often as a test has attempts."""
    return RecordingContext


@pytest.fixture
def run_program(recording_context):
    """Run a program in a fresh recording context and return the context, stopped or finished."""

    def run(program, hyperparameters, **options) -> RecordingContext:
        context = recording_context(hyperparameters=hyperparameters, **options)
        try:
            program(hyperparameters, context)
        except Stopped:
            pass
        context.flush()
        return context

    return run


@pytest.fixture
def real_mnist(monkeypatch) -> Path:
    """Return the data folder named by PHOSPHENE_DATA if MNIST is in it, or skip."""
    folder = os.environ.get("PHOSPHENE_DATA", "")
    if not folder or not (Path(folder) / "MNIST" / "raw").is_dir():
        pytest.skip("MNIST is needed: set PHOSPHENE_DATA to a folder with MNIST/raw")
    return Path(folder)
