"""A sweep in words: its plan with its price, and its head in lists and above its table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine import wording
from engine.sweep import plan as planning

if TYPE_CHECKING:
    from engine.record.run_directory import Status
    from engine.sweep.asking import Planned
    from engine.sweep.plan import Estimate
    from engine.sweep.record import SweepRecord
    from engine.sweep.sweeps import ListedSweep


def plan(planned: Planned) -> list[str]:
    """Return what a sweep would be, in sentences: its axes, how many runs, what they take by earlier ones."""
    record, there = planned.record, planned.there or 0
    said = [f"{record.experiment} over {'  '.join(map(str, record.axes))}" if record.axes else record.experiment]
    seeds = f", {len(record.seeds)} seeds each" if len(record.seeds) > 1 else ""
    chosen = "" if record.by == "grid" else f", chosen by {record.by}"
    they = "exists already and is taken as it is" if there == 1 else "exist already and are taken as they are"
    exist = f"; {there:,} {they}" if there else ""
    said.append(f"{planned.runs:,} runs{seeds}{chosen}{exist}")
    said += planned.doubts
    missing = planned.runs - there
    if not missing:
        return [*said, "nothing is left to run"]
    seconds, size = planned.price.seconds, planned.price.size
    alike = f" with the same {', '.join(planned.price.alike)}" if planned.price.alike else ""
    if seconds is None or size is None:
        said.append(
            f"how long that takes is not known: fewer than {planning.FEWEST} runs of {record.experiment}{alike} "
            f"have finished"
        )
    else:
        time = _span(seconds, wording.clock)
        beside = f", {record.parallel} at a time" if record.parallel > 1 else ""
        said.append(f"about {time} of running time in all{beside}, and {_span(size, wording.size)} on the disk")
        said.append(f"as {seconds.n} earlier runs{alike} took, whatever their other values (95 % interval)")
    if record.budget:
        said.append(f"nothing new begins after {wording.clock(record.budget)} of running time")
    return said


def _span(found: Estimate, write: Any) -> str:
    return f"{write(found.value)} ({write(found.low)} to {write(found.high)})"


def listed(sweep: ListedSweep) -> dict[str, str]:
    """Return the cells of a sweep in a list, by the heads of their columns."""
    record, status = sweep.record, sweep.status
    found = {"": wording.STATE_MARKS[status.state], "id": sweep.id, "state": status.state}
    if record is None:
        return found | dict.fromkeys(("experiment", "over", "runs", "best"), "") | {"name": status.reason}
    best = status.result.get(record.metric)
    return found | {
        "experiment": record.experiment,
        "over": "  ".join(map(str, record.axes)),
        "runs": f"{status.step:,}/{status.total:,}" if status.total else "",
        "best": "" if best is None else f"{record.metric} {wording.figure(best)}",
        "name": record.name,
    }


def head(record: SweepRecord, status: Status) -> list[str]:
    """Return the lines above a sweep's table: what it is, and in which state."""
    name = f" · {record.name}" if record.name else ""
    reason = f": {status.reason}" if status.reason else ""
    eta = wording.left(status.eta) if status.state == "running" else ""
    left = f" · about {eta}" if eta else ""
    done = f" · {status.step:,} of {status.total:,} runs" if status.total else ""
    seeds = f" · {len(record.seeds)} seeds" if len(record.seeds) > 1 else ""
    return [
        f"{record.id}{name} · {record.experiment} · {record.by}{seeds}",
        *([f"over {'  '.join(map(str, record.axes))}"] if record.axes else ()),
        f"{wording.STATE_MARKS[status.state]} {status.state}{reason}{done}{left}",
    ]
