"""Runs as one JSON document: everything that is known of them, as plain values."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from engine.errors import WorkspaceError
from engine.record.files import write_json
from engine.record.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.record.series import Series
    from engine.report.export.runs import Exported

FORMAT = 1


def write(path: Path, runs: Sequence[Exported]) -> None:
    """Write the document; floats that JSON lacks become the strings ``nan``, ``inf`` and ``-inf``.

    Raises:
        OSError: if the disk refuses.
    """
    write_json(path, {"format": FORMAT, "runs": [_run(run) for run in runs]}, indent=None)


def _run(run: Exported) -> dict[str, Any]:
    listed, history, folder = run.listed, run.history, run.listed.directory.path
    return _given(run.record.to_json()) | {
        "name": listed.name,
        "tags": listed.annotations.tags,
        "note": listed.annotations.note,
        "state": listed.status.state,
        "reason": listed.status.reason,
        "steps": history.step,
        "total": history.total,
        "seconds": {"waiting": history.waiting(), "starting": history.starting(), "running": history.running()},
        "memory": {"host": history.peak_memory, "gpu": history.peak_device_memory},
        "changes": [{"name": one.name, "value": one.value, "step": one.step} for one in history.changes],
        "results": history.results,
        "metrics": {name: _curve(run, series) for name, series in history.curves.series.items()},
        "tables": {name: _table(folder / one.file) for name, one in history.tables.items()},
        "plots": {
            name: {step: _plot(folder / one.file) for step, one in own.items()} for name, own in history.plots.items()
        },
        "images": {
            name: {step: {"file": one.file, "caption": one.caption} for step, one in own.items()}
            for name, own in history.images.items()
        },
        "messages": [{"time": one.t, "text": one.text, "level": one.level} for one in history.messages],
    }


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Return values without those that are None, also among hyperparameters."""
    return {
        name: _given(value) if isinstance(value, dict) else value for name, value in values.items() if value is not None
    }


def _curve(run: Exported, series: Series) -> dict[str, list[float]]:
    epochs = series.epoch.tolist()
    counted = {} if all(map(math.isnan, epochs)) else {"epoch": epochs}
    return {
        "attempt": run.history.attempts_of(series.step).tolist(),
        "step": [int(step) for step in series.step],
        **counted,
        "time": series.t.tolist(),
        "value": series.value.tolist(),
    }


def _table(path: Path) -> dict[str, Any]:
    try:
        table = read_table(path)
    except WorkspaceError as error:
        return {"damaged": str(error)}
    return {"columns": table.columns, "rows": table.rows}


def _plot(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        return {"damaged": str(error)}
