"""How quickly runs are found and re-attached to."""

from __future__ import annotations

import asyncio
import json
import time

from engine import Engine, History, Run, Workspace
from engine.record.claim import write_claim
from engine.record.events import Metrics, StateChanged, encode
from engine.record.files import write_json
from engine.record.identity import Identity
from engine.record.run_directory import RunRecord


def write_run(home, name: str, events: list) -> Run:
    """Write a finished run with these events."""
    path = home / "runs" / name
    (path / "attempts/0001").mkdir(parents=True)
    record = RunRecord(name, "count", {"steps": 1}, 0, "cpu", events[0].t, name="a name")
    write_json(path / "run.json", record.to_json())
    write_claim(path / "attempts/0001", Identity.own())
    (path / "attempts/0001/events.jsonl").write_bytes(b"".join(map(encode, events)))
    return Run(path)


def test_100_000_events_are_re_attached(home, full, report):
    count = 100_000 if full else 1_000
    metrics = [
        Metrics(1e9 + i, i, {"generator/loss": 1.0 / i, "discriminator/loss": 0.5}, i / 10) for i in range(1, count + 1)
    ]
    end = StateChanged(2e9, "finished", "", count, count, {"test/accuracy": 0.9})
    run = write_run(home, "1121-1200-count-abc", [StateChanged(1e9, "running"), *metrics, end])

    async def attach() -> tuple[float, int]:
        began = time.perf_counter()
        history = History()
        async for events in Engine(home).batches(run):
            history.take(events)
        return time.perf_counter() - began, history.curves.series["generator/loss"].length

    took, length = asyncio.run(attach())
    assert length == count
    report(f"{count:,} events in {took:.2f} s; goal 1 s for 100,000")


def test_100_histories_of_10_000_points_are_read(home, full, report):
    runs, points = (100, 10_000) if full else (3, 500)
    metrics = [Metrics(1e9 + i, i, {"train/loss": 1.0 / i}, i / 100) for i in range(1, points + 1)]
    events = [StateChanged(1e9, "running"), *metrics]
    directories = [write_run(home, f"1121-1200-count-{i:03d}", events) for i in range(runs)]
    began = time.perf_counter()
    histories = [run.history() for run in directories]
    took = time.perf_counter() - began
    assert all(history.curves.series["train/loss"].length == points for history in histories)
    began = time.perf_counter()
    for run in directories:
        for line in run.attempts()[0].events.read_bytes().splitlines():
            json.loads(line)
    textbook = time.perf_counter() - began
    report(
        f"{runs} histories of {points:,} points in {took:.2f} s, {took / textbook:.2f} of json.loads alone; goal 2 s"
    )


def test_10_000_runs_are_listed(home, full, report):
    count = 10_000 if full else 100
    for i in range(count):
        events = [StateChanged(1e9 + i, "running"), Metrics(1e9 + i, 1, {"train/loss": 1.0})]
        write_run(home, f"1121-{i // 1000:04d}-count-{i:05d}", [*events, StateChanged(1e9 + i, "finished", "", 1, 1)])
    workspace = Workspace(home)
    began = time.perf_counter()
    assert len(workspace.list()) == count
    first = time.perf_counter() - began
    began = time.perf_counter()
    assert len(workspace.list()) == count
    again = time.perf_counter() - began
    report(f"{count:,} runs in {first:.2f} s, again in {again:.2f} s; goal 1 s for 10,000")


def test_state_of_a_running_run_with_a_long_log(home, full, report):
    count = 400_000 if full else 1_000
    metrics = [Metrics(1e9 + i, i, {"train/loss": 1.0}) for i in range(1, count + 1)]
    run = write_run(home, "1121-1200-count-abc", [StateChanged(1e9, "running"), *metrics])
    began = time.perf_counter()
    assert run.status().state == "running"
    report(f"{1000 * (time.perf_counter() - began):.0f} ms with {count:,} events and no progress reported")
