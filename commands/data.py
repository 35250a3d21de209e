"""``phosphene data``: which data sets there are, fetching and verifying them, cached features, decoded images."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    help="List, fetch and verify data sets; list and clear cached features.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _complete(incomplete: str) -> list[str]:
    from engine import dataset_catalogue

    return [name for name in dataset_catalogue.datasets() if name.startswith(incomplete)]


MEBIBYTE = 1 << 20
NAME = Annotated[str, typer.Argument(help="A data set.", autocompletion=_complete)]


@app.command("list")
def list_data(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the data sets and whether they are there."""
    from commands.output import emit, say, table
    from engine import Workspace, dataset_catalogue, feature_cache, sources

    found = [(source, sources.present(source.name)) for source in dataset_catalogue.datasets().values()]
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
    say("folder:PATH takes a tree of your own: {train,test}/<class>/* or <class>/*")
    say(f"\ndata folder: {sources.data_folder()} (set PHOSPHENE_DATA to use another)")
    entries = feature_cache.entries(Workspace().cache)
    if entries:
        bytes_ = sum(entry.bytes for entry in entries)
        say(f"cached features: {bytes_ / MEBIBYTE:,.0f} MiB (see phosphene data features)")
    if decoded := sum(entry.bytes for entry in feature_cache.entries(Workspace().cache, feature_cache.DECODED)):
        say(f"decoded images: {decoded / MEBIBYTE:,.0f} MiB (phosphene data clear removes them)")


@app.command()
def features(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the cached features, the most recently used first."""
    from commands.output import emit, say, table
    from engine import Workspace, feature_cache, wording

    entries = feature_cache.entries(Workspace().cache)
    if as_json:
        emit([{**entry.about, "bytes": entry.bytes, "used": entry.used, "path": str(entry.path)} for entry in entries])
        return
    if entries:
        table(
            ["features of", "part", "used", "MiB", "by"],
            [
                [
                    e.about.get("dataset", "?"),
                    e.about.get("part", "?"),
                    f"{wording.ago(e.used)} ago",
                    f"{e.bytes / MEBIBYTE:,.1f}",
                    e.about.get("model", "?"),
                ]
                for e in entries
            ],
        )
    limit = feature_cache.limit() / MEBIBYTE
    say(f"{len(entries)} cached; the oldest are removed above {limit:,.0f} MiB (set PHOSPHENE_CACHE_GIB)")


@app.command()
def clear() -> None:
    """Remove the cached features and decoded images; they are computed again when they are needed."""
    from commands.output import say
    from engine import Workspace, feature_cache

    cache = Workspace().cache
    features_, decoded = (feature_cache.clear(cache, kind) for kind in (feature_cache.FOLDER, feature_cache.DECODED))
    say(f"{features_ / MEBIBYTE:,.0f} MiB of features and {decoded / MEBIBYTE:,.0f} MiB of decoded images removed")


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
    from engine import dataset_catalogue, sources

    checks = sources.verify(name)
    if not checks:
        say(f"{name}: {dataset_catalogue.dataset(name).obtain}")
        return
    table(["file", "state"], [[str(check.path), check.state] for check in checks])
    if any(check.state != "whole" for check in checks):
        raise typer.Exit(1)
