"""``phosphene experiments``: what there is to run."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from engine import Experiment


def _complete(incomplete: str) -> list[str]:
    from engine import catalogue

    return [name for name in catalogue.experiments() if name.startswith(incomplete)]


def experiments(
    name: Annotated[str, typer.Argument(help="Show the page of this one.", autocompletion=_complete)] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, with the schema of the hyperparameters.")
    ] = False,
) -> None:
    """List the experiments, or show the page of one, with its hyperparameters."""
    from commands.output import emit, say, table, tell
    from engine import catalogue, page_of

    if as_json:
        known = catalogue.experiments().values()
        emit(_document(catalogue.experiment(name)) if name else [_document(each) for each in known])
    elif name:
        found = catalogue.experiment(name)
        say(f"{found.title} ({found.family}): {found.summary}\n")
        tell(f"{page_of(found)}\n")
        table(
            ["hyperparameter", "default", "allowed", "meaning"],
            [
                [
                    field.name,
                    field.show(field.default),
                    "|".join(field.choices) or field.bounds or field.kind,
                    field.description + (f", in {field.unit}" if field.unit else "") + ("; live" if field.live else ""),
                ]
                for field in found.fields()
            ],
        )
        say(f"\nrun it: phosphene run {found.name}")
    else:
        known = catalogue.experiments().values()
        table(["experiment", "family", "summary"], [[each.name, each.family, each.summary] for each in known])


def _document(experiment: Experiment) -> dict[str, Any]:
    return {
        "name": experiment.name,
        "title": experiment.title,
        "family": experiment.family,
        "summary": experiment.summary,
        "headline": asdict(experiment.headline) if experiment.headline else None,
        "page": asdict(experiment.page) if experiment.page else None,
        "hyperparameters": experiment.hyperparameters.model_json_schema(),
    }
