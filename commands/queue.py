"""``phosphene queue``: what runs and what waits on the devices of this host, and the order of those that wait."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

import typer

from commands.selection import JSON, RUN

app = typer.Typer(help="Show what runs and what waits on each device of this host; move what waits.")

Where = Literal["up", "down", "first", "last"]


@app.callback(invoke_without_command=True)
def show(context: typer.Context, as_json: JSON = False) -> None:
    """Show what runs and what waits on each device of this host, in order."""
    import asyncio

    from commands.output import emit, say, table
    from engine import Engine, wording

    if context.invoked_subcommand is not None:
        return
    rows = [_row(engine := Engine(), place) for place in asyncio.run(Engine().queue())]
