"""Runs with pictures, plots and tables, written by hand, and the reports of them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from engine import Reports, Workspace, note_run, plots, rename_run
from engine.record.events import (
    ImageLogged,
    Metrics,
    PlotLogged,
    Results,
    StateChanged,
    TableLogged,
    encode,
)
from engine.record.files import write_json
from engine.record.plots import write_plot
from engine.record.run_directory import RunDirectory, RunRecord
from engine.record.tables import write_table

HOSTILE = "<script>alert(1)</script> _x_ 50 % & $a$ # | \\ ~^{} [l](http://x.y) `c` *b* 😀 \x1b[31mred ≤\u03b1\u202e"
"""A text with a mark of every format, an emoji, an escape of terminals and one of bidirectional text."""


@pytest.fixture
def write(home):
    """Write a run: ``write("aaa", {"lr": 0.1}, seed=1, result={...}, state="failed")``; returns its directory."""

    def written(letters, hyperparameters, *, seed=0, result=None, state="finished", experiment="count", **more):
        path = home / f"runs/1122-0831-{experiment}-{letters}"
        (path / "attempts/0001").mkdir(parents=True)
        created = 1.7e9 + 100 * len(list((home / "runs").iterdir()))
        versions = {"python": "3.11.7", "phosphene": "0.1.0", "torch": "2.9"}
        record = RunRecord(
            path.name, experiment, hyperparameters, seed, "cpu", created, versions=versions, sweep=more.get("sweep", "")
        )
        write_json(path / "run.json", record.to_json())
        events = [StateChanged(created, "running")]
        curve = more.get("curve", [1 / step + seed / 100 for step in range(1, 11)])
        events += [Metrics(created + i, i, {"train/loss": value}, i / 10) for i, value in enumerate(curve, 1)]
        if more.get("kept", True):
            events += keep(path, created, len(curve), seed)
        events += [Results(created, result)] if result else []
        if state != "running":
            end = StateChanged(created + 20, state, more.get("reason", ""), len(curve), 10, result or {})
            events.append(end)
        (path / "attempts/0001/events.jsonl").write_bytes(b"".join(map(encode, events)))
        run = RunDirectory(path)
        if "name" in more:
            rename_run(run, more["name"])
        if "note" in more:
            note_run(run, more["note"])
        return run

    return written


def keep(path, t, step, seed):
    """Write a picture, a heat map, tiles and a table; return their events."""
    for folder in ("images", "plots/confusion", "plots/mistakes", "tables"):
        (path / folder).mkdir(parents=True)
    pixels = np.full((8, 8, 3), 40 * (seed + 1), np.uint8)
    Image.fromarray(pixels).save(path / "images/samples.png")
    write_plot(path / "plots/confusion/10.json", plots.Heatmap([[17, 2], [0, 15]], ["no", "yes"], ["no", "yes"]))
    write_plot(path / "plots/mistakes/10.json", plots.Tiles([pixels, pixels], [("a <b>",), ("c",)]))
    write_table(path / "tables/squares.csv", ["n", "n squared"], [[n, n * n / 3] for n in range(3)])
    return [
        ImageLogged(t, "samples", step, "images/samples.png", "what is drawn"),
        PlotLogged(t, "confusion", step, "plots/confusion/10.json"),
        PlotLogged(t, "mistakes", step, "plots/mistakes/10.json"),
        TableLogged(t, "squares", "tables/squares.csv"),
    ]


@pytest.fixture
def six(write):
    """Write two learning rates with three seeds each, the first clearly better."""
    for number in range(6):
        rate, accuracy = ((0.1, 0.9), (0.01, 0.7))[number // 3]
        write(
            f"k{number}k",
            {"lr": rate, "steps": 10},
            seed=number % 3,
            result={"test/accuracy": accuracy + number % 3 / 100},
        )


@pytest.fixture
def report(home):
    """Make the document of runs: ``report("experiment=count")``."""

    def made(*words, **asked):
        reports = Reports(Workspace(home))
        return reports.document(reports.outline(reports.meant(words), **asked))

    return made
