"""A workspace with runs whose every byte is known, and the app over it."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.plots import Bars, Heatmap, Lines, Scatter, Tiles
from engine.record.events import (
    CheckpointSaved,
    ImageLogged,
    Message,
    Metrics,
    PlotLogged,
    Progress,
    Results,
    StateChanged,
    TableLogged,
    encode,
)
from engine.record.identity import Identity
from engine.record.plots import write_plot
from engine.record.run_directory import RunRecord
from tui.app import PhospheneApp
from tui.workbench.requests import RunRequests

NOON = 1_795_262_400.0
"""2026-11-21, 12:00 UTC."""


@pytest.fixture(autouse=True)
def painted_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paint the screen ten times a second: painting is half of what a test costs."""
    monkeypatch.setattr("textual.screen.UPDATE_PERIOD", 0.1)


@pytest.fixture(autouse=True)
def found_idle_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Textual look four times as often whether a key has been dealt with: it does so twice after every key."""
    monkeypatch.setattr("textual._wait.SLEEP_GRANULARITY", 1 / 200)
    monkeypatch.setattr("textual._wait.SLEEP_IDLE", 1 / 2000)


@pytest.fixture(autouse=True)
def without_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show the same forms on hosts of a cluster as on others."""
    monkeypatch.setattr("engine.slurm.tools.is_here", lambda: False)


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


PLOTS = {
    "confusion": Heatmap([[17, 2, 1], [0, 15, 5], [3, 3, 14]], "abc", "abc", "true", "predicted", "row", True, 0),
    "grid": Heatmap(np.linspace(0, 1, 60).reshape(6, 10).tolist(), "abcdef", "abcdefghij"),
    "bars": Bars(("one", "two", "three"), (3.0, -2.0, 1.0), label="how many"),
    "lines": Lines((1.0, 2.0, 3.0), {"first": (1.0, 4.0, 2.0), "second": (2.0, 1.0, 3.0)}, x_label="x", y_label="y"),
    "scatter": Scatter(tuple((n * 0.7 % 3, n * 0.3 % 2) for n in range(60)), tuple(str(n % 10) for n in range(60))),
    "tiles": Tiles([np.full((8, 8, 3), 40 * n, np.uint8) for n in range(3)], ["1 > 8", "8 > 7", ("4 > 9", "a file")]),
}


@pytest.fixture
def crowd(album: Path) -> Iterator[Path]:
    """The album, and a dozen of runs in all states, one of them with plots and tables; two are at work, so to say."""
    sleeper = subprocess.Popen(["sleep", "600"], start_new_session=True)
    alive = Identity.of(sleeper.pid).to_json()
    ends: list[tuple[str, str]] = [("queued", ""), ("running", ""), ("stopped", "by you"), ("failed", "ValueError: no")]
    ends += [("finished", ""), ("finished", ""), ("stopped", "by you"), ("finished", "")]
    for number, (state, reason) in enumerate(ends):
        start = NOON + 3600 * (number + 1)
        events = [StateChanged(start, "queued", "starting")]
        if state != "queued":
            values = [{"train/loss": 2 / step, "train/accuracy": 1 - 1 / step} for step in range(1, 41)]
            events += [StateChanged(start + 1, "running")]
            events += [Metrics(start + step, step, each, step / 10) for step, each in enumerate(values, 1)]
            events += [Message(start + 41, "the samples become alike", "alarm"), Message(start + 41, "no!", "error")]
            events += [Progress(start + 41, 40, 100, "batch", 60.0)]
        run = album / "runs" / f"1122-1{number}00-cnn-n{number}w"
        if number == 4:
            events += [PlotLogged(start + 42, name, 40, f"plots/{name}/000000040.json") for name in PLOTS]
            events += [
                TableLogged(start + 42, "classes", "tables/classes.csv"),
                TableLogged(start + 42, "C", "tables/C.csv"),
            ]
        if state not in {"queued", "running"}:
            result = {"test/accuracy": 0.9} if state == "finished" else {}
            events.append(StateChanged(start + 50, state, reason, 40, 100, result))
        path = write_run(album, run.name, "cnn", events)
        if state in {"queued", "running"}:
            claim = json.loads((path / "attempts/0001/claim.json").read_text())
            (path / "attempts/0001/claim.json").write_text(json.dumps(claim | alive))
        if number == 4:
            for name, plot in PLOTS.items():
                (path / "plots" / name).mkdir(parents=True)
                write_plot(path / "plots" / name / "000000040.json", plot)
            for name in ("classes", "C"):
                (path / f"tables/{name}.csv").write_text("class,accuracy\n" + "a,0.5\n" * 30)
    yield album
    sleeper.kill()
    sleeper.wait()


@pytest.fixture
def app(home: Path) -> PhospheneApp:
    """The app over the workspace, with nothing remembered."""
    return PhospheneApp(home, images="halfcell")


@pytest.fixture(autouse=True)
def millions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every colour, whatever the terminal is in which the tests run."""
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLORFGBG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start every worker cold: importing torch for each test would only cost time."""
    monkeypatch.setattr(RunRequests, "warm", lambda self: None)


def focus(widget) -> None:
    """Give a widget the focus at once; by its own method it comes later, and a key pressed meanwhile goes elsewhere."""
    widget.screen.set_focus(widget)


async def until(condition, seconds: float = 30.0, pause: float = 0.01) -> None:
    """Let the app work until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        await asyncio.sleep(pause)


@pytest.fixture
def drive(app):
    """Run a scenario against the app: ``drive(scenario, size)`` with ``async def scenario(pilot, until)``."""

    def run(scenario, size=(120, 32), over=None) -> None:
        async def play() -> None:
            opened = over or app
            async with opened.run_test(size=size) as pilot:
                await until(lambda: opened.screen.query("#experiments") and opened.screen.catalogue)
                await scenario(pilot, until)

        asyncio.run(play())

    return run
