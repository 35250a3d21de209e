"""Every experiment on the stand-in accelerator: no operands of two devices, no wait of the host inside a step.

Each begins there, is stopped, resumed from its checkpoint and evaluated.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from engine import catalogue
from engine.datasets import placement
from engine.datasets.images import unit_range
from engine.experiments import capture
from engine.experiments.classify import cnn
from engine.networks.embedded import small_cnn
from engine.networks.tabulate import table
from engine.record.workspace import Workspace
from engine.report.equality import timeless
from engine.tensors.devices import constants
from engine.testing import _play, _published, _Stopping
from tests import standin
from tests.engine.experiments.test_contract import SHORT

TWO = {"images": "digits:test/0-1"}
SMALL = {"target": "digits:0-1", "batch": 64}
FEWER = {
    "cnn": {"epochs": 1, "dataset": "digits:0-1", "batch": 64},
    "probe": {"C": "1", "dataset": "digits:0-1"},
    "cuts": {"dataset": "digits:0-1"},
    "finetune": {"epochs": 1},
    "saliency": TWO | {"samples": 2},
    "gradcam": TWO,
    "class-image": {"steps": 4, "show_every": 4},
    "activation-max": {"steps": 4, "show_every": 4},
    "attack": {"steps": 2, "curve": "0.2"},
    "dann": SMALL,
    "pseudo-label": SMALL,
    "cgan": {"quality": 0},
    "cdcgan": {"quality": 0},
}
"""What makes the quick tests shorter than those of the contract."""
QUICK = {"predict", "feature-maps", "class-image", "fool"}
"""Those that are compared with the CPU in the quick tests too."""
DROPOUT = {"dann", "pseudo-label", "cgan"}
"""Those that draw from the generator that a device has by itself: the streams of two devices differ."""

LOGGING = ("engine/control/context.py:", "engine/drawing/")
"""Where figures, pictures and plots are brought to the host; waits in there are not counted."""
FETCHED = "its outcome is shown or kept on the host"
FED = "photographs come from the host"
DRAWN = "noise that is the same on every device is drawn on the host"
LEFT_ALONE = "images that are fooled are left alone, so that the host must know how many are left"
PREVIEWS = {
    "datasets/images.py:drawn": (1, 1, "the first step shows real images"),
    "experiments/generate/collapse.py:spread": (30, 3, "samples are shown, with their diversity"),
    "experiments/generate/collapse.py:alarms": (1, 3, "samples are shown, with alarms"),
}
WAITS = {
    "predict": {"experiments/classify/predict.py:run": (2, 1, FETCHED)},
    "probe": {
        "experiments/transfer/features.py:_taken": (4, 6, FED),
        "experiments/transfer/features.py:_reduced": (6, 6, FETCHED),
        "experiments/transfer/features.py:_chosen_precision": (1, 2, "is bf16 exact enough? One batch tells"),
        "experiments/transfer/classifiers.py:gram_matrices": (5, 3, "the SVM is computed on the host"),
    },
    "cuts": {
        "experiments/transfer/features.py:_taken": (2, 1, FED),
        "experiments/transfer/features.py:_reduced": (4, 1, FETCHED),
        "experiments/transfer/classifiers.py:gram_matrices": (5, 2, "the SVM is computed on the host"),
    },
    "finetune": {"experiments/transfer/finetune.py:train": (1, 2, "at the end of an epoch: is it the best so far?")},
    "feature-maps": {
        "experiments/inspect/feature_maps.py:run": (1, 1, FED),
        "experiments/inspect/feature_maps.py:take": (2, 1, FETCHED),
    },
    "saliency": {
        "experiments/subjects.py:batches": (1, 5, FED),
        "experiments/inspect/explain.py:run": (4, 5, FETCHED),
        "experiments/inspect/explain.py:_check_sanity": (3, 6, FETCHED),
        "experiments/inspect/attribution.py:smoothgrad": (3, 6, DRAWN),
        "experiments/inspect/methods/baselines/edges.py:explain": (2, 1, "edges are found on the host"),
        "experiments/inspect/methods/baselines/random.py:explain": (1, 1, DRAWN),
    },
    "gradcam": {
        "experiments/subjects.py:batches": (1, 3, FED),
        "experiments/inspect/explain.py:run": (2, 3, FETCHED),
        "experiments/inspect/explain.py:_check_sanity": (3, 6, FETCHED),
    },
    "class-image": {"experiments/inspect/ascent.py:_show": (2, 4, FETCHED)},
    "activation-max": {"experiments/inspect/ascent.py:_show": (2, 3, FETCHED)},
    "filter-statistics": {"experiments/inspect/filter_statistics.py:run": (2, 5, FED)},
    "fool": {"experiments/fool/attacks/base.py:_chunks": (1, 6, LEFT_ALONE)},
    "attack": {
        "experiments/fool/attacks/base.py:_chunks": (2, 84, LEFT_ALONE),
        "experiments/fool/attacks/bounded.py:__init__": (1, 11, DRAWN),
        "experiments/fool/stepping.py:_take_over": (1, 10, LEFT_ALONE),
    },
    "pseudo-label": {
        "experiments/adapt/pseudo_label.py:round_figures": (4, 1, "a round begins: its labels are counted"),
        "experiments/adapt/pseudo_label.py:train": (1, 2, "a round begins: its labels are counted"),
    },
    **dict.fromkeys(("dcgan", "cdcgan", "cgan", "interpolate"), PREVIEWS),
}
"""Of an experiment: where in a step the host waits for the device, how often, in how many steps at most, and why.

