"""``phosphene cuts MODEL``: where a network can be cut."""

from __future__ import annotations

from typing import Annotated

import typer


def _complete(incomplete: str) -> list[str]:
    from engine import network_names

    return [name for name in (network_names.SMALL_CNN, *network_names.ARCHITECTURES) if name.startswith(incomplete)]


def cuts(
    model: Annotated[str, typer.Argument(help="A network's name, as in vgg16.", autocompletion=_complete)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List where a network can be cut, with the shape there and the classifier cuts that fit; needs no weights."""
    from commands.output import emit, say, table
    from engine import Workspace, cut_tables

    found = cut_tables.cut_table(model, Workspace().cache)
    takes = {cut.name: [end for end, starts in found.fits.items() if cut.name in starts] for cut in found.cuts}
    if as_json:
        emit(
            [
                {"name": c.name, "node": c.node, "shape": list(c.shape), "size": c.size, "behind": c.behind}
                | {"fits": takes[c.name]}
                for c in found.cuts
            ]
        )
        return
    table(
        ["cut", "torchvision's name", "shape", "values", "fits before"],
        [
            [cut.name, cut.node, "x".join(map(str, cut.shape)), f"{cut.size:,}", _fits(cut.behind, takes[cut.name])]
            for cut in found.cuts
        ],
    )
    say("\nother places are found by torchvision's names, as layer1.0.conv1, and by slices, as classifier[:-2]")


def _fits(behind: bool, ends: list[str]) -> str:
    return "(in the classifier)" if behind else ", ".join(ends) or "nothing"
