"""``phosphene queue``: what runs and what waits on the devices of this host, and moving what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from commands.runs import do
from commands.selection import JSON, RUN

if TYPE_CHECKING:
    from engine import Place, Workspace

app = typer.Typer(help="Show what runs and what waits on each device of this host, and in Slurm; move what waits.")


@app.callback(invoke_without_command=True)
def show(context: typer.Context, as_json: JSON = False) -> None:
    """Show what runs and what waits on each device of this host, and in Slurm, in order; move what waits."""
    import asyncio

    from commands.output import emit, say, table
    from engine import Engine

    if context.invoked_subcommand is not None:
        return
    engine = Engine()
    entries = [_entry(engine.workspace, place) for place in asyncio.run(engine.queue())]
    if as_json:
        emit(entries)
    elif entries:
        table(["device", "place", "run", "state", "for", "behind", "name"], map(_row, entries))
    else:
        say("nothing runs or waits on this host")


def _entry(workspace: Workspace, place: Place) -> dict[str, Any]:
    from engine import PhospheneError, Run, name_of

    run = Run(workspace.runs / place.run)
    try:
        experiment = run.record().experiment
    except PhospheneError:  # another user's
        experiment = ""
    return {
        "device": place.device,
        "position": place.position,
        "id": place.run,
        "name": name_of(run),
        "experiment": experiment,
        "state": place.state,
        "since": place.since,
        "behind": place.behind,
        "reason": place.reason,
    }


def _row(entry: dict[str, Any]) -> list[str]:
    from engine import wording

    position = wording.ordinal(entry["position"]) if entry["position"] else ""
    state = f"{wording.STATE_MARKS[entry['state']]} {entry['state']}"
    since, behind = wording.ago(entry["since"]), wording.short_id(entry["behind"]) or entry["reason"]
    return [entry["device"], position, entry["id"], state, since, behind, entry["name"]]


@app.command("move")
def move(
    run: RUN,
    where: Annotated[
        Literal["up", "down", "first", "last"],
        typer.Argument(metavar="up|down|first|last", help="By one place, or to an end of those that wait."),
    ],
) -> None:
    """Move a waiting run among those that wait for its device."""
    from commands.output import say
    from engine import wording

    place: Place = do(lambda engine, found: engine.move(found, where), run)
    say(f"{place.run} is {wording.place(place.position, place.behind)}")
