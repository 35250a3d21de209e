"""The contract of experiments as a class of tests, for the test suites of authors and for our own.

It does not import pytest, which the author runs.
"""

from __future__ import annotations

import asyncio
import functools
import json
import math
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from engine import catalogue
from engine.control import resolving
from engine.control.context import Context, StopRequested
from engine.control.engine import Engine
from engine.control.threads import thread_count
from engine.control.worker import prepare_libraries
from engine.declaration import RunOptions, validate
from engine.record.events import Metrics, StateChanged
from engine.record.log import EventLog
from engine.record.run_directory import RunDirectory, RunRecord
from engine.record.workspace import Workspace
from engine.report.equality import differences, outcome, timeless

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.declaration import Experiment

HEAVY = ("torch", "torchvision", "sklearn")
_LOADED = """
import importlib, sys
module, *sys.path[:] = sys.argv[1:]
importlib.import_module(module)
print(*[name for name in {heavy} if name in sys.modules])
"""


class ExperimentContract:
    """What every experiment must fulfil, as tests: subclass it in a test module and run pytest.

    ::

        class TestSoftmax(ExperimentContract):
            experiment = "softmax"
            values = {"epochs": 4}

    - The declaration is complete, and importing it imports no torch.
    - The program runs to its end in a worker, by its defaults with ``values`` in their place.
    - Metrics and results are named ``part/quantity``; the headline is one of the results.
    - A run that is stopped half-way and resumed ends like one that was left alone, bit for bit on the CPU: the same
      metrics, results, tables, pictures and plots, and the same tensors in the last checkpoint. Values whose names hold
      ``seconds`` or ``per_second`` are measured times and may differ. A program that saves nothing starts anew.

    Attributes:
        experiment: name of the experiment, which must be installed.
        values: hyperparameters that keep the run short; the others keep their defaults.
        patience: seconds until the run in a worker is given up.
    """

    experiment: ClassVar[str]
    values: ClassVar[Mapping[str, Any]] = {}
    patience: ClassVar[float] = 300.0

    def test_its_declaration_is_complete_and_needs_no_torch(self) -> None:
        """Look at the declaration, also in a fresh interpreter."""
        declared = catalogue.experiment(self.experiment)
        assert declared.validate({}), "every hyperparameter has a default"
        for field in declared.fields():
            assert field.description, f"{field.name} has no description"
        module = declared.hyperparameters.__module__
        assert not (found := _heavy_imports(module)), f"importing {module} imports {found}"

    def test_it_runs_in_a_worker(self, tmp_path_factory: Any) -> None:
        """Launch a run and look at what it logged."""
        engine = Engine(_home(tmp_path_factory))
        run = asyncio.run(self._launched(engine))
        status = run.status()
        assert status.state == "finished", f"{status.reason}; see {run.attempts()[-1].output}"
        logged = {name for event in run.reader().poll() if isinstance(event, Metrics) for name in event.values}
        for name in sorted(logged | status.result.keys()):
            assert re.fullmatch(r"[^/\s][^/]*/[^/]*[^/\s]", name), f"{name!r} is not named part/quantity"
        headline = catalogue.experiment(self.experiment).headline
        assert headline is None or headline.result in status.result, f"{headline} is none of {set(status.result)}"

    def test_it_stops_and_resumes_bit_for_bit(self, tmp_path_factory: Any) -> None:
        """Run the program three times in this process: left alone, stopped half-way, resumed."""
        declared = catalogue.experiment(self.experiment)
        workspace = Workspace(_home(tmp_path_factory))
        whole, cut = (_published(workspace, declared, self.values) for _ in range(2))
        context = _play(declared, whole, 1)
        stopped = _play(declared, cut, 1, stop_after=context.total // 2)
        assert stopped.was_stopped or context.total == 0, "it did not stop: a program takes its steps by context.steps"
        resumed = _play(declared, cut, 2)
        assert timeless(resumed.results) == timeless(context.results)
        assert not [*differences(outcome(cut, cut.history()), outcome(whole, whole.history()))]
        assert not (differ := _different_tensors(cut, whole)), f"other values in the last checkpoint: {differ}"

    async def _launched(self, engine: Engine) -> RunDirectory:
        run = await engine.launch(self.experiment, self.values, {"device": "cpu"})
        try:
            async with asyncio.timeout(self.patience):
                async for _ in engine.batches(run):
                    pass
        except TimeoutError:
            await engine.stop(run, kill=True)
            raise
        return run


class _Stopping(Context):
    """A context that is asked to stop at the end of a step, before that step is saved."""

    stop_after = math.inf
    was_stopped = False

    def _between_steps(self) -> None:
        if self.done >= self.stop_after:
            self.request_stop()
        super()._between_steps()

    def checkpoint(self, step: int, *args: Any, **kwargs: Any) -> None:
        if step >= self.stop_after:
            self.request_stop()
        super().checkpoint(step, *args, **kwargs)


def _home(tmp_path_factory: Any) -> Path:
    """Return the workspace of all contracts of a session, which share the networks in its cache."""
    return Path(tmp_path_factory.getbasetemp()) / "experiment-contract"


@functools.cache
def _heavy_imports(module: str) -> str:
    """Return which heavy packages a fresh interpreter has imported after a module."""
    command = [sys.executable, "-P", "-c", _LOADED.format(heavy=HEAVY), module, *sys.path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _published(
    workspace: Workspace, declared: Experiment, values: Mapping[str, Any], device: str = "cpu"
) -> RunDirectory:
    """Write the directory of a run that is to be played in this process."""
    resolved, parents = resolving.resolved(workspace, declared.validate(values))
    seed = validate(RunOptions, {}).seed
    plain = resolved.model_dump(mode="json")
    record, staged = workspace.prepare(RunRecord("", declared.name, plain, seed, device, 0.0, parents=parents))
    return RunDirectory(staged.rename(workspace.runs / record.id))


def _play(
    declared: Experiment,
    run: RunDirectory,
    attempt: int,
    stop_after: float = math.inf,
    kind: type[_Stopping] = _Stopping,
) -> _Stopping:
    """Run the program as a worker does, and return its context, which is of the kind given."""
    folder = run.attempts_folder / f"{attempt:04d}"
    folder.mkdir(exist_ok=True)
    hyperparameters = declared.validate(run.record().hyperparameters)
    restored, log = run.last_checkpoint(), EventLog(folder / "events.jsonl")
    context = kind(run, log, hyperparameters)
    log.append(StateChanged(time.time(), "running", step=restored.step if restored else 0))
    context.stop_after = stop_after
    program = declared.load()
    context.torch_seeded = prepare_libraries(context.seed, thread_count(0))
    try:
        program(hyperparameters, context)
    except StopRequested:
        context.was_stopped = True
    context.flush()
    return context


def _different_tensors(one: RunDirectory, other: RunDirectory) -> list[str]:
    """Return the names of tensors that differ in the last checkpoints of two runs."""
    tensors, others = _tensors(one), _tensors(other)
    return sorted(name for name in tensors.keys() | others.keys() if tensors.get(name) != others.get(name))


def _tensors(run: RunDirectory) -> dict[str, Any]:
    """Return the tensors of the last checkpoint as bytes with type and shape; nothing if there is none."""
    saved = run.last_checkpoint()
    if saved is None:
        return {}
    data = (run.path / saved.file).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    found = {}
    for name, entry in header.items():
        begin, end = entry.pop("data_offsets")
        found[name] = (entry, data[start + begin : start + end])
    return found | {"the step": saved.step}
