"""The formats from which runs are made, and the runs of a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import PhospheneError
from engine.record.annotations import checked_name
from engine.record.foreign import write_run
from engine.report.imports import csv_files, event_files

if TYPE_CHECKING:
    from pathlib import Path

    from engine.record.run_directory import RunDirectory
    from engine.record.workspace import Workspace

READERS = {"tensorboard": event_files.read, "csv": csv_files.read}


def take(workspace: Workspace, form: str, path: Path, name: str = "") -> tuple[list[RunDirectory], list[str]]:
    """Make finished runs of the logs of another program.

    Args:
        workspace: where they are to lie.
        form: one of `READERS`.
        path: of a file or a folder.
        name: of the run; of several runs the part of their names before their own.

    Returns:
        The runs, and a sentence on everything that could not be read.

    Raises:
        PhospheneError: if there is no such format, nothing to take, or a name that cannot be one.
        WorkspaceError, DiskFull: if a run cannot be written.
    """
    if form not in READERS:
        raise PhospheneError(f"{form!r} is no format; there are: {', '.join(READERS)}")
    try:
        if not path.exists():
            raise PhospheneError(f"there is nothing at {path}")
        logs, troubles = READERS[form](path)
    except OSError as error:
        raise PhospheneError(f"{path} cannot be read: {error.strerror or error}") from error
    logs = [log for log in logs if log.points or log.pictures]
    if not logs:
        raise PhospheneError("; ".join([f"{path} holds neither curves nor pictures that could be taken", *troubles]))
    seeds: dict[str, int] = {}
    runs = []
    for log in logs:
        source = log.source or log.name
        log.seed = seeds[source] = seeds.get(source, -1) + 1
        log.name = checked_name(f"{name}/{log.name}" if name and len(logs) > 1 else name or log.name)
    for log in logs:
        run, more = write_run(workspace, log, f"imported from {path.absolute()}")
        runs.append(run)
        troubles += more
    return runs, troubles
