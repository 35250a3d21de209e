"""What only a GPU can show: captured steps compute what others do, changes reach them, runs go on, reasons are told."""

from __future__ import annotations

import math

import pytest
import torch

from engine import Message, catalogue
from engine.control.context import Context
from engine.experiments.capture import WARM_UP
from engine.record.run_directory import RunDirectory, RunRecord
from engine.record.workspace import Workspace
from engine.report.equality import differences, outcome
from engine.testing import _different_tensors, _play

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="a GPU is needed, and torch finds none")

GAN = {"steps": 12, "batch": 16, "nz": 8, "preview_every": 4, "quality": 0, "dataset": "digits:0-1", "ngf": 4, "ndf": 4}
DOMAINS = {"source": "digits:0-1", "target": "digits-m:0-1", "batch": 64, "epochs": 1, "map_images": 0}
PROGRAMS = {
    "cnn": {"epochs": 5, "dataset": "digits:0-3", "batch": 64},
    "dcgan": GAN | {"precision": "float32"},
    "cdcgan": GAN | {"d_updates": 2, "g_updates": 2},
    "dann": DOMAINS | {"dropout": 0.3, "batch_norm": True, "precision": "float32"},
    "pseudo-label": DOMAINS | {"rounds": 1, "round_epochs": 1, "threshold": 0.5},
}


@pytest.fixture(autouse=True)
def _deterministic():
    """Let convolutions sum in one order: otherwise two runs differ in their last bits whatever is captured."""
    before = torch.backends.cudnn.deterministic
    torch.backends.cudnn.deterministic = True
    yield
    torch.backends.cudnn.deterministic = before


@pytest.fixture
def runs(tmp_path):
    """Play runs on the GPU: ``runs("cnn", "on")`` gives the run directory."""

    def run(name, captured, attempts=(math.inf,)):
        declared, workspace = catalogue.experiment(name), Workspace(tmp_path)
        values = declared.validate(PROGRAMS[name] | {"capture": captured}).model_dump(mode="json")
        record, staged = workspace.prepare(RunRecord("", name, values, 0, "cuda", 0.0))
        directory = RunDirectory(staged.rename(workspace.runs / record.id))
        for number, stop_after in enumerate(attempts, 1):
            _play(declared, directory, number, stop_after=stop_after)
        return directory

    return run


def said_of(run):
    return [event.text for event in run.reader().poll() if isinstance(event, Message)]


def assert_same(one, other):
    assert not [*differences(outcome(one, one.history()), outcome(other, other.history()))]
    assert not _different_tensors(one, other)


@pytest.mark.parametrize("name", PROGRAMS)
def test_captured_steps_compute_what_others_do(runs, name):
    captured = runs(name, "auto")
    assert any("captured steps" in text for text in said_of(captured))
    assert not any("not captured" in text for text in said_of(captured))
    assert_same(captured, runs(name, "off"))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_captured_run_stops_and_goes_on(runs, name):
    assert_same(runs(name, "on", attempts=(2, WARM_UP + 3, math.inf)), runs(name, "on"))


@pytest.mark.parametrize(("name", "changes"), [("cnn", {"lr": 0.1, "weight_decay": 0.3}), ("dcgan", {"lr_d": 0.01})])
def test_a_live_change_reaches_a_captured_step(runs, monkeypatch, name, changes):
    applied = Context._apply_scheduled

    def change(self, step):
        if step == WARM_UP + 3:
            for field, value in changes.items():
                self._change(field, value)
        applied(self, step)

    unchanged = runs(name, "on")
    monkeypatch.setattr(Context, "_apply_scheduled", change)
    captured = runs(name, "on")
    assert_same(captured, runs(name, "off"))
    assert _different_tensors(captured, unchanged), "it has an effect"


class SmallContext:
    """As much of a context as a step needs."""

    def __init__(self):
        self.device = torch.device("cuda")
        self.generator = torch.Generator(self.device).manual_seed(0)
        self.messages = []

    def message(self, text, level="info"):
        self.messages.append(text)


@pytest.mark.parametrize(
    ("faulty", "reason"),
    [
        (lambda values: values * values.sum().item(), "waits for a value of the device"),
        (lambda values: values[values > 0], "depends on values"),
        (lambda values: values + torch.tensor([1.0, 2.0], device="cuda"), "not on the device"),
        (lambda values: values.cpu(), "not on the device"),
    ],
)
@pytest.mark.parametrize("rehearsed", [True, False])
def test_what_cannot_be_captured_is_said_and_steps_go_on(faulty, reason, rehearsed):
    from engine.experiments.capture import CudaRecorder, Step

    context = SmallContext()
    noise = torch.empty(2, device="cuda")

    def update(values):
        noise.normal_(generator=context.generator)
        return {"a/sum": faulty(values).sum(), "a/noise": noise.sum()}

    step = Step(update, context, CudaRecorder(context), rehearsed=rehearsed)
    values = torch.arange(2.0, device="cuda")
    expected = float(faulty(values).sum())
    for _ in range(WARM_UP + 3):
        figures = step(values)
        assert float(figures["a/sum"]) == expected
        assert math.isfinite(float(figures["a/noise"])), "the generator still draws"
    (said,) = context.messages
    assert said.startswith("steps are not captured: ")
    assert not rehearsed or reason in said


def test_the_runs_generator_goes_on_from_replay_to_replay_and_where_it_stands_can_be_saved():
    from engine.experiments.capture import CudaRecorder, Step

    drawn = []
    for captures in (False, True):
        context = SmallContext()
        noise = torch.empty(8, device="cuda")

        def update(context=context, noise=noise):
            return {"a/noise": noise.normal_(generator=context.generator).sum()}

        step = Step(update, context, CudaRecorder(context) if captures else None)
        values = [float(step()["a/noise"]) for _ in range(WARM_UP + 5)]
        drawn.append((values, context.generator.get_state().tolist()))
        assert not context.messages
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0][0])) == WARM_UP + 5
