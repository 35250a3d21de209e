"""What a program sees, on a real run directory but in this process."""

from __future__ import annotations

import csv
import math

import pytest
import torch
from PIL import Image

from engine import HyperparameterChanged, ImageLogged, Message, Metrics, Progress, Results, TableLogged
from engine.control import requests
from engine.control.context import Context, StopRequested
from engine.declaration import Hyperparameters, hyperparameter
from engine.plots import Lines
from engine.record import files
from engine.record.events import CheckpointSaved, PlotLogged
from engine.record.log import EventLog
from engine.record.run_directory import RunDirectory, RunRecord
from engine.record.workspace import Workspace


class Values(Hyperparameters):
    lr: float = hyperparameter(0.1, "learning rate", gt=0, le=1, live=True)
    depth: int = hyperparameter(2, "layers", ge=1)


@pytest.fixture
def run(tmp_path):
    record = RunRecord("", "cnn", {}, 7, "cpu", 0.0)
    record, staged = Workspace(tmp_path).prepare(record)
    return RunDirectory(staged)


@pytest.fixture
def open_context(run, monkeypatch):
    """Return a context of a new attempt; every look at the requests is a real one."""
    monkeypatch.setattr("engine.control.context.POLL_SECONDS", 0.0)

    def start(values=None):
        number = len(run.attempts()) + 1 if (run.path / "attempts/0001/events.jsonl").exists() else 1
        (run.path / f"attempts/{number:04d}").mkdir(exist_ok=True)
        return Context(run, EventLog(run.path / f"attempts/{number:04d}/events.jsonl"), values or Values())

    return start


def events(run, kind):
    return [event for event in run.reader().poll() if isinstance(event, kind)]


def test_steps_count_from_one_and_report_the_last(run, open_context):
    context = open_context()
    assert list(context.steps(5, unit="batch")) == [1, 2, 3, 4, 5]
    assert context.done == 5
    last = events(run, Progress)[-1]
    assert (last.step, last.total, last.unit, last.eta) == (5, 5, "batch", 0.0)


def test_scalars_of_every_make_are_logged_as_numbers(run, open_context):
    context = open_context()
    loss = torch.tensor(0.25, requires_grad=True)
    half = torch.tensor([1.5], dtype=torch.bfloat16)
    whole = torch.tensor(3)
    context.log(1, {"a/x": loss, "a/y": half, "a/z": whole, "a/n": 2, "a/f": 0.5, "a/t": True}, epoch=0.5)
    with torch.no_grad():
        loss += 1
    context.flush()
    (event,) = events(run, Metrics)
    assert event.values == {"a/x": 0.25, "a/y": 1.5, "a/z": 3.0, "a/n": 2.0, "a/f": 0.5, "a/t": 1.0}
    assert all(type(value) is float for value in event.values.values())
    assert event.epoch == 0.5


def test_what_is_not_finite_raises_one_alarm_per_series(run, open_context):
    context = open_context()
    for step in context.steps(4):
        context.log(step, {"train/loss": math.inf if step > 1 else 1.0, "d/loss": torch.tensor(math.nan)})
    context.flush()
    alarms = [event.text for event in events(run, Message) if event.level == "alarm"]
    assert sorted(alarms) == ["d/loss is nan since step 1", "train/loss is inf since step 2"]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_is_written_as_it_is(run, open_context, channels):
    picture = torch.linspace(-0.2, 1.2, channels * 4 * 6).reshape(channels, 4, 6)
    picture[0, 0, 0] = math.nan
    open_context().image("samples of [z]/1 ../x", picture, 12)
    (event,) = events(run, ImageLogged)
    assert event.name == "samples of [z]/1 ../x"
    assert (run.path / event.file).resolve().is_relative_to(run.path / "images")
    with Image.open(run.path / event.file) as image:
        assert image.size == (6, 4)
        assert image.mode == ("L" if channels == 1 else "RGB")
    with pytest.raises(ValueError, match="a picture is"):
        open_context().image("x", torch.zeros(2, 4, 6), 1)


def test_a_table_is_a_csv(run, open_context):
    open_context().table("confusion, all", ["class", "n"], [["a,\nb", 1], ["“c”", 2.5]])
    (event,) = events(run, TableLogged)
    with (run.path / event.file).open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["class", "n"], ["a,\nb", "1"], ["“c”", "2.5"]]


