"""Runs as lists hold them, made without a disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.record.annotations import Annotations
from engine.record.run_directory import RunDirectory, RunRecord, Status
from engine.record.workspace import Listed


def listed(number=0, experiment="cnn", state="finished", result=None, name="", seed=0, device="cpu", **more):
    run = f"1122-0831-{experiment}-{number:03d}"
    annotations = Annotations(tuple(more.pop("tags", ())), more.pop("note", ""), more.pop("renamed", None))
    record = RunRecord(run, experiment, more, seed, device, 1e9 + number, name=name, sweep="k3f" if number == 1 else "")
    return Listed(RunDirectory(Path("/nowhere/runs") / run), record, Status(state, result=result or {}), annotations)


@pytest.fixture(scope="session")
def make():
    """Return the function that makes a run: ``make(1, nz=10, tags=("good",))``."""
    return listed
