"""The experiment `cnn` in real workers: what it reaches, what it leaves, and that it resumes bit for bit."""

from __future__ import annotations

import asyncio
import csv

import pytest

from engine import DataUnavailable, Engine, Metrics
from engine.plots import Heatmap, Tiles
from engine.record.plots import read_plot


def curve(run, name: str) -> list[tuple[int, float]]:
    """Return the logged points of one metric, those of repeated steps once."""
    points = {}
    for event in run.reader().poll():
        if isinstance(event, Metrics) and name in event.values:
            points[event.step] = event.values[name]
    return sorted(points.items())


def plotted(run, name: str):
    """Return the only plot of that name."""
    (file,) = (run.path / "plots" / name).glob("*.json")
    return read_plot(file)


@pytest.mark.parametrize(("values", "least"), [({"epochs": 3}, 0.8), pytest.param({}, 0.96, marks=pytest.mark.slow)])
def test_learns_the_digits_and_leaves_table_and_plots(home, launch, finish, values, least):
    run = launch("cnn", values)
    status = finish(run, 120)
    assert status.state == "finished", status
    assert status.result["test/accuracy"] >= least
    history = asyncio.run(Engine(home).history(run))
    assert "batch" in history.images
    with (run.path / history.tables["confusion"].file).open() as file:
        rows = list(csv.reader(file))
    counts = [[int(cell) for cell in row[1:]] for row in rows[1:]]
    right, total = sum(counts[i][i] for i in range(10)), sum(map(sum, counts))
    assert right / total == pytest.approx(status.result["test/accuracy"])
    confusion = plotted(run, "confusion")
    assert confusion == Heatmap(
        counts, rows[0][1:], rows[0][1:], "true", "predicted", shade="row", diagonal=True, digits=0
    )
    mistakes = plotted(run, "mistakes")
    assert isinstance(mistakes, Tiles)
    assert len(mistakes.pictures) == min(32, total - right)
    wrong = {f"{t} > {p}" for t in range(10) for p in range(10) if t != p and counts[t][p]}
    assert {text for (text,) in mistakes.captions} <= wrong
    steps = [step for step, _ in curve(run, "train/loss")]
    assert steps == list(range(1, status.total + 1))


def test_a_missing_data_set_is_refused_with_the_command_that_provides_it(home, launch, tmp_path, monkeypatch):
    monkeypatch.setenv("PHOSPHENE_DATA", str(tmp_path / "nothing"))
    with pytest.raises(DataUnavailable, match="phosphene data fetch mnist"):
        launch("cnn", {"dataset": "mnist"})
    assert not (home / "runs").exists()


@pytest.mark.slow
def test_reaches_the_reports_accuracy_on_mnist(home, launch, finish, real_mnist):
    run = launch("cnn", {"dataset": "mnist", "batch": 256, "lr": 1e-3, "epochs": 10})
    status = finish(run, 1_200)
    assert status.result["test/accuracy"] >= 0.979