What is not here never waits.
"""
EVERYWHERE = {"tensors/devices.py:constants": (5, 2, "each constant is copied to the device once")}


class Watched(_Stopping):
    """A context that notes where in its steps the host waits, logging left out."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.waits = {}

    def steps(self, total, unit="step"):
        for step in super().steps(total, unit):
            with standin.waits() as found:
                yield step
            self.waits[step] = Counter(wait.place for wait in found if not wait.passes(*LOGGING))


@pytest.fixture(autouse=True)
def _settings(monkeypatch):
    # The stand-in is not fast at bf16.
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: False)
    # In this process: another one would import torch once more.
    monkeypatch.setattr("engine.networks.tables._computed", lambda name, _: table(name.architecture, name.classes or 0))
    # What scikit-learn computes is the same wherever the features were.
    monkeypatch.setattr("engine.experiments.adapt.domains.proxy_a_distance", lambda *_: 0.0)
    monkeypatch.setattr("engine.experiments.generate.interpolate.EMBEDDED_STEPS", 3)


@pytest.fixture
def workspace(context_of, trained, tmp_path, monkeypatch):
    """Return a workspace in which the small CNN is trained; what others need is trained there, for one epoch."""
    small_cnn("digits", context_of("predict")[0])
    trained.collect(tmp_path / "home/cache")
    trained.hand_out(tmp_path / "accelerator/cache")
    monkeypatch.setattr("engine.networks.embedded.EPOCHS", 1)
    return Workspace(tmp_path / "accelerator")


def accelerated(name, values, workspace, stop_after=2):
    """Play a program on the stand-in, stopped after some steps and resumed.

    Returns:
        The results, and for each step how often the host waited where.
    """
    declared = catalogue.experiment(name)
    constants.cache_clear()
    with standin.opened():
        run = _published(workspace, declared, values, standin.NAME)
        first = last = _play(declared, run, 1, stop_after=stop_after, kind=Watched)
        if first.was_stopped:
            last = _play(declared, run, 2, kind=Watched)
    return last.results, first.waits | last.waits


def excess(name, waits):
    """Yield in words where the host waits more often than the table knows."""
    known = WAITS.get(name, {}) | EVERYWHERE
    for place in set().union(*waits.values()):
        counts = [found[place] for found in waits.values() if found[place]]
        most, steps, _ = known.get(place.removeprefix("engine/"), (0, 0, ""))
        if max(counts) > most or len(counts) > steps:
            yield f"{place} waits {max(counts)} times in a step, in {len(counts)} of {len(waits)} steps"


