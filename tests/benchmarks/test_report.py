"""How quickly a report of many runs is made."""

from __future__ import annotations

import time

import numpy as np
from PIL import Image

from engine import Reports, Workspace, plots, provenance, report_writing
from engine.record.events import ImageLogged, Metrics, PlotLogged, StateChanged, TableLogged, encode
from engine.record.files import write_json
from engine.record.plots import write_plot
from engine.record.run_directory import RunRecord
from engine.record.tables import write_table


def write_run(home, number: int, points: int) -> None:
    path = home / f"runs/1121-{number // 1000:04d}-count-{number:05d}"
    for folder in ("attempts/0001", "images", "plots/confusion", "tables"):
        (path / folder).mkdir(parents=True)
    t = 1e9 + number
    write_json(
        path / "run.json", RunRecord(path.name, "count", {"lr": number // 2 + 1}, number % 2, "cpu", t).to_json()
    )
    Image.fromarray(np.random.default_rng(number).integers(0, 255, (128, 128, 3), np.uint8)).save(path / "images/a.png")
    write_plot(path / "plots/confusion/1.json", plots.Heatmap([[1.0] * 10] * 10, ["c"] * 10, ["c"] * 10))
    write_table(path / "tables/squares.csv", ["n", "n squared"], [[n, n * n] for n in range(20)])
    names = ("train/loss", "train/accuracy", "validation/loss", "validation/accuracy")
    events = [Metrics(t + i, i, dict.fromkeys(names, 1 / i + number / 100), i / 100) for i in range(1, points + 1)]
    events += [ImageLogged(t, "samples", points, "images/a.png"), TableLogged(t, "squares", "tables/squares.csv")]
    events += [PlotLogged(t, "confusion", points, "plots/confusion/1.json")]
    events += [StateChanged(t + points, "finished", "", points, points, {"test/accuracy": number / 1000})]
    (path / "attempts/0001/events.jsonl").write_bytes(b"".join(map(encode, events)))


def test_a_report_of_200_runs(home, full, report, tmp_path):
    runs, points = (200, 5_000) if full else (10, 100)
    for number in range(runs):
        write_run(home, number, points)
    for form in ("html", "md", "latex"):
        path = tmp_path / f"report.{form}"
        began, busy = time.perf_counter(), time.process_time()
        reports = Reports(Workspace(home))
        document = reports.document(reports.outline(reports.meant(["experiment=count"])))
        written = report_writing.write(document, path, form, provenance.Origin(()))
        took, used = time.perf_counter() - began, time.process_time() - busy
        size = sum(file.stat().st_size for file in written) / 2**20
        report(
            f"{form}: {runs} runs of {points:,} points in {took:.1f} s ({used:.1f} s of CPU), {size:.1f} MiB; goal 20 s"
        )
        assert path.exists()
