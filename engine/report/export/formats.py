"""The formats in which runs are exported, and the files of each."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from engine.errors import DiskFull, PhospheneError, is_full_disk
from engine.provenance import Origin, write_whole
from engine.report.export import csv_files, document, event_files
from engine.report.export.runs import Exported, exported

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FORMATS = ("csv", "json", "tensorboard")
__all__ = ["FORMATS", "Exported", "exported", "require_format", "write"]


def require_format(form: str) -> None:
    """Check the name of a format.

    Raises:
        PhospheneError: naming those there are.
    """
    if form not in FORMATS:
        raise PhospheneError(f"{form!r} is no format; there are: {', '.join(FORMATS)}")


def write(path: Path, runs: Sequence[Exported], form: str) -> list[str]:
    """Write runs, with where they came from; files of an earlier export at that place are replaced.

    Args:
        path: a file for ``json``, a folder for others.
        runs: in their order.
        form: one of `FORMATS`.

    Returns:
        What had to be left out, a sentence each.

    Raises:
        DiskFull: if there is no room for them.
        OSError: if they cannot be written for another reason.
    """
    require_format(form)
    try:
        return _write(path, runs, form)
    except OSError as error:
        if is_full_disk(error):
            raise DiskFull(f"{path} cannot be written: the disk is full, free some space") from error
        raise


def _write(path: Path, runs: Sequence[Exported], form: str) -> list[str]:
    ids = [run.id for run in runs]
    origin = Origin.of(ids, "export", *ids, "--to", form)
    if form == "json":
        write_whole(path, lambda file, _: document.write(file, runs), origin)
        return []
    new = not path.exists()
    path.mkdir(parents=True, exist_ok=True)
    try:
        return _fill(path, runs, form, origin)
    except OSError:
        if new:
            shutil.rmtree(path, ignore_errors=True)
        raise


def _fill(path: Path, runs: Sequence[Exported], form: str, origin: Origin) -> list[str]:
    """Write the files of a format into a folder; return what had to be left out."""
    if form == "tensorboard":
        left_out = event_files.write(path, runs)
        origin.write_beside(path)
        return left_out
    for name, fill in (("curves.csv", csv_files.write_long), ("runs.csv", csv_files.write_wide)):
        write_whole(path / name, lambda file, _, fill=fill: fill(file, runs), origin)  # type: ignore[misc]
    return []
