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


class Trained:
    """The small networks that tests need trained: once is enough for all of them, in every process of the suite."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def hand_out(self, cache: Path) -> None:
        """Put the networks there are into a workspace's cache, which may have some."""
        shutil.copytree(self._folder, cache / "networks", ignore=shutil.ignore_patterns(".*"), dirs_exist_ok=True)

    def collect(self, cache: Path) -> None:
        """Keep the networks that were trained in a workspace."""
        for path in (cache / "networks").glob("[!.]*"):
            kept = self._folder / path.name
            if not kept.exists():
                # Other processes look at the folder: a file appears there whole.
                shutil.copy(path, kept.with_name(f".{path.name}.{os.getpid()}")).rename(kept)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Return the networks that are trained already."""
    base = tmp_path_factory.getbasetemp()
    # Side by side, each process has a folder of its own inside that of the whole suite.
    return Trained((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "trained-networks")


@pytest.fixture
def context_of(home, trained):
    """Return the context of a new run: ``context_of("probe", values)``."""
    trained.hand_out(home / "cache")

    def prepare(name: str, values: dict | None = None, seed: int = 0) -> tuple[Context, RunDirectory]:
        hyperparameters = catalogue.experiment(name).validate(values or {})
        record = RunRecord("", name, hyperparameters.model_dump(mode="json"), seed, "cpu", 0.0)
        record, staged = Workspace(home).prepare(record)
        run = RunDirectory(staged.rename(staged.with_name(record.id)))
        return Context(run, EventLog(run.path / "attempts/0001/events.jsonl"), hyperparameters), run

    yield prepare
    trained.collect(home / "cache")


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
