"""Studies of a workspace, and their runs as workers would have left them, written without running anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from engine import Studies, catalogue
from engine.record.events import Event, Results, StateChanged, encode
from engine.record.identity import Identity
from engine.record.run_directory import RunRecord
from engine.sweep.asking import record_of
from engine.sweep.plan import cells
from tests.synthetic_sweep import NOON, More

COUNTING = """\
title = "Counting"
question = "At which rate does it count best, and does it count as others did?"
source = "A report, §1"
experiment = "count"
layout = "curves"
shows = "train/loss"
metric = "test/accuracy"
seeds = 3
note = "It counts to twenty."

[over]
lr = [0.1, 0.2]

[quick]
seeds = 1
fixed = { steps = 4 }
note = "The quick tier counts to four."

[[published]]
where = { lr = 0.1 }
metric = "test/accuracy"
value = 0.9
as_printed = "90 %"
source = "A report, §1"

[[published]]
where = { lr = 0.2 }
metric = "test/accuracy"
value = 0.5
source = "A paper"
"""


def write_study(home: Path, text: str = COUNTING, name: str = "counting") -> Path:
    """Write a study of the user."""
    path = home / "studies" / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def write_runs(
    home: Path,
    value: Callable[[dict, int], float] = lambda setting, seed: 0.5 + 0.01 * seed,
    *,
    name: str = "counting",
    tier: str = "quick",
    more: More = lambda path, setting, seed: [],
    limit: int = 0,
) -> list[str]:
    """Write finished runs of a tier, and return their ids; ``value`` gives the result of each."""
    studies = Studies(home)
    study = studies.find(name)
    experiment = catalogue.experiment(study.experiment)
    record = record_of(studies.workspace, experiment, studies.asked(study, tier))
    gone = Identity.own().to_json() | {"pid": 1, "start": 1, "t": NOON, "kills_for_memory": 1 << 40}
    found = []
    for number, cell in enumerate(cells(record)[: limit or None]):
        run = f"1121-12{number:02d}-{experiment.name}-{tier[0]}{number:02x}"
        path = home / "runs" / run
        for part in ("attempts/0001", "images", "plots", "tables", "checkpoints", "control"):
            (path / part).mkdir(parents=True)
        values = experiment.validate({**record.fixed, **cell.setting}).model_dump(mode="json")
        own = RunRecord(run, experiment.name, values, cell.seed, "cpu", NOON + number)
        (path / "run.json").write_text(json.dumps(own.to_json()))
        (path / "attempts/0001/claim.json").write_text(json.dumps(gone))
        (path / "attempts/0001/output.log").touch()
        result = {record.metric: value(dict(cell.setting), cell.seed)}
        events: list[Event] = [StateChanged(NOON + number, "running"), *more(path, dict(cell.setting), cell.seed)]
        events += [Results(NOON + number + 9, result)]
        events += [StateChanged(NOON + number + 10, "finished", "", 20, 20, result)]
        (path / "attempts/0001/events.jsonl").write_bytes(b"".join(map(encode, events)))
        found.append(run)
    return found
