"""Where a file came from, in the words of a workspace: its runs and whether they are still there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import catalogue, provenance, wording
from engine.errors import PhospheneError, UnknownRun
from engine.provenance import Origin

if TYPE_CHECKING:
    from engine.record.run_directory import RunRecord
    from engine.record.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Whence:
    """Where a file came from.

    Attributes:
        origin: runs, command, versions.
        place: the file or folder that says so.
        changed: whether the file is no longer as it was written, as far as that can be told.
        runs: by id their state, or ``removed``, or ``gone``.
    """

    origin: Origin
    place: Path
    changed: bool
    runs: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return self.origin.to_json() | {"runs": self.runs, "told_by": str(self.place), "changed": self.changed}


def whence(path: Path, workspace: Workspace) -> Whence:
    """Return where a file or a folder came from; what lies in a run's own folder came from that run.

    Raises:
        PhospheneError: if it is not there, cannot be read, or nobody has said where it came from.
    """
    try:
        if not (path.is_file() or path.is_dir()):
            raise PhospheneError(f"{path} is no file" if path.exists() else f"there is no file {path}")
        known = provenance.found(path)
    except OSError as error:
        raise PhospheneError(f"{path} cannot be read: {error.strerror or error}") from error
    known = known or _within_run(path, workspace)
    if known is None:
        raise PhospheneError(
            f"{path} does not say where it came from: it was not written by Phosphene, or the file "
            f"{provenance.sidecar(path).name} that was beside it is missing or damaged"
        )
    return Whence(known.origin, known.place, known.changed, {run: _state(run, workspace) for run in known.origin.runs})


def _state(run: str, workspace: Workspace) -> str:
    for directory in workspace.directories():
        if directory.id == run:
            return directory.status().state
    return "removed" if any(one.id.rpartition("-")[0] == run for one in workspace.trashed()) else "gone"


def _within_run(path: Path, workspace: Workspace) -> provenance.Found | None:
    place = path.resolve()
    for run in workspace.directories():
        if place.is_relative_to(run.path.resolve()):
            try:
                record = run.record()
            except PhospheneError:
                return provenance.Found(Origin((run.id,)), run.path)
            return provenance.Found(Origin((run.id,), _command(record), record.versions), run.path)
    return None


def _command(record: RunRecord) -> str:
    declared = catalogue.experiments().get(record.experiment)
    if declared is None:
        return ""
    values = {name: wording.setting(value) for name, value in record.hyperparameters.items() if value is not None}
    return wording.command_line(declared, values | {"seed": str(record.seed)})


def repeatable(run: str, workspace: Workspace) -> None:
    """Check that a run can be run again as it was.

    Raises:
        PhospheneError: if it is not there, has not finished, or was changed while it went on.
    """
    state = _state(run, workspace)
    if state in {"removed", "gone"}:
        back = f": bring it back with phosphene restore {run}" if state == "removed" else " and cannot be run again"
        raise UnknownRun(f"run {run} is {state}{back}")
    if state != "finished":
        raise PhospheneError(f"run {run} is {state}: only a finished run can be run again and compared")
    directory = workspace.find(run)
    record = directory.record()
    if record.imported:
        raise PhospheneError(f"run {run} was imported: there is no program here that could run it again")
    catalogue.experiment(record.experiment)
    if changes := directory.history().changes:
        raise PhospheneError(
            f"{changes[0].name} of run {run} was changed while it went on, and a run of its values does not repeat that"
        )
