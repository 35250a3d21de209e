"""A workspace with runs whose every byte is known, and the app over it."""

from __future__ import annotations

import asyncio
import json
import math
import time
from pathlib import Path

import pytest
from PIL import Image

from engine.record.events import (
    CheckpointSaved,
    ImageLogged,
    Message,
    Metrics,
    Progress,
    Results,
    StateChanged,
    encode,
)
from engine.record.identity import Identity
from engine.record.run_directory import RunRecord
from tui.app import PhospheneApp
from tui.workbench.requests import RunRequests

NOON = 1_795_262_400.0
"""2026-11-21, 12:00 UTC."""


def write_run(home: Path, run: str, experiment: str, events: list, *, name: str = "", hyperparameters=None) -> Path:
    """Write a run directory as a worker that is long gone would have left it."""
    path = home / "runs" / run
    for folder in ("attempts/0001", "images", "tables", "checkpoints", "control"):
        (path / folder).mkdir(parents=True)
    record = RunRecord(run, experiment, hyperparameters or {}, 0, "cpu", events[0].t, name=name)
    (path / "run.json").write_text(json.dumps(record.to_json()))
    claim = Identity.own().to_json() | {"pid": 1, "start": 1, "t": events[0].t, "kills_for_memory": 1 << 40}
    (path / "attempts/0001/claim.json").write_text(json.dumps(claim))
    (path / "attempts/0001/output.log").write_text("")
    (path / "attempts/0001/events.jsonl").write_bytes(b"".join(map(encode, events)))
    return path


def write_picture(run: Path, name: str, step: int, size: tuple[int, int] = (16, 16)) -> ImageLogged:
    """Write a picture that differs from step to step, and return its event."""
    file = run / "images" / name / f"{step:09d}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, (20, 20, 40))
    for i in range(min(size)):
        image.putpixel((i, (i + step // 10) % size[1]), (240, 180, 60))
    image.save(file)
    return ImageLogged(NOON + step, name, step, str(file.relative_to(run)))


@pytest.fixture
def written(home: Path):
    """Write a run directory: ``written("1121-1300-count-tab", "count", events)``."""
    return lambda *arguments, **options: write_run(home, *arguments, **options)


@pytest.fixture
def album(home: Path) -> Path:
    """A workspace with a finished training with pictures, a failed run and a crashed one."""
    steps = range(1, 301)
    events = [StateChanged(NOON, "queued", "starting"), StateChanged(NOON + 1, "running")]
    for step in steps:
        loss = 2.3 * math.exp(-step / 60) + 0.05 + 0.05 * math.sin(step)
        values = {"train/loss": loss}
        if step % 30 == 0:
            values |= {
                "validation/loss": loss + 0.1,
                "train/accuracy": 1 - loss / 4,
                "validation/accuracy": 1 - loss / 3,
            }
        events.append(Metrics(NOON + step, step, values, step / 30))
    run = home / "runs" / "1121-1200-cnn-k3f"
    events += [Progress(NOON + 300, 300, 300, "batch", 1.0), CheckpointSaved(NOON + 300, 300, "checkpoints/x", 10)]
    events += [Results(NOON + 301, {"test/accuracy": 0.974}), Message(NOON + 301, "a [bold]plain[/] word")]
    write_run(
        home, run.name, "cnn", [*events, StateChanged(NOON + 302, "finished", "", 300, 300, {"test/accuracy": 0.974})]
    )
    pictures = [write_picture(run, "batch", step) for step in (1, 100, 200, 300)] + [
        write_picture(run, "confusion", 300)
    ]
    with (run / "attempts/0001/events.jsonl").open("r+b") as log:
        lines = log.read().splitlines(keepends=True)
        log.seek(0)
        log.write(b"".join([*lines[:-1], *map(encode, pictures), lines[-1]]))
    write_run(
        home,
        "1121-1100-count-9qd",
        "count",
        [
            StateChanged(NOON - 3600, "running"),
            StateChanged(NOON - 3590, "failed", "ZeroDivisionError: [red]no[/]", 3, 10),
        ],
        name="odd [name] 🙂",
    )
    write_run(
        home, "1121-1000-count-7xy", "count", [StateChanged(NOON - 7200, "running"), Progress(NOON - 7100, 4, 10)]
    )
    return home


@pytest.fixture
def app(home: Path) -> PhospheneApp:
    """The app over the workspace, with nothing remembered."""
    return PhospheneApp(home, images="halfcell", theme="nord")


@pytest.fixture(autouse=True)
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start every worker cold: importing torch for each test would only cost time."""
    monkeypatch.setattr(RunRequests, "warm", lambda self: None)


async def until(pilot, condition, seconds: float = 15.0) -> None:
    """Let the app work until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        await pilot.pause()
        await asyncio.sleep(0.01)


@pytest.fixture
def drive(app):
    """Run a scenario against the app: ``drive(scenario, size)`` with ``async def scenario(pilot, until)``."""

    def run(scenario, size=(120, 32), over=None) -> None:
        async def play() -> None:
            opened = over or app
            async with opened.run_test(size=size) as pilot:
                await until(pilot, lambda: opened.screen.query("#experiments") and opened.screen.catalogue)
                await scenario(pilot, lambda condition, seconds=15.0: until(pilot, condition, seconds))

        asyncio.run(play())

    return run
