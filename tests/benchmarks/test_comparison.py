"""How quickly many runs are compared, filtered and drawn."""

from __future__ import annotations

import time

import pytest

from engine import Comparison, Histories, Workspace, comparison_chart, parse_filter, select
from engine.record.events import Metrics, StateChanged, encode
from engine.record.files import write_json
from engine.record.run_directory import RunRecord


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
