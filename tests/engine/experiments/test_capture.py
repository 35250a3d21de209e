"""Captured steps, on a CPU: what is recorded is played by computing again, which must be what was recorded."""

from __future__ import annotations

import contextlib
import math

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from engine import HyperparameterChanged, Message, Metrics, catalogue
from engine.control.context import Context
from engine.experiments import capture
from engine.experiments.capture import MOST, ROWS, WARM_UP, CudaRecorder, Figure, Step, Unfit
from engine.experiments.speed import chosen_speed
from engine.record.workspace import Workspace
from engine.report.equality import differences, outcome
from engine.testing import _different_tensors, _play, _published

GAN = {"steps": 9, "batch": 16, "nz": 8, "preview_every": 4, "quality": 0, "dataset": "digits:0-1", "ngf": 4, "ndf": 4}
DOMAINS = {"source": "digits:0-1", "target": "digits-m:0-1", "batch": 128, "epochs": 1, "map_images": 0, "dropout": 0.3}
PROGRAMS = {
    "cnn": {"epochs": 5, "dataset": "digits:0-1", "batch": 64},
    "dcgan": GAN,
    "cdcgan": GAN | {"d_updates": 2, "g_updates": 2},
    "dann": DOMAINS | {"batch_norm": True},
    "pseudo-label": DOMAINS | {"rounds": 1, "round_epochs": 1, "threshold": 0.5},
}
QUICK = [
    *("cnn", "dcgan"),
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("dann", "cdcgan", "pseudo-label")),
]