def test_results_add_up(run, open_context):
    context = open_context()
    context.result({"test/accuracy": torch.tensor(0.5), "test/loss": 2})
    context.result({"test/accuracy": 0.75})
    assert context.results == {"test/accuracy": 0.75, "test/loss": 2.0}
    assert [event.values for event in events(run, Results)][1] == {"test/accuracy": 0.75}


def test_live_changes_take_effect_between_steps_wherever_they_are_noticed(run, open_context):
    """Also those that are noticed while a checkpoint is considered, at the end of a step."""
    values = Values()
    context = open_context(values)
    seen = {}
    for step in context.steps(6):
        seen[step] = values.lr
        context.log(step, {"lr": values.lr})
        if step == 2:
            requests.send(run.control, "set", lr=0.5, depth=9, nonsense=1)
        if step == 4:
            requests.send(run.control, "set", lr=7)
        context.checkpoint(step)
    assert seen == {1: 0.1, 2: 0.1, 3: 0.5, 4: 0.5, 5: 0.5, 6: 0.5}
    (change,) = events(run, HyperparameterChanged)
    assert (change.name, change.value, change.step) == ("lr", 0.5, 2)
    assert values.depth == 2
    again = Values()
    resumed = open_context(again)
    resumed._resume_from = None
    seen = {}
    for step in resumed.steps(6):
        seen[step] = again.lr
    assert seen == {1: 0.1, 2: 0.1, 3: 0.5, 4: 0.5, 5: 0.5, 6: 0.5}, "repeated at the same step"


@pytest.mark.parametrize("saves", [True, False])
def test_a_stop_comes_after_the_step_and_the_checkpoint_of_a_program_that_saves(run, open_context, saves):
    context = open_context()

    def program():
        for step in context.steps(100):
            if step == 3:
                context.request_stop()
            if saves:
                context.checkpoint(step)

    with pytest.raises(StopRequested):
        program()
    assert context.done == 3
    assert [event.step for event in events(run, CheckpointSaved)] == ([3] if saves else [])


def test_a_checkpoint_costs_nothing_until_it_is_due(run, open_context, monkeypatch):
    context = open_context()
    context.total = 100
    monkeypatch.setattr("engine.tensors.checkpoints.save", lambda *_: pytest.fail("nothing is due"))
    for step in range(1, 50):
        context.checkpoint(step)
    monkeypatch.undo()
    requests.send(run.control, "checkpoint")
    context._poll_at = 0.0
    context.checkpoint(50)
    context.checkpoint(51)
    assert [event.step for event in events(run, CheckpointSaved)] == [50]


def test_files_that_no_event_tells_of_do_not_displace_a_checkpoint(run, open_context):
    """They are left by crashes between the file and its event."""
    context = open_context()
    context.total = 100
    for step in (5, 10, 90, 95):
        (run.path / "checkpoints").mkdir(exist_ok=True)
        (run.path / f"checkpoints/{step:09d}.safetensors").touch()
    for step in (20, 30, 40):
        context._save_now = True
        context.checkpoint(step)
    assert sorted(path.name for path in run.path.glob("checkpoints/*")) == [
        "000000030.safetensors",
        "000000040.safetensors",
    ]
    assert run.last_checkpoint().step == 40


@pytest.mark.parametrize("kept", ["image", "plot", "table", "checkpoint"])
def test_a_file_whose_folder_is_moved_while_it_is_written_is_written_in_the_new_place(
    run, open_context, monkeypatch, kept
):
    import engine.control.context as module
    from engine.tensors import checkpoints

    place, name = {
        "image": (files, "sync_folder"),
        "plot": (module, "write_plot"),
        "table": (module, "write_table"),
        "checkpoint": (checkpoints, "save"),
    }[kept]
    real, there = getattr(place, name), run.path.with_name("moved")

    def move_first(*arguments):
        if not there.exists():
            run.path.rename(there)
        return real(*arguments)

    context = open_context()
    *_, _ = context.steps(1)
    monkeypatch.setattr(place, name, move_first)
    match kept:
        case "image":
            context.image("batch", torch.zeros(1, 2, 2), 1)
        case "plot":
            context.plot("C", Lines((1.0, 2.0), {"a": (1.0, 2.0)}), 1)
        case "table":
            context.table("classes", ["a"], [[1]])
        case "checkpoint":
            context.checkpoint(1, tensors={"a": torch.zeros(1)})
    kind = {"image": ImageLogged, "plot": PlotLogged, "table": TableLogged, "checkpoint": CheckpointSaved}[kept]
    (event,) = events(RunDirectory(there), kind)
    assert (there / event.file).is_file()
    assert not run.path.exists()
