"""Every experiment on a GPU, where there is one: small, to the end, with its results."""

from __future__ import annotations

import pytest
import torch

FEW = {"images": "digits:test/0-3"}
VALUES = {
    "cnn": {"epochs": 1},
    "predict": FEW,
    "probe": {},
    "finetune": {"epochs": 1},
    "feature-maps": FEW,
    "saliency": {**FEW, "methods": "gradient,smoothgrad,integrated-gradients,guided", "evaluate": True, "sanity": True},
    "gradcam": {**FEW, "sanity": True},
    "class-image": {"steps": 3},
    "activation-max": {"steps": 3},
    "filter-statistics": {},
    "fool": {**FEW, "transfer": "cnn:random"},
    "attack": {**FEW, "method": "cw", "searches": 2, "iterations": 5, "transfer": "cnn:random"},
    "dann": {"epochs": 1, "map_images": 50},
    "pseudo-label": {"epochs": 1, "rounds": 1, "round_epochs": 1, "threshold": 0.5},
    "dcgan": {"steps": 3},
    "cdcgan": {"steps": 3, "size": "64", "channels": "3"},
    "cgan": {"steps": 3, "quality": 0},
    "interpolate": {"points": 3, "paths": 2},
}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="a GPU is needed, and torch finds none")
@pytest.mark.parametrize("name", VALUES)
def test_it_runs_on_a_gpu(launch, finish, name):
    run = launch(name, VALUES[name], device="cuda")
    status = finish(run, 300)
    assert status.state == "finished", status.reason
    assert status.result
