"""How the workbench writes states, ids, durations, figures, and a form as a command line: once for all widgets."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine import Experiment, Listed

MARKS = {
    "queued": ("○", "$text-muted"),
    "running": ("●", "$accent"),
    "finished": ("✓", "$text-success"),
    "failed": ("✗", "$text-error"),
    "stopped": ("■", "$text-warning"),
    "crashed": ("✗", "$text-error"),
}
"""Sign and style of each state."""


def short(run: str) -> str:
    """Return the last part of a run's id, which people use as its name."""
    return run.rpartition("-")[2]


def headline(run: Listed, metric: str) -> str:
    """Return the headline figure of a finished run, ``.974``, or the empty string if it has none."""
    value = run.status.result.get(metric)
    return "" if value is None else f"{value:.3f}".removeprefix("0")


def clock(seconds: float) -> str:
    """Return a duration as ``m:ss``, or ``h:mm:ss`` from one hour on."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"


def command_line(experiment: Experiment, values: Mapping[str, str]) -> str:
    """Return the command that runs an experiment with these values, as typed in its form."""
    switches = {view.name for view in experiment.fields() if view.kind == "boolean"}
    command = ["phosphene", "run", experiment.name]
    for name, text in values.items():
        flag = name.replace("_", "-")
        if name in switches:
            command.append(f"--{flag}" if text == "on" else f"--no-{flag}")
        else:
            command += [f"--{flag}", text]
    return shlex.join(command)
