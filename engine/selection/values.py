"""What a field's name means: a fact of a run, one of its hyperparameters, a result or the last value of a metric.

Filters, columns and comparisons all ask here. Hyperparameters are those of the launch, and one that a record lacks is
missing, not its default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from engine import wording

if TYPE_CHECKING:
    from engine.record.run_directory import RunDirectory
    from engine.record.workspace import Listed

Latest = Callable[["RunDirectory"], Mapping[str, float]]
"""Returns the last value of every metric of a run; it is asked only for names that the list of runs does not know."""
Getter = Callable[["Listed", Latest], Any]

MISSING: Final = object()
"""The value of a field that a run has not."""


def latest_values(run: RunDirectory) -> Mapping[str, float]:
    """Return the last value of every metric of a run, read from its log."""
    # Late, because it brings numpy, which completion can do without.
    from engine.record.histories import Histories

    return Histories().latest(run)


FACTS: dict[str, Callable[[Listed], Any]] = {
    "experiment": lambda run: run.record.experiment if run.record else MISSING,
    "state": lambda run: run.status.state,
    "name": lambda run: run.name,
    "id": lambda run: run.id,
    "seed": lambda run: run.record.seed if run.record else MISSING,
    "device": lambda run: run.record.device if run.record else MISSING,
    "tag": lambda run: run.annotations.tags,
    "note": lambda run: run.annotations.note,
    "sweep": lambda run: run.record.sweep if run.record else MISSING,
}
"""Fields that every run has; all but the seed are text."""
TEXTS = FACTS.keys() - {"seed"}


def getter(field: str) -> Getter:
    """Return the function that looks a field up in a run: ``get(run, latest)``, `MISSING` if the run has it not."""
    fact = FACTS.get(field)
    if fact is not None:
        return lambda run, _: fact(run)

    def look_up(run: Listed, latest: Latest) -> Any:
        record = run.record
        if record is not None and field in record.hyperparameters:
            return record.hyperparameters[field]
        if field in run.status.result:
            return run.status.result[field]
        # Metrics and results are named part/quantity: no log is opened for anything else.
        return latest(run.directory).get(field, MISSING) if "/" in field else MISSING

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
