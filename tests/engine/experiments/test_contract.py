"""Every built-in experiment and the example plug-in keep the contract of experiments; with a GPU they run there too."""

from __future__ import annotations

from types import MappingProxyType

import pytest
import torch

from engine import catalogue
from phosphene import ExperimentContract

FEW = {"images": "digits:test/0-3"}
GAN = {"steps": 6, "batch": 16, "nz": 8, "preview_every": 4, "quality": 30, "dataset": "digits:0-1"}
DOMAINS = {"source": "digits:0-1", "target": "digits-m:0-1", "batch": 256, "map_images": 0}
SHORT = {
    "cnn": {"epochs": 2, "dataset": "digits:0-3"},
    "predict": FEW,
    "anatomy": {},
    "probe": {"C": "0.1,1", "folds": 2},
    "cuts": {"cuts": "relu2,flatten", "dataset": "digits:0-1"},
    "finetune": {"epochs": 2, "dataset": "digits:5-6", "augmentation": True},
    "feature-maps": FEW,
    "saliency": FEW | {"methods": "gradient,smoothgrad,guided", "samples": 3, "evaluate": True, "sanity": True},
    "gradcam": FEW | {"sanity": True},
    "class-image": {"steps": 12, "show_every": 4, "target": "1,8"},
    "activation-max": {"steps": 6, "show_every": 3, "units": "1,8"},
    "filter-statistics": {"dataset": "digits:0-1"},
    "fool": FEW | {"steps": 6, "transfer": "cnn:random"},
    "attack": FEW | {"steps": 6, "alpha": 0.01, "eps": 0.5, "curve": "0.2,0.3", "transfer": "cnn:random"},
    "dann": DOMAINS | {"epochs": 1, "dropout": 0.3, "batch_norm": True},
    "pseudo-label": DOMAINS | {"epochs": 1, "rounds": 1, "round_epochs": 1, "threshold": 0.5},
    "dcgan": GAN | {"ngf": 4, "ndf": 4},
    "cdcgan": GAN | {"ngf": 4, "ndf": 4},
    "cgan": GAN | {"hidden": 8},
    "interpolate": {"model": "embedded", "points": 3, "paths": 2},
}


@pytest.fixture(autouse=True, scope="module")
def _networks_are_trained_once(trained, tmp_path_factory):
    """Share the small networks of the contracts' workspace with the other tests."""
    cache = tmp_path_factory.getbasetemp() / "experiment-contract/cache"
    trained.hand_out(cache)
    yield
    trained.collect(cache)


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch):
    monkeypatch.setattr("engine.experiments.generate.interpolate.EMBEDDED_STEPS", 3)


class TestSoftmax(ExperimentContract):
    experiment = "softmax"
    values = MappingProxyType({"epochs": 6})

    @pytest.fixture(autouse=True)
    def _installed(self, example):
        pass


class BuiltIn(ExperimentContract):
    """A contract of which the quick tests do not wait for the worker: that of the plug-in is enough of them."""

    @pytest.mark.slow
    def test_it_runs_in_a_worker(self, tmp_path_factory):
        super().test_it_runs_in_a_worker(tmp_path_factory)


for name, values in SHORT.items():
    title = f"Test{name.title().replace('-', '')}"
    globals()[title] = type(title, (BuiltIn,), {"experiment": name, "values": values, "__module__": __name__})


def test_no_experiment_is_left_out():
    assert SHORT.keys() == {name for name, one in catalogue.experiments().items() if one.program.startswith("engine.")}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="a GPU is needed, and torch finds none")
@pytest.mark.parametrize("name", SHORT)
def test_it_runs_on_a_gpu(launch, finish, name):
    status = finish(launch(name, SHORT[name], device="cuda"), 300)
    assert status.state == "finished", status.reason
    assert status.result
