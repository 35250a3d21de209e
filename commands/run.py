"""``phosphene run EXPERIMENT``: one command per declared experiment, its options made from the declaration."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from engine import Experiment, FieldView, Hyperparameters


class Experiments(TyperGroup):
    """A group whose commands are the catalogue, read when one is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all experiments."""
        del ctx
        from engine import catalogue

        return list(catalogue.experiments())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of one experiment.

        Raises:
            UnknownExperiment: with the nearest name there is.
        """
        del ctx
        from engine import catalogue

        return self.command_of(catalogue.experiment(cmd_name))

    def command_of(self, experiment: Experiment) -> Any:
        """Build the command of one experiment."""
        return _command(experiment)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Complete a name, without building the commands of all experiments."""
        from engine import catalogue

        known = catalogue.experiments().values()
        names: dict[str, Any] = {each.name: TyperCommand(each.name, help=each.summary) for each in known}
        listed = TyperGroup(name=ctx.info_name, commands={**self.commands, **names}, params=self.params)
        return listed.shell_complete(typer.Context(listed, parent=ctx.parent, info_name=ctx.info_name), incomplete)


app = typer.Typer(
    cls=Experiments,
    no_args_is_help=True,
    help="Run an experiment here with live progress; Ctrl-C detaches, a second one stops it.",
    rich_markup_mode=None,
)

DETACH = Annotated[bool, typer.Option("--detach", "-d", help="Start it and return at once.")]
JSON = Annotated[bool, typer.Option("--json", help="Print one JSON document when the run ends.")]


def _command(experiment: Experiment) -> Any:
    """Build the command of an experiment: its hyperparameters, then what every run takes."""
    from engine import RunOptions, fields_of

    own, common = experiment.fields(), fields_of(RunOptions)

    def body(detach: bool, as_json: bool, **given: Any) -> None:
        from commands.watch import launch_and_watch

        chosen = typed(given)
        options = {field.name: chosen.pop(field.name) for field in common if field.name in chosen}
        raise typer.Exit(launch_and_watch(experiment, chosen, options, detach=detach, as_json=as_json))

    parameters = [
        *(parameter(field, experiment.hyperparameters) for field in own),
        *(parameter(field, RunOptions) for field in common),
    ]
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters += [
        inspect.Parameter("detach", keyword, default=False, annotation=DETACH),
        inspect.Parameter("as_json", keyword, default=False, annotation=JSON),
    ]
    body.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    body.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(experiment.name, help=experiment.summary)(body)
    return typer.main.get_command(single)


def parameter(field: FieldView, model: type[Hyperparameters]) -> inspect.Parameter:
    """Make one option; values pass as typed, so that the declaration alone checks them."""
    flag = field.name.replace("_", "-")
    facts = f"({', '.join(field.facts)})" if field.facts else ""
    shown = " ".join(part for part in (field.description, facts, f"[{field.show(field.default)}]") if part)
    if field.kind == "boolean":
        option = typer.Option(f"--{flag}/--no-{flag}", help=shown, show_default=False)
        annotation: Any = Annotated[bool | None, option]
    else:
        metavar = "|".join(field.choices) if field.choices else field.kind.upper()
        complete = _completion(field, model)
        option = typer.Option(
            f"--{flag}",
            help=shown,
            show_default=False,
            metavar="KEY=VALUE" if field.repeated else metavar,
            autocompletion=complete,
        )
        annotation = Annotated[list[str] | None if field.repeated else str | None, option]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def typed(given: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given, one that was given several times as one text."""
    texts = {name: " ".join(value) if isinstance(value, list) else value for name, value in given.items()}
    return {name: value for name, value in texts.items() if value is not None and given[name] != []}


def _completion(field: FieldView, model: type[Hyperparameters]) -> Any:
    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        from engine import suggestions_for

        given = {name: value for name, value in ctx.params.items() if name in model.model_fields and value is not None}
        choices = field.choices or suggestions_for(model, field.name, given)
        # Of several names, separated by commas, the last one is completed.
        before, comma, begun = incomplete.rpartition(",")
        begun = begun.lstrip()
        return [f"{before}{comma}{choice}" for choice in choices if choice.casefold().startswith(begun.casefold())]

    return complete