class Trace(TorchDispatchMode):
    """Writes down what a CUDA graph would: operations, numbers, sizes, and where tensors that were there before lie."""

    def __init__(self):
        super().__init__()
        self.lines = []
        self._alive, self._made, self._found = [], set(), set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        leaves = tree_leaves((args, kwargs or {}))
        before = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor) and self._place(leaf) not in self._made]
        self._found |= {self._place(tensor) for tensor in before}
        shapes = [tuple(leaf.shape) for leaf in leaves if isinstance(leaf, torch.Tensor)]
        numbers = [leaf for leaf in leaves if isinstance(leaf, int | float)]
        self.lines.append((str(func), shapes, numbers, [tensor.data_ptr() for tensor in before]))
        result = func(*args, **(kwargs or {}))
        made = [leaf for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        self._alive += made
        self._made |= {self._place(tensor) for tensor in made} - self._found
        return result

    @staticmethod
    def _place(tensor):
        return tensor.untyped_storage()._cdata


class Played:
    """Records a function by remembering it. Each time it is played it must do again what it did the first time."""

    def __init__(self, context):
        self.recorded, self.played = 0, 0

    beside = staticmethod(contextlib.nullcontext)

    def record(self, work):
        self.recorded += 1
        first = []

        def play():
            self.played += 1
            with Trace() as trace:
                work()
            first[:] = first or trace.lines
            for number, (line, before) in enumerate(zip(trace.lines, first, strict=True)):
                assert line == before, f"operation {number}"

        return play


@pytest.fixture
def recorders(monkeypatch):
    """Let CPUs record; return all recorders that were made."""
    made = []

    def recorder(context):
        made.append(Played(context))
        return made[-1]

    monkeypatch.setitem(capture.RECORDERS, "cpu", recorder)
    # Elsewhere than on a GPU the small CNN has the plain Adam, which looks at its count of steps on the host.
    plain = torch.optim.Adam
    monkeypatch.setattr(torch.optim, "Adam", lambda *args, **options: plain(*args, **options | {"fused": True}))
    return made


@pytest.fixture
def runs(tmp_path):
    """Play runs: ``runs("cnn", "on")`` gives the run directory; options go to the player of the contract."""

    def run(name, captured, attempts=(math.inf,)):
        declared = catalogue.experiment(name)
        directory = _published(Workspace(tmp_path), declared, PROGRAMS[name] | {"capture": captured})
        for number, stop_after in enumerate(attempts, 1):
            _play(declared, directory, number, stop_after=stop_after)
        return directory

    return run


def assert_same(one, other):
    """Compare all that two runs logged and saved, bit for bit."""
    assert not [*differences(outcome(one, one.history()), outcome(other, other.history()))]
    assert not _different_tensors(one, other)


def said_of(run):
    return [event.text for event in run.reader().poll() if isinstance(event, Message)]


@pytest.mark.parametrize("name", QUICK)
def test_captured_steps_compute_what_others_do_bit_for_bit(runs, recorders, name):
    plain = runs(name, "off")
    assert not recorders
    captured = runs(name, "on")
    assert_same(captured, plain)
    assert recorders[0].recorded, said_of(captured)
    assert recorders[0].played
    assert any("captured steps" in text for text in said_of(captured)), "the record says it"
    assert not any("not captured" in text for text in said_of(captured))
    records = [event for event in captured.reader().poll() if isinstance(event, Metrics)]
    assert [event.step for event in records] == list(range(1, len(records) + 1)), "one record a step"


@pytest.mark.parametrize("name", QUICK)
def test_a_captured_run_stops_at_any_step_and_goes_on_bit_for_bit(runs, recorders, name):
    plain = runs(name, "off")
    assert_same(runs(name, "on", attempts=(2, WARM_UP + 3, math.inf)), plain)


@pytest.mark.parametrize(
    ("name", "changes"),
    [pytest.param("cnn", {"lr": 0.1, "weight_decay": 0.3}, marks=pytest.mark.slow), ("dcgan", {"lr_d": 0.01})],
)
def test_what_changes_while_a_captured_run_goes_on_takes_effect_as_in_others(
    runs, recorders, monkeypatch, name, changes
):
    applied = Context._apply_scheduled

    def change(self, step):
        if step == WARM_UP + 3:
            for field, value in changes.items():
                self._change(field, value)
        applied(self, step)

    unchanged = runs(name, "on")
    monkeypatch.setattr(Context, "_apply_scheduled", change)
    plain, captured = runs(name, "off"), runs(name, "on")
    assert sum(isinstance(event, HyperparameterChanged) for event in captured.reader().poll()) == len(changes)
    assert_same(captured, plain)
    assert _different_tensors(captured, unchanged), "it has an effect"


def test_every_kind_of_step_is_recorded_once_the_last_batch_of_an_epoch_and_a_changed_constant_too(counting, recorders):
    step, taken = counting
    for _ in range(WARM_UP + 2):
        step(torch.ones(4), 0.5, sign=1)
    assert (recorders[0].recorded, recorders[0].played) == (1, 2)
    for _ in range(WARM_UP + 1):
        step(torch.ones(3), 0.5, sign=1)
    assert (recorders[0].recorded, recorders[0].played) == (2, 3)
    for _ in range(WARM_UP + 1):
        step(torch.ones(4), 0.25, sign=-1)
    step(torch.ones(4), 0.125, sign=1)
    assert (recorders[0].recorded, recorders[0].played) == (3, 5)
    assert taken == pytest.approx(4 * 0.5 * 5 + 3 * 0.5 * 4 - 4 * 0.25 * 4 + 4 * 0.125)


def test_only_so_many_kinds_of_steps_are_kept(counting, recorders):
    step, taken = counting
    for size in range(1, MOST + 3):
        for _ in range(WARM_UP + 1):
            step(torch.ones(size), 1.0, sign=1)
    assert len(step._recordings) == MOST
    step(torch.ones(1), 1.0, sign=1)
    step(torch.ones(1), 1.0, sign=1)
    assert recorders[0].recorded == MOST + 3, "what was dropped is recorded again"
    assert taken == (WARM_UP + 1) * sum(range(MOST + 3)) + 2


def test_figures_wait_in_a_buffer_that_is_fetched_at_once_and_never_overwritten(counting, monkeypatch):
    step, _ = counting
    copies = []
    fetch = capture.Buffer.fetch
    monkeypatch.setattr(capture.Buffer, "fetch", lambda self: (copies.append(1), fetch(self)))
    logged = [step(torch.ones(2), float(number), sign=1) for number in range(2 * ROWS)]
    assert len(copies) == 1, "there is no more room"
    values = [float(figures["figure/added"]) for figures in logged]
    assert values == [2.0 * number for number in range(2 * ROWS)]
    assert len(copies) == 2
    assert isinstance(logged[-1]["figure/added"], Figure)
    assert set(logged[-1]) == {"figure/added", "figure/sum"}


def test_a_context_logs_figures_when_it_writes(context_of):
    class Waiting:
        asked = 0

        def later(self):
            self.asked += 1
            return 0.25

    context, run = context_of("cnn")
    context.flush()
    figure = Waiting()
    context.log(1, {"a/late": figure, "a/number": 2, "a/tensor": torch.tensor(0.5)})
    assert not figure.asked
    context.flush()
    (event,) = [event for event in run.reader().poll() if isinstance(event, Metrics)]
    assert event.values == {"a/late": 0.25, "a/number": 2.0, "a/tensor": 0.5}


@pytest.mark.parametrize(
    ("faulty", "reason"),
    [
        (lambda values: values * values.sum().item(), "waits for a value of the device"),
        (lambda values: values[values > 0], "depends on values"),
        (lambda values: values.nonzero(), "depends on values"),
        (lambda values: values + torch.tensor([1.0, 2.0]), "numbers of its own"),
        (lambda values: values.cpu() if bool(values.any()) else values, "waits for a value of the device"),
    ],
)
def test_what_cannot_be_recorded_is_found_beforehand_and_said(context_of, recorders, faulty, reason):
    context, run = context_of("cnn")
    step = chosen_speed(context.device, "float32", "off", capture="on").step(
        lambda values: {"a/sum": faulty(values).sum()}, context
    )
    expected = faulty(torch.arange(2.0)).sum()
    assert [float(step(torch.arange(2.0))["a/sum"]) for _ in range(WARM_UP + 2)] == [expected] * (WARM_UP + 2)
    assert not recorders[0].recorded
    (said,) = said_of(run)
    assert said.startswith("steps are not captured: ")
    assert reason in said


def test_picking_by_indices_can_be_recorded(context_of, recorders):
    context, run = context_of("cnn")
    data = torch.arange(10.0)
    step = Step(lambda indices: {"a/sum": data[indices].sum()}, context, Played(context))
    assert [float(step(torch.tensor([number, 9]))["a/sum"]) for number in range(6)] == [9.0 + n for n in range(6)]
    assert not said_of(run)


def test_images_on_the_host_and_a_recorder_that_fails_are_said_and_steps_go_on(context_of):
    class Failing(Played):
        def record(self, work):
            raise Unfit("operation not permitted when stream is capturing")

    context, run = context_of("cnn")
    step = Step(lambda values: {"a/sum": values.sum()}, context, Failing(context))
    assert [float(step(torch.ones(2))["a/sum"]) for _ in range(6)] == [2.0] * 6
    step = Step(lambda values: {"a/sum": values.sum()}, context, Played(context))
    # As if the device were a GPU.
    step._device = torch.device("cuda")
    assert [float(step(torch.ones(2))["a/sum"]) for _ in range(6)] == [2.0] * 6
    assert said_of(run) == [
        "steps are not captured: operation not permitted when stream is capturing",
        "steps are not captured: the images are on the host",
    ]


def test_a_cpu_captures_nothing_by_itself_and_says_so_only_when_asked(context_of):
    context, run = context_of("cnn")
    for choice in ("off", "auto", "on"):
        speed = chosen_speed(context.device, "float32", "off", capture=choice)
        assert "captured" not in str(speed)
        speed.step(dict, context)
    assert said_of(run) == ["steps are not captured: cpu has nothing that could record them"]
    assert chosen_speed(torch.device("cuda"), "float32", "off", capture="auto").captures
    assert not chosen_speed(torch.device("cuda"), "float32", "off", capture="off").captures


class FakeCuda:
    """Stands in for what `torch.cuda` has for recording, and writes down what is asked of it."""

    def __init__(self, monkeypatch, fails=False):
        self.calls = calls = []

        class Stream:
            def __init__(self, name):
                self.name = name

            def wait_stream(self, other):
                calls.append(f"{self.name} waits for {other.name}")

        own, side = Stream("own"), Stream("side")
        self.now = own

        @contextlib.contextmanager
        def stream(chosen):
            before, self.now = self.now, chosen
            yield
            self.now = before

        @contextlib.contextmanager
        def graph(recorded, pool, stream, capture_error_mode):
            assert capture_error_mode == "thread_local"  # a thread that fetches batches may use CUDA meanwhile
            calls.append(f"recording on {stream.name} in {pool}")
            self.now = stream
            yield
            if fails:
                raise RuntimeError("CUDA error: operation not permitted\nCompile with TORCH_USE_CUDA_DSA")
            self.now = own

        class Graph:
            def register_generator_state(self, generator):
                calls.append(f"registered {type(generator).__name__}")

            def replay(self):
                calls.append("replay")

        for name, value in {
            "Stream": lambda device: side,
            "current_stream": lambda: self.now,
            "set_stream": lambda chosen: setattr(self, "now", chosen),
            "stream": stream,
            "graph": graph,
            "CUDAGraph": Graph,
            "graph_pool_handle": lambda: "the pool",
        }.items():
            assert hasattr(torch.cuda, name)
            monkeypatch.setattr(torch.cuda, name, value)


class FakeGenerator:
    device = torch.device("cuda:0")
    state = "recording"

    def clone_state(self):
        return "as it was before"

    def graphsafe_set_state(self, state):
        self.state = state


class FakeContext:
    device = "cuda"

    def __init__(self):
        self.generator = FakeGenerator()


def test_cuda_warms_up_and_records_on_one_side_stream_with_the_runs_generator(monkeypatch):
    cuda = FakeCuda(monkeypatch)
    recorder = CudaRecorder(FakeContext())
    with recorder.beside():
        assert cuda.now.name == "side"
    done = []
    play = recorder.record(lambda: done.append(cuda.now.name))
    play()
    assert done == ["side"]
    assert cuda.now.name == "own"
    assert cuda.calls == [
        *("side waits for own", "own waits for side"),
        *("registered FakeGenerator", "recording on side in the pool", "replay"),
    ]


def test_after_a_recording_of_cuda_that_failed_stream_and_generators_are_what_they_were(monkeypatch):
    cuda, context = FakeCuda(monkeypatch, fails=True), FakeContext()
    monkeypatch.setattr(torch.cuda, "default_generators", (FakeGenerator(),))
    with pytest.raises(Unfit, match=r"^CUDA error: operation not permitted$"):
        CudaRecorder(context).record(lambda: None)
    assert cuda.now.name == "own"
    assert context.generator.state == torch.cuda.default_generators[0].state == "as it was before"


@pytest.fixture
def counting(context_of, recorders):
    """Return a step that adds to a sum, which is given with it."""
    total = torch.zeros(())

    def update(values, factor, *, sign):
        added = (values * factor).sum() * sign
        total.add_(added)
        return {"figure/added": added, "figure/sum": total}

    context, _ = context_of("cnn")
    return chosen_speed(context.device, "float32", "off", capture="on").step(update, context), total
