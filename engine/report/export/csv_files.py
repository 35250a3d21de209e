"""Runs as CSV: every point of every curve in a long file, configurations and results in a wide one."""

from __future__ import annotations

import csv
import math
from typing import TYPE_CHECKING

from engine import wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from engine.report.export.runs import Exported

LONG = ("run", "attempt", "step", "epoch", "time", "metric", "value")
"""Columns of the long file; time is in seconds since 1970, and an epoch is empty where a program counts none."""

KINDS = ("fact", "hyperparameter", "result")
"""Of columns of the wide file, in their order."""


def write_long(path: Path, runs: Sequence[Exported]) -> None:
    """Write the points of all curves, a row each.

    Raises:
        OSError: if the disk refuses.
    """
    with _opened(path) as file:
        rows = csv.writer(file)
        rows.writerow(LONG)
        for run in runs:
            for attempt, step, epoch, t, metric, value in run.rows():
                rows.writerow((run.id, attempt, step, _figure(epoch), repr(t), metric, repr(value)))


def write_wide(path: Path, runs: Sequence[Exported]) -> None:
    """Write the runs, a row each: what they are, what they were launched with, their results.

    A column whose name is taken says what it is before its name, as in ``result state``.

    Raises:
        OSError: if the disk refuses.
    """
    cells = [dict(_cells(run)) for run in runs]
    columns = sorted(dict.fromkeys(column for own in cells for column in own), key=lambda one: KINDS.index(one[0]))
    names: dict[tuple[str, str], str] = {}
    for kind, name in columns:
        names[kind, name] = name if name not in names.values() else f"{kind} {name}"
    with _opened(path) as file:
        rows = csv.writer(file)
        rows.writerow(names.values())
        rows.writerows([own.get(column, "") for column in columns] for own in cells)


def _cells(run: Exported) -> Iterator[tuple[tuple[str, str], str]]:
    listed, record = run.listed, run.record
    facts = {
        "run": run.id,
        "name": listed.name,
        "experiment": record.experiment,
        "state": listed.status.state,
        "seed": str(record.seed),
        "device": record.device,
        "threads": str(record.threads),
        "created": repr(float(record.created)),
        "sweep": record.sweep,
        "tags": " ".join(listed.annotations.tags),
        "note": listed.annotations.note,
    }
    for name, text in facts.items():
        yield ("fact", name), text
    for name, value in record.hyperparameters.items():
        yield ("hyperparameter", name), "" if value is None else wording.setting(value)
    for name, figure in run.history.results.items():
        yield ("result", name), repr(float(figure))


def _figure(value: float) -> str:
    return "" if math.isnan(value) else repr(value)


def _opened(path: Path):  # type: ignore[no-untyped-def]
    # The line ends of RFC 4180: every line feed and carriage return inside a cell is put in quotes.
    return path.open("w", newline="", encoding="utf-8", errors="backslashreplace")
