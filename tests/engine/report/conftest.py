"""Runs written by hand, with all that is hard to take elsewhere: resumed, NaN, names that break formats."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from engine import Histories, Workspace, exports
from engine.record.events import ImageLogged, Metrics, Results, StateChanged, encode
from engine.record.files import placed, write_json
from engine.record.run_directory import RunDirectory, RunRecord

NASTY = '<script>alert("x")</script>, _ % 🌈 \r\n\\ é'


def png(colour, size=(3, 2)) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, format="PNG")
    return data.getvalue()


@pytest.fixture
def write(home):
    """Write a run whose attempts have these events: ``write("k3f", [[...], [...]], lr=0.1)``."""

    def run(part, attempts, seed=0, name="", **hyperparameters):
        record = RunRecord(f"1122-0831-count-{part}", "count", hyperparameters, seed, "cpu", 1e9, name)
        path = home / f"runs/{record.id}"
        for number, events in enumerate(attempts, 1):
            folder = path / f"attempts/{number:04d}"
            folder.mkdir(parents=True)
            (folder / "events.jsonl").write_bytes(b"".join(map(encode, events)))
        write_json(path / "run.json", record.to_json())
        return RunDirectory(path)

    return run


@pytest.fixture
def resumed(write):
    """Return a run of 3 steps, done up to 4 at first and from 2 again; NaN and infinity, a picture, nasty names."""
    first = [StateChanged(1e9, "running")]
    first += [Metrics(1e9 + step, step, {"train/loss": 9.0 + step, NASTY: 1.0}, step / 2) for step in (1, 2, 3, 4)]
    first += [ImageLogged(1e9, NASTY, 4, "images/gone.png")]
    second = [StateChanged(1e9 + 10, "running", step=2), Metrics(1e9 + 13, 3, {"train/loss": float("nan")}, 1.5)]
    second += [Metrics(1e9 + 13.5, 3, {"odd/infinite": float("-inf")}), ImageLogged(1e9 + 14, NASTY, 3, "images/x.png")]
    results = {"test/accuracy": 0.5, "test/nothing": float("nan")}
    second += [Results(1e9 + 15, results), StateChanged(1e9 + 15, "finished", "", 3, 3, results)]
    run = write("k3f", [first, second], name=NASTY, lr=0.1, note=NASTY, depth=None, on=True, sizes=[1, 2])
    (run.path / placed("images", "x", 3, ".png")).parent.mkdir(parents=True)
    (run.path / "images/x.png").write_bytes(png("red"))
    return run


@pytest.fixture
def gathered(home):
    """Return the runs of the workspace as they are exported, newest first."""

    def gather():
        return exports.exported(Workspace(home).list(), Histories())[0]

    return gather
