"""What several commands take: a run, a selection of runs, JSON; and what the TAB key offers for them."""

from __future__ import annotations

from typing import Annotated

import typer


def complete_run(incomplete: str) -> list[str]:
    """Return the ids of runs that begin so, and ``last``."""
    from engine import Workspace

    return [name for name in ["last", *(run.id for run in Workspace().directories())] if name.startswith(incomplete)]


def complete_filter(incomplete: str) -> list[tuple[str, str]]:
    """Return how a filter may go on, each with what it means."""
    from engine import Workspace, complete_filter

    found = complete_filter(incomplete, len(incomplete), Workspace().list())
    return [(f"{incomplete[: each.start]}{each.value}", each.meaning) for each in found]


def complete_selection(incomplete: str) -> list[tuple[str, str]]:
    """Return the runs that begin so, and how a filter may go on."""
    named = [(name, "") for name in complete_run(incomplete)]
    return named if incomplete and named else named + complete_filter(incomplete)


def complete_trashed(incomplete: str) -> list[str]:
    """Return the removed runs that begin so."""
    from engine import Workspace

    return [name for name in ["last", *(run.id for run in Workspace().trashed())] if name.startswith(incomplete)]


RUN = Annotated[
    str,
    typer.Argument(metavar="RUN", help="An id, a part of one, a name, or last.", autocompletion=complete_run),
]
SELECTION = Annotated[
    list[str],
    typer.Argument(
        metavar="SELECTION",
        help="Runs by name, or a filter such as experiment=dcgan nz>=10 tag:good; put < > ( ) in quotes.",
        autocompletion=complete_selection,
    ),
]
GROUP = Annotated[
    str, typer.Option(metavar="FIELDS", help="What keeps runs apart: all but -seed, these alone, or none.")
]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FORMATS = ("text", "json", "csv", "md", "latex")
"""How tables are printed."""


def _complete_format(incomplete: str) -> list[str]:
    return [name for name in FORMATS if name.startswith(incomplete)]


FORMAT = Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.", autocompletion=_complete_format)]
AS_JSON = Annotated[bool, typer.Option("--json", help="The same as --format json.")]


def format_of(form: str, *, as_json: bool) -> str:
    """Return the format that is asked for by either option.

    Raises:
        BadParameter: if there is no such format.
    """
    form = "json" if as_json else form
    if form not in FORMATS:
        raise typer.BadParameter(f"{form!r} is none of {', '.join(FORMATS)}", param_hint="--format")
    return form


def require_both(rows: str, columns: str) -> None:
    """Check that the fields of a pivot are both named, or neither, and are two.

    Raises:
        BadParameter: naming the one that is missing, or the same.
    """
    if bool(rows) != bool(columns):
        raise typer.BadParameter("--rows and --columns go together", param_hint="--rows" if columns else "--columns")
    if rows and rows == columns:
        raise typer.BadParameter("name another field than --rows does", param_hint="--columns")
