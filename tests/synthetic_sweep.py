"""Sweeps as their controllers would have left them, written without running anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.record.events import Event, Intended, Launched, Results, StateChanged, encode
from engine.record.identity import Identity
from engine.record.run_directory import RunRecord
from engine.sweep.plan import cells
from engine.sweep.record import SweepRecord

if TYPE_CHECKING:
    from engine.sweep.axes import Axis

NOON = 1_795_262_400.0
"""2026-11-21, 12:00 UTC."""
More = Callable[[Path, dict, int], list[Event]]
"""Returns further events of a run, by its folder, its values on the axes, and its seed; writes what they name."""


def write_sweep(
    home: Path,
    axes: Sequence[Axis],
    value: Callable[[dict, int], float | None],
    *,
    experiment: str = "count",
    name: str = "1121-1200-count-k3f",
    seeds: int = 1,
    metric: str = "test/accuracy",
    state: str = "finished",
    more: More = lambda path, setting, seed: [],
    limit: int = 0,
    **asked,
) -> SweepRecord:
    """Write a grid and its runs; ``value`` gives the metric, None for a run that has failed."""
    record = SweepRecord(
        id=name, experiment=experiment, fixed={"steps": 20}, axes=tuple(axes), seeds=tuple(range(seeds)), metric=metric,
        better="higher", created=NOON, version="1", options={"device": "cpu", "slots": 1, "threads": 1}, **asked,
    )  # fmt: skip
    found = cells(record)
    folder = home / "sweeps" / name
    for part in ("attempts/0001", "control"):
        (folder / part).mkdir(parents=True)
    (folder / "sweep.json").write_text(json.dumps(record.to_json()))
    alive = {"t": NOON, "kills_for_memory": 1 << 40}
    gone = json.dumps(Identity.own().to_json() | {"pid": 1, "start": 1} | alive)
    (folder / "attempts/0001/claim.json").write_text(gone)
    (folder / "attempts/0001/output.log").touch()
    events: list[Event] = [StateChanged(NOON, "running")]
    best = None
    for number, cell in enumerate(found[: limit or None]):
        run = f"{name[:-3]}{name[-3]}{number:04x}"
        events += [Intended(NOON + number, run, dict(cell.setting), cell.seed), Launched(NOON + number, run)]
        path = home / "runs" / run
        for part in ("attempts/0001", "images", "plots", "tables", "checkpoints", "control"):
            (path / part).mkdir(parents=True)
        setting = {**record.fixed, **cell.setting}
        own = RunRecord(run, experiment, setting, cell.seed, "cpu", NOON + number, sweep=name)
        (path / "run.json").write_text(json.dumps(own.to_json()))
        (path / "attempts/0001/claim.json").write_text(gone)
        (path / "attempts/0001/output.log").touch()
        found_value = value(dict(cell.setting), cell.seed)
        lines = [StateChanged(NOON + number, "running"), *more(path, dict(cell.setting), cell.seed)]
        if found_value is None:
            lines.append(StateChanged(NOON + number + 10, "failed", "ValueError: no", 3, 20))
        else:
            result = {metric: found_value, "test/loss": 1 - found_value}
            best = found_value if best is None else max(best, found_value)
            lines += [Results(NOON + number + 9, result)]
            lines.append(StateChanged(NOON + number + 10, "finished", "", 20, 20, result))
        (path / "attempts/0001/events.jsonl").write_bytes(b"".join(map(encode, lines)))
    done, total = len(found[: limit or None]), len(found)
    events.append(StateChanged(NOON + done + 10, state, "", done, total, {} if best is None else {metric: best}))
    (folder / "attempts/0001/events.jsonl").write_bytes(b"".join(map(encode, events)))
    return record
