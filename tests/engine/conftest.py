"""The real data that some tests need, and programs played in this process."""

from __future__ import annotations

import asyncio
import csv
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine import Engine, Message, Metrics, Run, experiment
from engine.control.context import Context
from engine.record.log import EventLog
from engine.record.run_directory import RunDirectory, RunRecord
from engine.record.workspace import Workspace


def _data(part: str, what: str) -> Path:
    folder = os.environ.get("PHOSPHENE_DATA", "")
    if not folder or not (Path(folder) / part).exists():
        pytest.skip(f"{what} needed: set PHOSPHENE_DATA to a folder with {part}")
    return Path(folder)


@pytest.fixture
def real_mnist() -> Path:
    """Return the data folder named by PHOSPHENE_DATA if MNIST is in it, or skip."""
    return _data("MNIST/raw", "MNIST is")


@pytest.fixture
def real_scenes() -> Path:
    """Return the 15-Scene folder, or skip."""
    return _data("15-Scene/train", "the 15-Scene photographs are") / "15-Scene"


@pytest.fixture
def squeezenet() -> str:
    """Return the name of SqueezeNet 1.1 with real weights, or skip."""
    file = "weights/squeezenet1_1-deepscale-fp16.pth"
    return f"squeezenet1_1:{_data(file, 'weights of SqueezeNet 1.1 are') / file}"


@dataclass
class Played:
    """A program that was run in this process, on a real run directory."""

    run: Run
    context: Context

    @property
    def results(self) -> dict[str, float]:
        return self.context.results

    @property
    def messages(self) -> list[str]:
        return [event.text for event in self.run.reader().poll() if isinstance(event, Message)]

    def table(self, name: str) -> list[dict[str, str]]:
        with (self.run.path / f"tables/{name}.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    def pictures(self) -> set[str]:
        return {path.name for path in (self.run.path / "images").iterdir()}


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Return a folder for the small networks that tests need trained: once is enough for all of them."""
    return tmp_path_factory.mktemp("trained") / "networks"


@pytest.fixture
def context_of(home, trained):
    """Return the context of a new run: ``context_of("probe", values)``."""
    kept = home / "cache/networks"
    if trained.exists():
        shutil.copytree(trained, kept)

    def prepare(name: str, values: dict | None = None, seed: int = 0) -> tuple[Context, RunDirectory]:
        hyperparameters = experiment(name).validate(values or {})
        record = RunRecord("", name, hyperparameters.model_dump(mode="json"), seed, "cpu", 0.0)
        record, staged = Workspace(home).prepare(record)
        run = RunDirectory(staged.rename(staged.with_name(record.id)))
        return Context(run, EventLog(run.path / "attempts/0001/events.jsonl"), hyperparameters), run

    yield prepare
    if kept.exists():
        shutil.copytree(kept, trained, dirs_exist_ok=True)


@pytest.fixture
def play(context_of):
    """Run a program in this process: ``play("probe", {"cut": "relu4"})``."""

    def run(name: str, values: dict | None = None, seed: int = 0) -> Played:
        context, directory = context_of(name, values, seed)
        hyperparameters = experiment(name).validate(values or {})
        experiment(name).load()(hyperparameters, context)
        context.flush()
        return Played(directory, context)

    return run


@pytest.fixture
def one_thread():
    """Compute in one thread: small networks gain nothing from more, and lose much beside other processes."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def stopped_and_resumed(home, launch, finish, until):
    """Return a run that was stopped when it had logged a step and then resumed, and one that was left alone."""

    def both(name: str, values: dict, step: int) -> tuple[Run, Run]:
        whole, cut = launch(name, values), launch(name, values, slots=2)
        reader = cut.reader()
        until(lambda: any(isinstance(event, Metrics) and event.step >= step for event in reader.poll()))
        asyncio.run(Engine(home).stop(cut))
        assert finish(cut, 60).state == "stopped"
        asyncio.run(Engine(home).resume(cut))
        assert finish(cut, 120).state == "finished"
        assert finish(whole, 120).state == "finished"
        assert cut.status().result == whole.status().result
        return cut, whole

    return both
