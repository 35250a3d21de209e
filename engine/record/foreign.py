"""Runs that are made of other programs' logs: finished from the start, with curves and pictures like all others."""

from __future__ import annotations

import io
import itertools
import math
import shutil
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.record.events import Event, ImageLogged, Metrics, StateChanged
from engine.record.files import disk_errors, placed
from engine.record.log import EventLog
from engine.record.run_directory import IMPORTED, RunDirectory, RunRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.record.workspace import Workspace

_OWN = {"source", "experiment", "seed", "device"}
"""Names that say something else here: hyperparameters of these names are told apart."""
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Point:
    """A value of a metric; epoch and time (seconds since 1970) are NaN where they are not known."""

    step: int
    metric: str
    value: float
    epoch: float = math.nan
    t: float = math.nan


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in the format of some file."""

    step: int
    name: str
    data: bytes
    t: float = math.nan


@dataclass(slots=True)
class ForeignLog:
    """What another program logged of one run.

    Attributes:
        name: of the run.
        source: what tells it apart in comparisons; logs of the same source are replicates of each other.
        points: those of each metric in their order.
        pictures: in any order.
        hyperparameters: plain values.
        seed: of its replicate.
    """

    name: str
    source: str = ""
    points: list[Point] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    seed: int = 0


def write_run(workspace: Workspace, log: ForeignLog, reason: str) -> tuple[RunDirectory, list[str]]:
    """Make a finished run of a log.

    Args:
        workspace: where it is to lie.
        log: of the other program.
        reason: of its state, where it came from.

    Returns:
        The run, and a sentence on each picture that cannot be read.

    Raises:
        WorkspaceError, DiskFull: if it cannot be written; nothing is left behind.
    """
    workspace.require_room()
    now = time.time()
    theirs = {f"their {name}" if name in _OWN else name: value for name, value in log.hyperparameters.items()}
    hyperparameters = {"source": log.source or log.name} | theirs
    record, staged = workspace.prepare(
        RunRecord(
            id="",
            experiment=IMPORTED,
            hyperparameters=hyperparameters,
            seed=log.seed,
            device="unknown",
            created=now,
            name=log.name,
            host=socket.gethostname(),
        )
    )
    troubles: list[str] = []
    try:
        with disk_errors(workspace.home):
            _fill(staged, log, reason, now, troubles)
            staged.rename(workspace.runs / record.id)
    except BaseException:  # an interruption too leaves nothing half-written
        shutil.rmtree(staged, ignore_errors=True)
        raise
    return RunDirectory(workspace.runs / record.id), troubles


def _fill(run: Path, log: ForeignLog, reason: str, now: float, troubles: list[str]) -> None:
    known = [t for t in (*(one.t for one in log.points), *(one.t for one in log.pictures)) if math.isfinite(t)]
    first, last = min(known, default=now), max(known, default=now)
    step = max((*(one.step for one in log.points), *(one.step for one in log.pictures)), default=0)
    events = EventLog(run / "attempts/0001/events.jsonl")
    try:
        events.append(StateChanged(first, "running"))
        events.append(*_metrics(log.points, first))
        for picture in log.pictures:
            file = placed("images", picture.name, picture.step, ".png")
            path = run / file
            path.parent.mkdir(parents=True, exist_ok=True)
            if trouble := _write_png(path, picture.data):
                troubles.append(f"picture {picture.name} of step {picture.step} is left out: {trouble}")
                continue
            t = picture.t if math.isfinite(picture.t) else first
            events.append(ImageLogged(t, picture.name, picture.step, file))
        events.append(StateChanged(last, "finished", reason, step, step), durable=True)
    finally:
        events.close()


def _metrics(points: list[Point], first: float) -> Iterator[Event]:
    """Yield the points by step, those of the same step, epoch and time in one event."""
    ordered = sorted(points, key=lambda point: point.step)
    # As text, since nan does not equal nan.
    for _, group in itertools.groupby(ordered, key=lambda point: (point.step, repr(point.epoch), repr(point.t))):
        values: dict[str, float] = {}
        for point in group:
            if point.metric in values:
                yield _event(point, values, first)
                values = {}
            values[point.metric] = point.value
        yield _event(point, values, first)


def _event(point: Point, values: dict[str, float], first: float) -> Metrics:
    t = point.t if math.isfinite(point.t) else first
    return Metrics(t, point.step, values, point.epoch if math.isfinite(point.epoch) else None)


def _write_png(path: Path, data: bytes) -> str:
    """Write a picture of any format as PNG; return what is wrong with it if it cannot be read."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            shown = picture.convert("RGB")
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        return str(error)
    if data.startswith(PNG):
        path.write_bytes(data)
    else:
        shown.save(path, format="PNG")
    return ""
