"""How quickly many runs are compared, filtered and drawn."""

from __future__ import annotations

import time

import numpy as np
import pytest

from engine import Comparison, Histories, Line, Style, Trace, Workspace, comparison_chart, parse_filter, select
from engine.record.events import Metrics, StateChanged, encode
from engine.record.files import write_json
from engine.record.log import EventLog
from engine.record.run_directory import RunRecord
from tui.widgets.chart import Curve
from tui.widgets.chart.frame import draw
from tui.widgets.chart.model import Settings


def write_run(home, number: int, events: bytes) -> None:
    path = home / f"runs/1121-{number // 1000:04d}-count-{number:05d}"
    (path / "attempts/0001").mkdir(parents=True)
    record = RunRecord(path.name, "count", {"nz": number % 20, "lr": 0.1}, number // 20, "cpu", 1e9 + number)
    write_json(path / "run.json", record.to_json())
    (path / "attempts/0001/events.jsonl").write_bytes(events)


def test_100_runs_of_10_000_points_are_opened_and_refreshed(home, full, report):
    runs, points = (100, 10_000) if full else (3, 500)
    metrics = [Metrics(1e9 + i, i, {"train/loss": 1.0 / i}, i / 100) for i in range(1, points + 1)]
    end = StateChanged(2e9, "finished", "", points, points, {"test/accuracy": 0.9})
    events = b"".join(map(encode, [StateChanged(1e9, "running"), *metrics, end]))
    for number in range(runs):
        write_run(home, number, events)
    workspace = Workspace(home)
    began = time.perf_counter()
    comparison = Comparison(select(workspace, ["experiment=count"]), Histories())
    rows = comparison.rows(comparison.default_columns())
    drawn = comparison_chart(comparison, "train/loss", weight=0.9)
    opened = time.perf_counter() - began
    assert sum(len(row.group.runs) for row in rows) == runs
    assert len(drawn.lines) == min(runs, 20)
    began = time.perf_counter()
    comparison.refresh(workspace.list())
    comparison_chart(comparison, "train/loss", weight=0.9)
    refreshed = time.perf_counter() - began
    report(
        f"{runs} runs of {points:,} points in {opened:.2f} s, again in {refreshed:.2f} s; goal 2 s for 100 of 10,000"
    )


def test_a_run_of_a_million_points_is_opened_and_drawn_beside_another(home, full, report):
    points = 1_000_000 if full else 5_000
    for number in range(2):
        write_run(home, number, b"")
        log = EventLog(next(home.glob(f"runs/*-{number:05d}")) / "attempts/0001/events.jsonl")
        log.append(StateChanged(1e9, "running"))
        for first in range(1, points + 1, 10_000):
            steps = range(first, min(first + 10_000, points + 1))
            log.append(*(Metrics(1e9 + i, i, {"train/loss": (number + 1) / i}, i / 1e4) for i in steps))
        log.append(StateChanged(1e9 + points, "finished", "", points, points, {"test/accuracy": 0.9}))
        log.close()
    workspace = Workspace(home)
    began = time.perf_counter()
    comparison = Comparison(select(workspace, ["experiment=count"]), Histories())
    drawn = comparison_chart(comparison, "train/loss", weight=0.9)
    opened = time.perf_counter() - began
    began = time.perf_counter()
    comparison.refresh(workspace.list())
    comparison_chart(comparison, "train/loss", weight=0.9)
    refreshed = time.perf_counter() - began
    assert all(len(line.x) <= 2000 for line in drawn.lines)
    # The first value is a single one among a million, and is drawn.
    raw = comparison_chart(comparison, "train/loss")
    assert {float(line.y.max()) for line in raw.lines} == {1.0, 2.0}
    redrawn = redraw(raw.lines, 15 if full else 1)
    took = f"opened in {opened:.2f} s, again in {refreshed:.2f} s, a frame in {1000 * redrawn:.0f} ms"
    report(f"two runs of {points:,} points {took}")


def redraw(lines, times: int) -> float:
    """Return the median of the seconds that a frame of these lines takes, in which the view moves."""
    items = []
    for number, line in enumerate(lines):
        items.append((Curve(line.label, line.x, line.y, number), Trace()))
    took = []
    for moved in range(times):
        began = time.perf_counter()
        for curve, trace in items:
            trace.update(curve.x, curve.y)
        high = max(float(curve.x[-1]) for curve, _ in items)
        draw(items, Settings(100, 40, view=(moved * high / 1000, high)))
        took.append(time.perf_counter() - began)
    return sorted(took)[times // 2]


def test_120_curves_are_redrawn(full, report):
    rng, x = np.random.default_rng(0), np.arange(1.0, 2001.0)
    style = Style(0, 0)
    lines = [Line(f"lr 0.{n}, nz {n}", style, x, n / 100 + rng.normal(0, 0.05, 2000)) for n in range(120)]
    took = redraw(lines, 15 if full else 1)
    report(f"120 curves of 2,000 points in {1000 * took:.0f} ms; goal 50 ms")


@pytest.mark.parametrize("text", ["nz>=10 seed=3", 'name~"x" OR (lr=0.1 NOT nz=7) tag:good', "count 0001"])
def test_10_000_runs_are_filtered(home, full, report, text):
    count = 10_000 if full else 100
    for number in range(20):
        write_run(home, number, encode(StateChanged(1e9, "finished", "", 1, 1)))
    runs = Workspace(home).list() * (count // 20)
    meant = parse_filter(text)
    began = time.perf_counter()
    found = sum(map(meant.matches, runs))
    took = time.perf_counter() - began
    report(f"{text}: {found:,} of {count:,} runs in {1000 * took:.0f} ms; goal 100 ms for 10,000")
