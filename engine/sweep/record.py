"""What a sweep was asked to do: ``sweep.json``, written once, and one file for each time it was widened.

::

    <workspace>/sweeps/<id>/
      sweep.json                what was asked for
      widened/0001.json         what was asked for later
      attempts/0001/            one per controller: claim.json, events.jsonl, output.log
      control/                  requests to the controller
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from engine.errors import PhospheneError, WorkspaceError
from engine.record.files import disk_errors, sync_folder
from engine.record.intents import Intents
from engine.record.run_directory import RunDirectory, Status
from engine.record.workspace import SWEEP
from engine.sweep.axes import Axis

if TYPE_CHECKING:
    from collections.abc import Mapping

By = Literal["grid", "random", "tpe"]
Prune = Literal["", "median", "percentile"]
BY: tuple[By, ...] = ("grid", "random", "tpe")
PRUNE: tuple[Prune, ...] = ("median", "percentile")
LONGEST_ARRAY = 1000
"""Jobs of an array at most: Slurm itself takes 1000 where nobody has told it otherwise."""


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """A sweep as it was asked for.

    Attributes:
        id: sorts by time and can be typed, as the id of a run.
        experiment: of all its runs.
        fixed: every hyperparameter that no axis varies.
        axes: what is varied.
        seeds: of the runs of each combination; the first is run everywhere before the second.
        by: how combinations are chosen.
        trials: how many combinations are tried; 0 for all of a grid.
        metric: the column by which trials are judged, e.g. ``max validation/accuracy``; empty for none.
        better: which of its values are better.
        prune: how runs are given up early; empty if they are not.
        parallel: how many of its runs wait or run at most; of an array of Slurm, how many jobs run at a time.
        per_job: how many runs a job of such an array carries out, one after the other.
        budget: seconds that its runs may take together; 0 for no limit. Waiting counts for nothing.
        retries: how often a failed run is resumed.
        stop_after: failures in a row after which no more is launched; 0 for no limit.
        reuse: whether runs that exist already with equal configuration are taken.
        options: device, slots and threads of its runs, and what Slurm is asked for if they are its jobs.
        name: given by the user.
        created: seconds since the epoch.
        version: of the program.
        again: ids of runs that had failed or were removed and are to be run again, once for each time.
    """

    id: str
    experiment: str
    fixed: dict[str, Any]
    axes: tuple[Axis, ...]
    seeds: tuple[int, ...] = (0,)
    by: By = "grid"
    trials: int = 0
    metric: str = ""
    better: str = "neither"
    prune: Prune = ""
    parallel: int = 1
    per_job: int = 1
    budget: float = 0.0
    retries: int = 0
    stop_after: int = 0
    reuse: bool = True
    options: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    created: float = 0.0
    version: str = ""
    again: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values, ``format`` first."""
        return {"format": 1, **asdict(self), "axes": [axis.to_json() for axis in self.axes]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> SweepRecord:
        """Rebuild a record; names added by later versions are left out."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        axes = tuple(map(Axis.from_json, known["axes"]))
        return cls(**known | {"axes": axes, "seeds": tuple(known["seeds"]), "again": tuple(known.get("again", ()))})

    @property
    def fields(self) -> tuple[str, ...]:
        """The hyperparameters that its axes vary."""
        return tuple(name for axis in self.axes for name in axis.fields)

    @property
    def is_array(self) -> bool:
        """Whether its runs go to Slurm all at once: where nothing that comes of some decides about others."""
        decides = self.budget or self.stop_after or self.by == "tpe"
        return str(self.options.get("on", "")).startswith("slurm") and not decides

    @property
    def at_once(self) -> int:
        """How many of its runs wait or run at most."""
        return LONGEST_ARRAY * self.per_job if self.is_array else self.parallel

    def setting(self, values: tuple[tuple[Any, ...], ...]) -> dict[str, Any]:
        """Return a combination of the axes' values by field."""
        return {
            name: value
            for axis, own in zip(self.axes, values, strict=True)
            for name, value in zip(axis.fields, own, strict=True)
        }

    def widened(self, by: Widening) -> SweepRecord:
        """Return the record with more combinations, seeds, values or time.

        Raises:
            PhospheneError: if there is nothing to widen, or an axis cannot be widened so.
        """
        more = {axis.fields: axis for axis in by.axes}
        if strange := more.keys() - {axis.fields for axis in self.axes}:
            there = ", ".join(axis.name for axis in self.axes)
            raise PhospheneError(f"{','.join(*strange)} is no axis of this sweep; it has: {there}")
        if by.trials and not self.trials:
            raise PhospheneError("this sweep tries its whole grid: widen an axis, as in --over nz=+5000, or add seeds")
        try:
            axes = tuple(axis.widened(more[axis.fields]) if axis.fields in more else axis for axis in self.axes)
        except ValueError as error:
            raise PhospheneError(str(error)) from None
        first = max(self.seeds) + 1
        return replace(
            self,
            axes=axes,
            trials=self.trials + by.trials,
            seeds=(*self.seeds, *range(first, first + by.seeds)),
            budget=self.budget + by.budget if self.budget else 0.0,
            again=(*self.again, *by.again),
        )


@dataclass(frozen=True, slots=True)
class Widening:
    """What was added to a sweep: combinations, seeds, values of axes, seconds of its budget, removed runs."""

    trials: int = 0
    seeds: int = 0
    axes: tuple[Axis, ...] = ()
    budget: float = 0.0
    again: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "axes": [axis.to_json() for axis in self.axes]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Widening:
        """Rebuild what :meth:`to_json` wrote."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        axes = tuple(map(Axis.from_json, known.get("axes", ())))
        return cls(**known | {"axes": axes, "again": tuple(known.get("again", ()))})


@dataclass(frozen=True, slots=True)
class SweepDirectory:
    """A sweep's directory; every method reads the disk anew."""

    path: Path

    @property
    def id(self) -> str:
        """The sweep's id."""
        return self.path.name

    @property
    def controller(self) -> RunDirectory:
        """Its controllers, which are attempts as workers of a run are: status, requests, output."""
        return RunDirectory(self.path)

    def status(self) -> Status:
        """Return the state of its last controller."""
        return self.controller.status()

    def intents(self) -> Intents:
        """Return a fold of what its controllers have intended; nothing is read yet."""
        return Intents(self.controller.attempts_folder)

    def asked(self) -> SweepRecord:
        """Return what was asked for at first.

        Raises:
            WorkspaceError: if ``sweep.json`` is missing or damaged.
        """
        return SweepRecord.from_json(self._read(self.path / SWEEP))

    def record(self) -> SweepRecord:
        """Return what is asked for now, everything that was added included.

        Raises:
            WorkspaceError: if a file is missing or damaged.
        """
        record = self.asked()
        for path in self.widenings():
            record = record.widened(Widening.from_json(self._read(path)))
        return record

    def widenings(self) -> list[Path]:
        """Return the files of what was added, oldest first."""
        return sorted(path for path in (self.path / "widened").glob("*.json") if path.stem.isdigit())

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(path.read_bytes())
            (SweepRecord if path.name == SWEEP else Widening).from_json(found)
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise WorkspaceError(f"{path} cannot be read ({error}): restore it or remove the sweep") from error
        return found

    def widen(self, by: Widening) -> SweepRecord:
        """Ask for more; return what is asked for now.

        Raises:
            PhospheneError: if that cannot be added.
            WorkspaceError, DiskFull: if it cannot be written.
        """
        record = self.record().widened(by)
        text = json.dumps(by.to_json(), indent=1, ensure_ascii=False)
        folder = self.path / "widened"
        with disk_errors(folder):
            folder.mkdir(exist_ok=True)
            number = len(self.widenings()) + 1
            temporary = folder / f".{number:04d}-{id(by):x}"
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
            try:
                # Whoever links a number first has it: two who widen at once add both.
                while True:
                    try:
                        (folder / f"{number:04d}.json").hardlink_to(temporary)
                        break
                    except FileExistsError:
                        number += 1
            finally:
                temporary.unlink(missing_ok=True)
            sync_folder(folder)
        return record
