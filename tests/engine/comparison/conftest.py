"""Runs with logs, written by hand."""

from __future__ import annotations

import pytest

from engine.record.events import HyperparameterChanged, Metrics, Results, StateChanged, encode
from engine.record.files import write_json
from engine.record.run_directory import RunRecord
from engine.record.workspace import Workspace


@pytest.fixture
def write(home):
    """Write a run: ``write("aaa", {"lr": 0.1}, seed=1, curve=[...], result={...})``; returns the workspace."""

    def written(letters, hyperparameters, *, experiment="count", seed=0, curve=(), result=None, **more):
        path = home / f"runs/1122-0831-{experiment}-{letters}"
        (path / "attempts/0001").mkdir(parents=True)
        created = 1e9 + len(list((home / "runs").iterdir()))
        record = RunRecord(path.name, experiment, hyperparameters, seed, more.get("device", "cpu"), created)
        write_json(path / "run.json", record.to_json())
        events = [StateChanged(created, "running")]
        every = more.get("every", 1)
        events += [
            Metrics(created + i, every * i, {"train/loss": value}, i / 10 if more.get("epochs", True) else None)
            for i, value in enumerate(curve, 1)
        ]
        events += [HyperparameterChanged(created, "lr", 0.5, 0.1, 1)] if more.get("changed") else []
        events += [Results(created, result)] if result else []
        steps = every * len(curve)
        state = more.get("state", "finished")
        events.append(StateChanged(created + steps, state, "", steps, more.get("total", steps), result or {}))
        (path / "attempts/0001/events.jsonl").write_bytes(b"".join(map(encode, events)))
        return Workspace(home)

    return written


@pytest.fixture
def six(write):
    """Write two learning rates with three seeds each, the first clearly better; return the workspace."""
    for number, (lr, accuracy) in enumerate(
        [(0.1, 0.90), (0.1, 0.91), (0.1, 0.92), (0.01, 0.7), (0.01, 0.72), (0.01, 0.69)]
    ):
        curve = [1 / step + number / 100 for step in range(1, 11)]
        write(f"k{number}k", {"lr": lr, "nz": 2}, seed=number % 3, curve=curve, result={"test/accuracy": accuracy})
    return write("zzz", {"other": 1}, experiment="alien")
