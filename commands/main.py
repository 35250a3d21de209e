"""The grammar of the command ``phosphene``. The bodies live in the other modules and import late."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from commands import (
    annotate,
    compare,
    cuts,
    data,
    doctor,
    experiments,
    export,
    listing,
    outline,
    picture,
    queue,
    replicate,
    report,
    run,
    runs,
    serve,
    study,
    sweep,
    sweeps,
    verify,
)


class Grammar(TyperGroup):
    """The commands in the order in which a user meets them, not in that of their kinds."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return sorted(super().list_commands(ctx), key=ORDER.index)


ORDER = (
    *("run", "runs", "show", "picture", "follow", "stop", "resume", "set", "queue", "remove", "restore"),
    *("compare", "chart", "replicate", "report", "outline"),
    *("sweep", "sweeps", "study"),
    *("export", "import", "whence", "verify"),
    *("tag", "note", "rename"),
    *("experiments", "cuts", "data", "doctor", "serve"),
)

app = typer.Typer(
    cls=Grammar,
    name="phosphene",
    help="A workbench in the terminal for the classic experiments of deep vision. Without a command it opens.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    # Hyperparameters may be written as they are called, too: --preview_every.
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": lambda token: token.replace("_", "-"),
    },
)


def _version(wanted: bool) -> None:
    if wanted:
        from engine.version import VERSION

        print(f"phosphene {VERSION}")  # noqa: T201 - stdout is data
        raise typer.Exit


@app.callback(invoke_without_command=True)
def workbench(
    context: typer.Context,
    images: Annotated[
        str, typer.Option(help="How pictures are drawn: auto, kitty, sixel, halfcell or ascii; remembered.")
    ] = "",
    theme: Annotated[str, typer.Option(help="Colour theme of the workbench; remembered.")] = "",
    read_only: Annotated[bool, typer.Option("--read-only", help="Only look: no run is started or changed.")] = False,
    browser: Annotated[bool, typer.Option("--browser", hidden=True)] = False,
    version: Annotated[  # noqa: ARG001 - served by its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Open the workbench, unless a command follows."""
    if context.invoked_subcommand is None:
        from tui import open_workbench

        raise typer.Exit(open_workbench(images=images, theme=theme, read_only=read_only, browser=browser))
    if read_only:
        raise typer.BadParameter("only the workbench has it: no command may follow", param_hint="--read-only")


app.add_typer(run.app, name="run")
app.command("runs")(listing.list_runs)
app.command("show")(runs.show)
app.command("picture")(picture.picture)
app.command("follow")(runs.follow)
app.command("stop")(runs.stop)
app.command("resume")(runs.resume)
app.command("set")(runs.set_values)
app.add_typer(queue.app, name="queue")
app.command("remove")(runs.remove)
app.command("restore")(runs.restore)
app.command("compare")(compare.compare)
app.command("chart")(compare.chart)
app.command("replicate")(replicate.replicate)
app.command("report")(report.report)
app.add_typer(outline.app, name="outline")
app.add_typer(sweep.app, name="sweep")
app.command("sweeps")(sweeps.list_sweeps)
app.command("export")(export.export)
app.command("import")(export.import_logs)
app.command("whence")(verify.whence)
app.command("verify")(verify.verify)
app.add_typer(study.app, name="study")
# Tags to be taken away look like options: nothing but --help is one.
app.command("tag", context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})(annotate.tag)
app.command("note")(annotate.note)
app.command("rename")(annotate.rename)
app.command("experiments")(experiments.experiments)
app.command("cuts")(cuts.cuts)
app.add_typer(data.app, name="data")
app.command("doctor")(doctor.doctor)
app.command("serve")(serve.serve)
