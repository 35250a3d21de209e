"""``phosphene replicate``: further seeds of runs, so that what they show can be told from chance."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.compare import comparison_of
from commands.selection import GROUP, SELECTION


def replicate(
    selection: SELECTION,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="How many seeds each group is to have more.")] = 2,
    group: GROUP = "-seed",
    dry: Annotated[bool, typer.Option("--dry", help="Only say what would be launched.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Launch further seeds of runs, detached; what has been run already is not run again."""
    import asyncio

    from commands.output import emit, table
    from engine import Engine, Workspace, replicates

    async def launch() -> list[dict[str, object]]:
        engine = Engine()
        rows: list[dict[str, object]] = []
        for each in replicates(comparison_of(selection, group).groups, Workspace().list(), seeds):
            run = each.there.id if each.there else ""
            if not run and not dry:
                run = (await engine.launch(each.experiment, each.hyperparameters, each.options)).id
            what = "is there" if each.there else "would be launched" if dry else "launched"
            rows.append({"group": each.group.caption, "seed": each.seed, "run": run, "what": what})
        return rows

    rows = asyncio.run(launch())
    if as_json:
        emit(rows)
    else:
        table(["group", "seed", "run", ""], [[str(value) for value in row.values()] for row in rows])
