"""What a field's name means: a fact of a run, a hyperparameter, a result, a time span or the last value of a metric.

Filters, columns and comparisons all ask here. Hyperparameters are those of the launch, and one that a record lacks is
missing, not its default.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from engine import catalogue, wording

if TYPE_CHECKING:
    from engine.record.history import History
    from engine.record.run_directory import RunDirectory
    from engine.record.workspace import Listed


class Logs(Protocol):
    """What the logs of runs say; it is asked only for what the list of runs does not know."""

    def of(self, run: RunDirectory, /) -> History:
        """Return the history of a run."""

    def latest(self, run: RunDirectory, /) -> Mapping[str, float]:
        """Return the last value of every metric of a run."""


Getter = Callable[["Listed", Logs], Any]

MISSING: Final = object()
"""The value of a field that a run has not."""


class _Fresh:
    """Reads a log whenever it is asked for, and keeps none."""

    def of(self, run: RunDirectory) -> History:
        # Late, because it brings numpy, which completion can do without.
        from engine.record.histories import Histories

        return Histories().of(run)

    def latest(self, run: RunDirectory) -> Mapping[str, float]:
        from engine.record.histories import Histories

        return Histories().latest(run)


class _Unread:
    """Logs that say nothing."""

    def of(self, _: RunDirectory) -> History:
        from engine.record.history import History

        return History()

    def latest(self, _: RunDirectory) -> Mapping[str, float]:
        return {}


READ_ANEW: Final[Logs] = _Fresh()
UNREAD: Final[Logs] = _Unread()
"""For those who look at lists of runs alone."""


def _result(run: Listed) -> Any:
    """Return the result that the experiment of a run names as its headline."""
    metric = catalogue.headline_of(run.record.experiment) if run.record else ""
    return run.status.result.get(metric, MISSING)


def _seconds(run: Listed, logs: Logs, *, phase: Literal["waiting", "starting", "running"]) -> Any:
    """Return for how long a run waited in the queue, started, or was at work, up to now if it still does."""
    history = logs.of(run.directory)
    if not history.begun:
        return MISSING
    now = run.status.changed if run.status.ended else time.time()
    spent: float = getattr(history, phase)(now)
    return spent


def _device(run: Listed, logs: Logs) -> Any:
    """Return the device that a run has or had; while it has none, the one it asked for."""
    if run.record is None:
        return MISSING
    # Only of several it has to be looked up which one it took.
    one = run.record.device == "cpu" or run.record.device.removeprefix("cuda:").isdecimal()
    taken = None if one else logs.of(run.directory).device
    return taken.device if taken else run.record.device


def _peak(run: Listed, logs: Logs, *, gpu: bool) -> Any:
    """Return the most memory that a run took, in bytes; missing where no worker has said so."""
    history = logs.of(run.directory)
    return (history.peak_device_memory if gpu else history.peak_memory) or MISSING


FACTS: dict[str, Callable[[Listed], Any]] = {
    "experiment": lambda run: run.record.experiment if run.record else MISSING,
    "state": lambda run: run.status.state,
    "name": lambda run: run.name,
    "id": lambda run: run.id,
    "seed": lambda run: run.record.seed if run.record else MISSING,
    "tag": lambda run: run.annotations.tags,
    "note": lambda run: run.annotations.note,
    "sweep": lambda run: run.record.sweep if run.record else MISSING,
    "result": _result,
}
"""Fields that every run has; all but the seed and the result are text."""
TEXTS = FACTS.keys() - {"seed", "result"} | {"device"}
SPANS: dict[str, Getter] = {
    "duration": functools.partial(_seconds, phase="running"),
    "waited": functools.partial(_seconds, phase="waiting"),
    "starting": functools.partial(_seconds, phase="starting"),
}
"""Fields that are seconds, and that only logs know."""
SIZES: dict[str, Getter] = {
    "memory": functools.partial(_peak, gpu=False),
    "gpu-memory": functools.partial(_peak, gpu=True),
}
"""Fields that are bytes, and that only logs know."""
LOGGED: dict[str, Getter] = {"device": _device, **SPANS, **SIZES}
ALWAYS = (*FACTS, *LOGGED)
"""The fields of every run, whatever its experiment."""


def getter(field: str) -> Getter:
    """Return the function that looks a field up in a run: ``get(run, logs)``, `MISSING` if the run has it not."""
    fact = FACTS.get(field)
    if fact is not None:
        return lambda run, _: fact(run)
    if field in LOGGED:
        return LOGGED[field]

    def look_up(run: Listed, logs: Logs) -> Any:
        record = run.record
        if record is not None and field in record.hyperparameters:
            return record.hyperparameters[field]
        if field in run.status.result:
            return run.status.result[field]
        # Our metrics are named part/quantity, those of others as they like: no log is opened for anything else.
        named = "/" in field or (record is not None and record.imported)
        return logs.latest(run.directory).get(field, MISSING) if named else MISSING

    return look_up


def is_number(value: Any) -> bool:
    """Tell whether a value is a number; the booleans of Python are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def rank(value: Any) -> tuple[bool, float, str]:
    """Return what values are sorted by in rows and columns: numbers by their size, before texts."""
    return (False, float(value), "") if is_number(value) else (True, 0.0, wording.setting(value))


def comparable(value: Any) -> tuple[str, Any]:
    """Return a form of a value that equals another's where the values mean the same: 1 is 1.0, and neither is "1"."""
    if is_number(value):
        return ("number", value) if value == value else ("nan", None)  # noqa: PLR0124 - only NaN differs from itself
    if isinstance(value, list | tuple):
        return "list", tuple(map(comparable, value))
    if isinstance(value, Mapping):
        return "mapping", tuple(sorted((key, comparable(one)) for key, one in value.items()))
    return type(value).__name__, value