@pytest.mark.parametrize("name", SHORT)
def test_its_steps_do_not_make_the_host_wait(name, workspace):
    results, waits = accelerated(name, SHORT[name] | FEWER.get(name, {}), workspace)
    assert waits, "it takes its steps by context.steps"
    assert not [*excess(name, waits)]
    assert results


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in SHORT])
def test_it_computes_what_the_cpu_does(name, workspace, home):
    declared = catalogue.experiment(name)
    on_cpu = _play(declared, _published(Workspace(home), declared, SHORT[name]), 1).results
    results, _ = accelerated(name, SHORT[name], workspace)
    assert results.keys() == on_cpu.keys()
    if name not in DROPOUT:
        expected = {key: pytest.approx(on_cpu[key], rel=1e-4, nan_ok=True) for key in timeless(on_cpu)}
        assert {key: results[key] for key in expected} == expected


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_it_goes_on_as_if_it_had_not_been_stopped(name, workspace):
    stopped, _ = accelerated(name, SHORT[name], workspace)
    alone, _ = accelerated(name, SHORT[name], workspace, stop_after=math.inf)
    assert timeless(stopped) == timeless(alone)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [name for name in SHORT if "precision" in catalogue.experiment(name).hyperparameters.model_fields]
)
def test_it_computes_in_bf16_where_the_accelerator_is_fast_at_it(name, workspace, monkeypatch):
    monkeypatch.setattr(standin.Module, "fast_at_bf16", True)
    results, waits = accelerated(name, SHORT[name] | FEWER.get(name, {}), workspace)
    assert results
    assert not [*excess(name, waits)]


class Forbidding:
    """Records a step by looking that each play of it does nothing that a CUDA graph cannot, and the same each time."""

    def __init__(self, _) -> None:
        self.played = 0
        self.beside = contextlib.nullcontext

    def record(self, work):
        capturing = standin.capturing()

        def play():
            self.played += 1
            with capturing:
                work()

        return play


CAPTURED = {
    "cnn": {"epochs": 5},
    "dann": {"source": "digits:0-1", "target": "digits-m:0-1", "epochs": 1, "map_images": 0, "precision": "float32"},
    "dcgan": {"dataset": "digits:0-1", "steps": 8, "batch": 16, "preview_every": 4, "quality": 0, "ngf": 4, "ndf": 4},
}


@pytest.mark.parametrize("name", CAPTURED)
def test_a_captured_step_does_nothing_that_cannot_be_recorded(name, workspace, monkeypatch):
    recorders = []
    monkeypatch.setitem(
        capture.RECORDERS, standin.NAME, lambda context: recorders.append(Forbidding(context)) or recorders[-1]
    )
    accelerated(name, FEWER.get(name, {}) | CAPTURED[name] | {"capture": "on"}, workspace, stop_after=math.inf)
    assert recorders[0].played


@pytest.mark.slow
def test_steps_are_captured_too_where_batches_are_fetched_from_the_host(workspace, tmp_path, monkeypatch):
    for index in range(32):
        path = tmp_path / f"photos/{'ab'[index % 2]}/{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(index).integers(0, 255, (32, 32, 3), np.uint8)).save(path)
    values = CAPTURED["dcgan"] | {"dataset": f"folder:{tmp_path / 'photos'}"}
    recorders = []
    monkeypatch.setitem(
        capture.RECORDERS, standin.NAME, lambda context: recorders.append(Forbidding(context)) or recorders[-1]
    )
    found = []
    for free in (0, sys.maxsize):
        monkeypatch.setattr(placement, "device_free", lambda _, free=free: free)
        results, _ = accelerated("dcgan", values | {"capture": "on"}, workspace, stop_after=math.inf)
        found.append(timeless(results))
    assert all(one.played for one in recorders)
    assert found[0] == found[1], "wherever the images are held"


def test_a_wait_in_a_step_is_found(workspace, monkeypatch):
    def curious(images):
        return unit_range(images) if images.float().mean() > 0 else images

    monkeypatch.setattr(cnn, "unit_range", curious)
    _, waits = accelerated("cnn", SHORT["cnn"] | FEWER["cnn"], workspace)
    (found,) = excess("cnn", waits)
    assert "test_accelerator.py:curious waits" in found


def test_a_step_that_mixes_devices_ends_the_run(workspace, monkeypatch):
    monkeypatch.setattr(cnn, "unit_range", lambda images: unit_range(images).cpu())
    with pytest.raises(RuntimeError, match="same device"):
        accelerated("cnn", SHORT["cnn"] | FEWER["cnn"], workspace)
