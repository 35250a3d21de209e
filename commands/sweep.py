"""``phosphene sweep EXPERIMENT``: many runs that differ in a few values; ``sweep show`` and others look after them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import sweeps
from commands.run import Experiments, parameter, typed
from commands.sweeps import DRY, budget_of, pairs

if TYPE_CHECKING:
    from engine import Experiment, Planned, SweepAsked

OVER = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FIELD=VALUES",
        help="An axis: nz=2,10,1000; lr=log:1e-5..1e-2 (:10 is the factor between values); ngf=8..256:8 (by steps of "
        "8); loss=* (every choice); values that hold commas are separated by ;. Repeat it for more axes.",
    ),
]
ZIP = Annotated[
    list[str] | None,
    typer.Option("--zip", metavar="FIELDS=ROWS", help='Fields that vary together: "ngf,ndf=256,32;8,256".'),
]


class Sweeping(Experiments):
    """The commands that look after sweeps, and one for each experiment."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands, then those of all experiments."""
        return [*self.commands, *super().list_commands(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command that looks after sweeps, or that of an experiment."""
        return self.commands.get(cmd_name) or super().get_command(ctx, cmd_name)

    def command_of(self, experiment: Experiment) -> Any:
        """Build the command that sweeps over an experiment."""
        return _command(experiment)


app = typer.Typer(
    cls=Sweeping,
    no_args_is_help=True,
    help="Launch many runs of an experiment that differ in a few values, compare them, and widen them later.",
    rich_markup_mode=None,
)


def _options(
    over: OVER = None,
    together: ZIP = None,
    seeds: Annotated[int, typer.Option(help="Seeds of each combination; the first is run everywhere first.")] = 1,
    by: Annotated[str, typer.Option(metavar="grid|random|tpe", help="How combinations are chosen.")] = "grid",
    trials: Annotated[int, typer.Option(help="How many combinations; 0 for all of a grid.")] = 0,
    metric: Annotated[
        str, typer.Option(metavar="COLUMN", help='What is judged, e.g. "max validation/accuracy"; else the headline.')
    ] = "",
    prune: Annotated[
        str, typer.Option(metavar="median|percentile", help="Give runs up that are worse than others at equal epochs.")
    ] = "",
    parallel: Annotated[int, typer.Option(help="How many runs wait or run at once.")] = 1,
    per_job: Annotated[int, typer.Option(help="How many runs a job of Slurm carries out, one after the other.")] = 1,
    budget: Annotated[str, typer.Option(metavar="TIME", help="Running time of all runs together: 2h, 90m.")] = "",
    retries: Annotated[int, typer.Option(help="How often a run that failed is resumed.")] = 0,
    stop_after: Annotated[int, typer.Option(help="Failures in a row after which no more is launched.")] = 0,
    reuse: Annotated[
        bool, typer.Option("--reuse/--no-reuse", help="Take runs of equal configuration instead of running them again.")
    ] = True,
    dry: DRY = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Start it and return at once.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Describe the options that every sweep takes."""
    del (
        over,
        together,
        seeds,
        by,
        trials,
        metric,
        prune,
        parallel,
        per_job,
        budget,
        retries,
        stop_after,
        reuse,
        dry,
        detach,
    )
    del as_json


def _command(experiment: Experiment) -> Any:
    """Build the command of an experiment: the sweep's own options, then those of a run."""
    from engine import RunOptions, fields_of

    own = inspect.signature(_options, eval_str=True).parameters
    fields = [field for field in experiment.fields() if field.name not in own]
    common = fields_of(RunOptions)

    def body(**given: Any) -> None:
        sweeping = {name: given.pop(name) for name in own}
        chosen = typed(given)
        options = {field.name: chosen.pop(field.name) for field in common if field.name in chosen}
        raise typer.Exit(_start(experiment, chosen, options, sweeping))

    parameters = [
        *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own.values()),
        *(parameter(field, experiment.hyperparameters) for field in fields),
        *(parameter(field, RunOptions) for field in common),
    ]
    body.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    body.__annotations__ = {one.name: one.annotation for one in parameters}
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(experiment.name, help=f"Sweep: {experiment.summary}")(body)
    return typer.main.get_command(single)


def _start(experiment: Experiment, chosen: dict[str, Any], options: dict[str, Any], sweeping: dict[str, Any]) -> int:
    import asyncio

    from commands.output import emit, say
    from commands.watch import watch_sweep
    from engine import InvalidHyperparameters, Sweeps

    if not (sweeping["over"] or sweeping["together"] or sweeping["seeds"] > 1):
        raise InvalidHyperparameters({"over": "a sweep needs an axis, as in --over lr=1e-4,1e-3, or --seeds 3"})
    sweeps = Sweeps()
    planned = asyncio.run(sweeps.plan(_asked(experiment, chosen, options, sweeping)))
    as_json = sweeping["as_json"]
    if sweeping["dry"]:
        _tell(planned, data=True, as_json=as_json)
        return 0
    if not as_json:
        _tell(planned, data=False, as_json=False)
    sweep = asyncio.run(sweeps.launch(planned))
    if sweeping["detach"]:
        if as_json:
            emit({"id": sweep.id, "state": sweep.status().state})
        else:
            say(f"started; watch it: phosphene sweep follow {sweep.id}")
            print(sweep.id)  # noqa: T201 - stdout is data
        return 0
    return watch_sweep(sweeps, sweep, as_json=as_json)


def _asked(
    experiment: Experiment, chosen: dict[str, Any], options: dict[str, Any], sweeping: dict[str, Any]
) -> SweepAsked:
    from engine import SweepAsked

    plain = ("seeds", "by", "trials", "metric", "prune", "parallel", "per_job", "retries", "stop_after", "reuse")
    return SweepAsked(
        experiment.name,
        chosen,
        pairs(sweeping["over"], "--over"),
        pairs(sweeping["together"], "--zip"),
        budget=budget_of(sweeping["budget"]),
        options=options,
        name=options.pop("name", ""),
        **{name: sweeping[name] for name in plain},
    )


def _tell(planned: Planned, *, data: bool, as_json: bool) -> None:
    """Say what a sweep would be, on stderr; where that is all that was asked for, as data on stdout."""
    from dataclasses import asdict

    from commands.output import emit, say, tell
    from engine import sweep_wording

    if as_json:
        record = planned.record.to_json()
        emit({"asked": record} | {key: value for key, value in asdict(planned).items() if key != "record"})
        return
    for line in sweep_wording.plan(planned):
        if data:
            tell(line)
        else:
            say(line)


for _function in (sweeps.show, sweeps.follow, sweeps.stop, sweeps.resume, sweeps.extend, sweeps.remove):
    app.command(_function.__name__)(_function)
