"""The real data that some tests need, and programs played in this process."""

from __future__ import annotations

import csv
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from engine import Message, Run, catalogue
from engine.control.context import Context, StopRequested
from engine.record.log import EventLog
from engine.record.plots import read_plot
from engine.record.run_directory import RunDirectory, RunRecord
from engine.record.workspace import Workspace

if TYPE_CHECKING:
    from engine.plots import Plot


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
        return {path.name for path in (self.run.path / "images").glob("*")}

    def plots(self) -> set[str]:
        return {path.name for path in (self.run.path / "plots").glob("*")}

    def plot(self, name: str, step: int | None = None) -> Plot:
        """Return a plot by the name of its folder, of the last step unless one is given."""
        files = sorted((self.run.path / "plots" / name).glob("*.json"))
        return read_plot(files[-1] if step is None else files[0].with_name(f"{step:09d}.json"))


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
        hyperparameters = catalogue.experiment(name).validate(values or {})
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
        hyperparameters = catalogue.experiment(name).validate(values or {})
        catalogue.experiment(name).load()(hyperparameters, context)
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
def stopped_and_resumed(context_of):
    """Play a program stopped when it has logged a step and resumed from its files, and left alone; return both.

    Both in this process: that a worker of its own goes on like this is tested where workers are.
    """

    def both(name: str, values: dict, step: int) -> tuple[Played, Played]:
        whole, cut = (context_of(name, values) for _ in range(2))
        catalogue.experiment(name).load()(catalogue.experiment(name).validate(values), whole[0])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(cut[0], "log", _stopping(cut[0], step))
            with pytest.raises(StopRequested):
                catalogue.experiment(name).load()(catalogue.experiment(name).validate(values), cut[0])
        # A step that never comes stands for a stop behind the last one.
        assert cut[0].done == whole[0].done if step > whole[0].done else step <= cut[0].done < whole[0].done
        hyperparameters = catalogue.experiment(name).validate(values)
        (cut[1].path / "attempts/0002").mkdir()
        resumed = Context(cut[1], EventLog(cut[1].path / "attempts/0002/events.jsonl"), hyperparameters)
        catalogue.experiment(name).load()(hyperparameters, resumed)
        for context in (whole[0], resumed):
            context.flush()
        assert resumed.results == whole[0].results
        return Played(cut[1], resumed), Played(whole[1], whole[0])

    return both


def _stopping(context: Context, at: int):
    """Return the context's way to log, which asks for a stop as soon as that step is logged."""
    log = context.log

    def logging(step: int, *arguments, **options) -> None:
        log(step, *arguments, **options)
        if step >= at:
            context.request_stop()

    return logging
