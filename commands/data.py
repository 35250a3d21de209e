"""``phosphene data``: which data sets there are, fetching and verifying them."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="List, fetch and verify data sets.", no_args_is_help=True, rich_markup_mode=None)


def _complete(incomplete: str) -> list[str]:
    from engine import sources

    return [name for name in sources.SOURCES if name.startswith(incomplete)]


NAME = Annotated[str, typer.Argument(help="A data set.", autocompletion=_complete)]


@app.command("list")
def list_data(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the data sets and whether they are there."""
    from commands.output import emit, say, table
    from engine import sources

    found = [(source, sources.present(source.name)) for source in sources.SOURCES.values()]
    if as_json:
        emit(
            [
                {"name": s.name, "summary": s.summary, "size": s.size, "present": there, "origin": s.origin}
                for s, there in found
            ]
        )
        return
    table(
        ["data set", "there", "size", "summary"],
        [[s.name, "yes" if there else f"no: {s.obtain}", s.size, s.summary] for s, there in found],
    )
    say(f"\ndata folder: {sources.data_folder()} (set PHOSPHENE_DATA to use another)")


@app.command()
def fetch(name: NAME) -> None:
    """Download a data set into the data folder and check it."""
    from commands.output import say
    from engine import sources

    sources.fetch(name)
    say(f"{name} is in {sources.data_folder()}")


@app.command()
def verify(name: NAME) -> None:
    """Compare the checksums of a data set's files; exit status 1 if one is missing or wrong."""
    from commands.output import say, table
    from engine import sources

    checks = sources.verify(name)
    if not checks:
        say(f"{name}: {sources.source(name).obtain}")
        return
    table(["file", "state"], [[str(check.path), check.state] for check in checks])
    if any(check.state != "whole" for check in checks):
        raise typer.Exit(1)
