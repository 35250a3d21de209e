"""``phosphene runs``: the list of runs, filtered, ordered, and with columns of the user's choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.selection import JSON, complete_filter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine import Column, Histories, Listed

NEWEST = 30
"""How many runs are shown unless all are asked for."""


def _complete_state(incomplete: str) -> list[str]:
    from engine import wording

    return [state for state in wording.STATE_MARKS if state.startswith(incomplete)]


def list_runs(
    as_json: JSON = False,
    everything: Annotated[bool, typer.Option("--all", help=f"Show all, not only the first {NEWEST}.")] = False,
    state: Annotated[str, typer.Option(help="Show only those in this state.", autocompletion=_complete_state)] = "",
    where: Annotated[
        str,
        typer.Option(metavar="FILTER", help="Show only those it holds for.", autocompletion=complete_filter),
    ] = "",
    columns: Annotated[
        str, typer.Option(metavar="COLUMNS", help='Show these, e.g. "experiment,lr,max validation/accuracy".')
    ] = "",
    sort: Annotated[
        str, typer.Option(metavar="COLUMN", help="Order by a column, rising; with - before it, falling.")
    ] = "",
) -> None:
    """List the runs, newest first."""
    from commands.output import emit, say, table
    from engine import (
        Column,
        Histories,
        Workspace,
        absent_columns,
        parse_column,
        parse_columns,
        parse_filter,
        runs_in_order,
        wording,
    )

    if state and state not in wording.STATE_MARKS:
        raise typer.BadParameter(f"{state!r} is none of {', '.join(wording.STATE_MARKS)}", param_hint="--state")
    wanted, chosen = parse_filter(where), parse_columns(columns)
    histories = Histories()
    every = Workspace().list()
    found = [run for run in every if state in {"", run.status.state} and wanted.matches(run, histories)]
    column = parse_column(sort.removeprefix("-")) if sort else None
    if column:
        found = runs_in_order(found, column, histories, falling=sort.startswith("-"))
    for trouble in absent_columns([*chosen, *([column] if column else [])], found, histories):
        say(trouble)
    if as_json:
        emit([summary(run) | _values(run, chosen, histories) for run in found])
        return
    shown = found if everything else found[:NEWEST]
    if shown and chosen:
        table(["run", *map(str, chosen)], [_chosen(run, chosen, histories) for run in shown])
    elif shown:
        table(["run", "state", "done", "ago", "result", "note, changed values"], map(_row, shown))
    if len(found) > len(shown):
        say(f"and {len(found) - len(shown):,} {'more' if sort else 'older ones'}: phosphene runs --all")
    if not found:
        for trouble in absent_columns([Column(name) for name in wanted.fields], every, histories):
            say(trouble)
        say("no run is meant by that" if every else "no runs yet; start one: phosphene run cnn")


def _values(run: Listed, columns: Sequence[Column], histories: Histories) -> dict[str, Any]:
    """Return the values of the columns for scripts, null where a run has none."""
    from engine import MISSING

    values = {str(column): column.value(run, histories) for column in columns}
    return {"columns": {name: None if one is MISSING else one for name, one in values.items()}} if columns else {}


def _chosen(run: Listed, columns: Sequence[Column], histories: Histories) -> list[str]:
    return [run.id, *(column.shown(column.value(run, histories)) for column in columns)]


def _row(run: Listed) -> list[str]:
    from engine import catalogue, wording

    status, record = run.status, run.record
    headline = catalogue.headline_of(record.experiment) if record else ""
    result = f"{headline} {wording.figure(status.result[headline])}" if headline in status.result else ""
    progress = wording.share(status.step, status.total)
    started = wording.ago(record.created) if record else ""
    note = run.name if record and status.state not in {"failed", "crashed"} else ""
    note = note or ("" if status.state in {"running", "finished"} else status.reason)
    declared = catalogue.experiments().get(record.experiment) if record else None
    if record and declared is None and not record.imported:
        note = "; ".join(filter(None, [f"experiment {record.experiment} is not installed", note]))
    changed = declared.changed(record.hyperparameters, record.seed) if record and declared else {}
    noted = " ".join(" ".join([note, *(f"#{tag}" for tag in run.annotations.tags)]).split())
    told = ", ".join(filter(None, [noted, *(f"{name} {value}" for name, value in changed.items())]))
    mark = f"{wording.STATE_MARKS[status.state]} {status.state}"
    return [run.id, mark, progress, started, result, told]


def summary(run: Listed) -> dict[str, Any]:
    """Return what scripts need of a run in a list."""
    status, record = run.status, run.record
    return {
        "id": run.id,
        "state": status.state,
        "reason": status.reason,
        "experiment": record.experiment if record else None,
        "name": run.name if record else None,
        "tags": run.annotations.tags,
        "note": run.annotations.note,
        "created": record.created if record else None,
        "seed": record.seed if record else None,
        "hyperparameters": record.hyperparameters if record else None,
        "step": status.step,
        "total": status.total,
        "eta": status.eta,
        "result": status.result,
    }
