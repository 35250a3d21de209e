"""``phosphene export`` and ``phosphene import``: runs in the formats of other programs, and their logs as runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commands.selection import JSON, SELECTION

FORMATS = ("csv", "json", "tensorboard")


def _complete(incomplete: str) -> list[str]:
    return [name for name in FORMATS if name.startswith(incomplete)]


def export(
    selection: SELECTION,
    to: Annotated[
        str, typer.Option("--to", metavar="FORMAT", help=f"One of {', '.join(FORMATS)}.", autocompletion=_complete)
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A folder, or for json a file; else a new one in the current folder."),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Write runs as CSV (curves.csv, runs.csv), as one JSON document, or as event files for TensorBoard."""
    from commands.output import emit, say
    from engine import Histories, PhospheneError, Workspace, exports, provenance, select

    histories = Histories()
    exports.require_format(to)
    runs, troubles = exports.exported(select(Workspace(), selection, histories), histories)
    path = output or provenance.free(Path("phosphene-export.json" if to == "json" else "phosphene-export"))
    try:
        troubles += exports.write(path, runs, to)
    except OSError as error:
        raise PhospheneError(f"{path} cannot be written: {error.strerror or error}") from error
    for trouble in troubles:
        say(trouble)
    if as_json:
        emit({"path": str(path.absolute()), "runs": [run.id for run in runs], "left_out": troubles})
    else:
        print(path)  # noqa: T201 - stdout is data


def import_logs(
    form: Annotated[str, typer.Argument(metavar="tensorboard|csv", help="Which program's logs they are.")],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A file, or a folder; every folder of it is a run.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="Name of the run; of several, before their own.")] = "",
    as_json: JSON = False,
) -> None:
    """Make finished runs of the logs of other programs, to compare them with those made here."""
    from commands.output import emit, say
    from engine import Workspace, imports

    runs, troubles = imports.take(Workspace(), form, path, name)
    for trouble in troubles:
        say(trouble)
    if as_json:
        emit({"runs": [run.id for run in runs], "left_out": troubles})
        return
    for run in runs:
        print(run.id)  # noqa: T201 - stdout is data
