"""The commands about runs that exist: show, follow, stop, resume, set, remove, restore."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.selection import JSON, RUN, complete_filter, complete_run, complete_trashed

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from engine import Engine, History, Run


def show(
    run: RUN,
    table_name: Annotated[str, typer.Option("--table", help="Print this table of the run, as CSV into a pipe.")] = "",
    plot: Annotated[str, typer.Option("--plot", help="Draw this plot of the run in the terminal.")] = "",
    form: Annotated[str, typer.Option("--format", help="Print the table as md, latex or csv.")] = "",
    step: Annotated[int, typer.Option("--step", help="Of which step the plot is; the newest if 0.", min=0)] = 0,
    as_json: JSON = False,
) -> None:
    """Show everything known of a run, or one of its tables or plots; of a sweep, what it has come to."""
    from commands.output import emit, table
    from commands.sweeps import meant_sweep, print_sweep
    from engine import Sweeps

    if not (table_name or plot) and (sweep := meant_sweep(run)):
        print_sweep(Sweeps(), sweep, "json" if as_json else form or "text")
        return
    found, history = do(_history, run)
    if table_name and plot:
        raise typer.BadParameter("choose one of --table and --plot", param_hint="--plot")
    if form and (as_json or not table_name):
        raise typer.BadParameter("is the format of a table: add --table NAME, without --json", param_hint="--format")
    if table_name:
        _show_table(found, history, table_name, "json" if as_json else form)
    elif plot:
        _show_plot(found, history, plot, step, as_json)
    elif as_json:
        emit(_document(found, history))
    else:
        table(["", ""], _rows(found, history))


async def _history(engine: Engine, run: Run) -> tuple[Run, History]:
    return run, await engine.history(run)


def _document(run: Run, history: History) -> dict[str, Any]:
    from engine import job_of, read_annotations

    record, status, started = run.record(), run.status(), history.started
    worker, added = status.worker, read_annotations(run)
    return record.to_json() | {
        "name": record.name if added.name is None else added.name,
        "tags": added.tags,
        "note": added.note,
        "state": status.state,
        "reason": status.reason,
        "step": status.step,
        "total": status.total,
        "eta": status.eta,
        "code": {"version": started.version, "folder": started.folder} if started else None,
        "on": {"device": on.device, "gpu": on.name, "uuid": on.uuid} if (on := history.device) else None,
        "memory": {"host": history.peak_memory, "gpu": history.peak_device_memory},
        "waiting": history.waiting(status.changed),
        "starting": history.starting(status.changed),
        "running": history.running(status.changed),
        "live": history.live,
        "metrics": history.latest,
        "result": history.results,
        "images": {name: {step: one.file for step, one in own.items()} for name, own in history.images.items()},
        "plots": {name: {step: one.file for step, one in own.items()} for name, own in history.plots.items()},
        "tables": {name: one.file for name, one in history.tables.items()},
        "checkpoint": history.checkpoint.file if history.checkpoint else None,
        "messages": [message.text for message in history.messages],
        "output": run.output_tail(),
        "damaged": history.damaged,
        "worker": {"pid": worker.pid, "host": worker.host, "attempt": status.attempt} if worker else None,
        "job": job.to_json() if (job := job_of(run)) else None,
    }


def _rows(run: Run, history: History) -> list[list[str]]:
    from engine import job_of, read_annotations, wording

    record, status, added = run.record(), run.status(), read_annotations(run)
    name = record.name if added.name is None else added.name
    figure, clock = wording.figure, wording.clock
    reason = f": {status.reason}" if status.reason else ""
    launched, device = f"{wording.ago(record.created)} ago", wording.on_device(record.device, history.device)
    rows = [
        ["run", f"{record.id}{f'  {name}' if name else ''}"],
        ["state", f"{wording.STATE_MARKS[status.state]} {status.state}{reason}"],
        ["experiment", f"{record.experiment} on {device}, seed {record.seed}, {launched}"],
        ["time", wording.spans(history)],
    ]
    rows += [["memory", peaks]] if (peaks := wording.peaks(history)) else []
    rows += [["tags", " ".join(f"#{tag}" for tag in added.tags)]] if added.tags else []
    rows += [["note", added.note]] if added.note else []
    if status.total:
        left = wording.left(status.eta) if status.state == "running" else ""
        rows.append(["steps", f"{status.step:,} of {status.total:,}{left and f', {left}'}"])
    for name, value in record.hyperparameters.items():
        now = f"{history.live[name]} (launched with {value})" if name in history.live else value
        rows.append(["hyperparameter", f"{name} = {now}"])
    rows += [["result", f"{name} = {figure(value)}"] for name, value in history.results.items()]
    rows += [["latest", f"{name} = {figure(value)}"] for name, value in history.latest.items()]
    rows += [["pictures", f"{name}: {len(steps)} in images/"] for name, steps in history.images.items()]
    rows += [["plots", f"{name}: {len(steps)}; draw it with --plot"] for name, steps in history.plots.items()]
    rows += [["table", one.file] for one in history.tables.values()]
    rows += [["message", message.text] for message in history.messages]
    rows += [["output", line] for line in run.output_tail()]
    if history.damaged:
        rows.append(["damaged", f"{history.damaged} records were skipped: their checksums are wrong"])
    if started := history.started:
        rows.append(["code", f"Phosphene {started.version} in {started.folder}, {started.threads} CPU threads"])
    if status.worker:
        rows.append(["worker", f"process {status.worker.pid} on {status.worker.host}, attempt {status.attempt}"])
    if job := job_of(run):
        rows.append(["job", f"{job.id or 'not submitted yet'} in Slurm ({job.name}): {' '.join(job.options)}"])
        claim = run.attempts()[-1].claim()
        if claim and status.attempt == 1:
            rows.append(["", f"waited {clock(claim.t - job.submitted)} in Slurm's queue"])
    return rows


def _show_table(run: Run, history: History, name: str, form: str) -> None:
    """Print one table.

    Raises:
        UnknownRun: if the run has no table of that name.
    """
    from commands.output import emit, print_table
    from engine import UnknownRun, read_table, tables

    if name not in history.tables:
        raise UnknownRun(f"run {run.id} has no table {name!r}; it has: {', '.join(history.tables) or 'none'}")
    path = run.path / history.tables[name].file
    if form == "json":
        emit(read_table(path).records())
    elif form:
        found = read_table(path)
        print(tables.written(found.columns, found.rows, form), end="")  # noqa: T201 - stdout is data
    else:
        print_table(path)


def _show_plot(run: Run, history: History, name: str, step: int, as_json: bool) -> None:
    """Draw one plot as wide as the terminal, or print its data.

    Raises:
        PhospheneError: if the run has no plot of that name and step.
    """
    import json

    from commands.output import console_on, emit
    from engine import UnknownRun, gallery
    from tui import draw_plot

    album = gallery.album(run, history)
    plots = {kind: album[kind] for kind in history.plots}
    shown = gallery.find(plots, name, step)
    if not isinstance(shown, gallery.Plotted):
        raise UnknownRun(f"{name} of step {shown.step} is a picture: phosphene picture {run.id} {name!r} writes it")
    if as_json:
        emit(json.loads(shown.file.read_bytes()))
        return
    console = console_on(sys.stdout)
    console.print(f"{shown.title}", style="bold", markup=False)
    for line in draw_plot(shown.plot(), console.width, max(10, console.height - 3)):
        console.print(line, no_wrap=True, overflow="crop", end="\n")


def follow(
    run: RUN, as_json: Annotated[bool, typer.Option("--json", help="Print each event as a line of JSON.")] = False
) -> None:
    """Watch a run from its first event until it ends; Ctrl-C leaves it running, a second one stops it."""
    import asyncio

    from commands.sweeps import meant_sweep
    from commands.watch import watch, watch_sweep
    from engine import Engine, Sweeps, Workspace

    if sweep := meant_sweep(run):
        raise typer.Exit(watch_sweep(Sweeps(), sweep, as_json=as_json))
    engine, found = Engine(), Workspace().find(run)
    if as_json:
        try:
            asyncio.run(_print_events(engine, found))
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        return
    raise typer.Exit(watch(engine, found, as_json=False))


async def _print_events(engine: Engine, run: Run) -> None:
    from dataclasses import asdict

    from commands.output import emit

    async for event in engine.follow(run):
        emit({"kind": event.kind, **asdict(event)}, indent=None)


def stop(
    run: RUN,
    kill: Annotated[bool, typer.Option("--kill", help="End its processes at once, without saving.")] = False,
) -> None:
    """Let a run, or all runs of a sweep, save after the present step, and stop it."""
    from commands.output import say
    from commands.sweeps import meant_sweep
    from commands.sweeps import stop as stop_sweep

    if meant_sweep(run):
        stop_sweep(run, kill)
        return

    async def stop_and_wait(engine: Engine, found: Run) -> str:
        await engine.stop(found, kill=kill)
        say(f"{found.id} was asked to stop; it goes on later with: phosphene resume {found.id}")
        async for _ in engine.follow(found):
            pass
        status = found.status()
        return f"{status.state}: {status.reason}" if status.reason else status.state

    say(f"it is {do(stop_and_wait, run)}")


def resume(
    run: RUN,
    on: Annotated[str, typer.Option(help="Elsewhere than it was launched: local, slurm or slurm:PARTITION.")] = "",
    gpus: Annotated[int | None, typer.Option(help="Another number of GPUs of Slurm.", min=0)] = None,
    time: Annotated[str, typer.Option(help="Another time that Slurm gives it, e.g. 4h.")] = "",
    slurm: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Other options of sbatch than at its launch.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Start it and return at once.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document when the run ends.")] = False,
) -> None:
    """Go on with a stopped, failed or crashed run from its last checkpoint, or with a sweep."""
    from commands.output import emit, say
    from commands.sweeps import meant_sweep
    from commands.sweeps import resume as resume_sweep
    from commands.watch import watch
    from engine import Engine

    if meant_sweep(run):
        resume_sweep(run, detach=detach, as_json=as_json)
        return
    elsewhere = {"on": on, "time": time, "slurm": " ".join(slurm or ())}
    asked: dict[str, Any] = {name: text for name, text in elsewhere.items() if text}
    found = do(lambda engine, it: engine.resume(it, asked | ({} if gpus is None else {"gpus": gpus})), run)
    if not detach:
        raise typer.Exit(watch(Engine(), found, as_json=as_json))
    if as_json:
        emit({"id": found.id, "state": found.status().state})
    else:
        say(f"resumed; watch it: phosphene follow {found.id}")


def set_values(
    run: RUN,
    values: Annotated[
        list[str], typer.Argument(metavar="NAME=VALUE...", help="Live hyperparameters and their new values.")
    ],
) -> None:
    """Change live hyperparameters of a running run, e.g. lr=1e-4."""
    from commands.output import say

    wanted = pairs(values)
    do(lambda engine, found: engine.set(found, wanted), run)
    say("asked for; it takes effect after the present step")


def pairs(values: list[str]) -> dict[str, str]:
    """Split ``name=value`` arguments; of two for one name the last one counts.

    Raises:
        InvalidHyperparameters: naming the first argument without ``=``.
    """
    from engine import InvalidHyperparameters

    if malformed := [value for value in values if "=" not in value]:
        raise InvalidHyperparameters({malformed[0]: "write it as name=value"})
    return {name: value for name, _, value in (each.partition("=") for each in values)}


def remove(
    runs: Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", autocompletion=complete_run)] = None,
    where: Annotated[
        str, typer.Option(metavar="FILTER", help="Remove those it holds for.", autocompletion=complete_filter)
    ] = "",
    purge: Annotated[
        bool, typer.Option("--purge", help="Delete it for good instead of moving it to the trash.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Move runs that have ended into the workspace's trash."""
    from commands.output import say
    from engine import Workspace, select

    workspace = Workspace()
    found = [workspace.find(name) for name in runs or ()]
    if where.strip() or not found:
        found += [run.directory for run in select(workspace, [f"({where})"] if where.strip() else [])]
    if purge and not yes:
        if not sys.stdin.isatty():
            say("phosphene: --purge deletes for good: add --yes")
            raise typer.Exit(2)
        typer.confirm(f"delete {', '.join(run.id for run in found)} for good?", abort=True, err=True)
    for run in dict.fromkeys(found):
        gone = do(lambda engine, it: engine.remove(it, purge=purge), run.id)
        say(f"{run.id} is deleted" if gone is None else f"{run.id} lies in {gone} now")


def restore(
    run: Annotated[str, typer.Argument(metavar="RUN", help="An id, a name, or last.", autocompletion=complete_trashed)],
) -> None:
    """Bring a removed run or sweep back from the trash."""
    from commands.output import say
    from engine import Workspace

    say(f"{Workspace().restore(run).id} is back")


def do(work: Any, name: str) -> Any:
    """Find the run and do the work with an engine, in an event loop of its own."""
    import asyncio

    from engine import Engine

    engine = Engine()

    async def act() -> Any:
        done: Coroutine[Any, Any, Any] = work(engine, await engine.find(name))
        return await done

    try:
        return asyncio.run(act())
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
