"""The commands that look after sweeps: sweeps, and sweep show, follow, stop, resume, extend, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commands.selection import AS_JSON, FORMAT, JSON, format_of, require_both

if TYPE_CHECKING:
    from engine import SweepDirectory, SweepRecord, Sweeps


def complete_sweep(incomplete: str) -> list[str]:
    """Return the ids of sweeps that begin so, and ``last``."""
    from engine import Sweeps

    names = ["last", *(sweep.id for sweep in Sweeps().directories())]
    return [name for name in names if name.startswith(incomplete)]


SWEEP = Annotated[
    str,
    typer.Argument(metavar="SWEEP", help="An id, a part of one, a name, or last.", autocompletion=complete_sweep),
]


def meant_sweep(name: str) -> SweepDirectory | None:
    """Return the sweep that a name means; None if it means a run, which comes first.

    Raises:
        UnknownRun: if it means neither.
    """
    from engine import Sweeps, UnknownRun, Workspace

    try:
        Workspace().find(name)
    except UnknownRun as neither:
        try:
            return Sweeps().meant(name)
        except UnknownRun:
            raise neither from None
    return None


DRY = Annotated[bool, typer.Option("--dry", help="Only say what would be run, and what it would take.")]


def pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """Return what follows the first ``=`` of each text by what stands before it: the names of fields."""
    found: dict[str, str] = {}
    for text in given or ():
        name, mark, values = text.partition("=")
        name = ",".join(part.strip().replace("-", "_") for part in name.split(","))
        if not (mark and name):
            raise typer.BadParameter(f"{text!r} has no =; write FIELD=VALUES, as in lr=1e-4,1e-3", param_hint=option)
        if name in found:
            raise typer.BadParameter(f"{name} stands there twice: write all its values once", param_hint=option)
        found[name] = values
    return found


def budget_of(text: str) -> float:
    """Return the seconds of a budget as typed; 0 if there is none."""
    from engine import wording

    try:
        seconds = wording.seconds_of(text) if text else 0.0
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--budget") from None
    if text and not seconds:
        raise typer.BadParameter(f"{text!r} is no time at all; leave it out for no limit", param_hint="--budget")
    return seconds


def list_sweeps(as_json: JSON = False) -> None:
    """List the sweeps, newest first."""
    from commands.output import emit, say, table
    from engine import Sweeps, sweep_wording

    sweeps = Sweeps()
    listed = sweeps.listed()
    if as_json:
        emit(
            [
                {"id": sweep.id, "state": sweep.status.state, "reason": sweep.status.reason}
                | {"over": sweep.status.step, "total": sweep.status.total, "result": sweep.status.result}
                | {"asked": sweep.record.to_json() if sweep.record else None}
                for sweep in listed
            ]
        )
    elif not listed:
        say("no sweeps yet; start one: phosphene sweep cnn --over lr=1e-4,1e-3,1e-2")
    else:
        rows = [sweep_wording.listed(sweep) for sweep in listed]
        table([*rows[0]], [[*row.values()] for row in rows])


def show(
    sweep: SWEEP,
    form: FORMAT = "text",
    metric: Annotated[str, typer.Option(metavar="COLUMN", help="Judge by another column.")] = "",
    rows: Annotated[str, typer.Option(metavar="FIELD", help="A row for each value of this axis.")] = "",
    columns: Annotated[str, typer.Option(metavar="FIELD", help="And a column for each value of this one.")] = "",
    as_json: AS_JSON = False,
) -> None:
    """Show what a sweep has come to: its combinations with means over seeds, the best, what failed; as CSV its runs."""
    from engine import Sweeps

    form = format_of(form, as_json=as_json)
    require_both(rows, columns)
    sweeps = Sweeps()
    print_sweep(sweeps, sweeps.meant(sweep), form, metric, (rows, columns) if rows else ())


def print_sweep(
    sweeps: Sweeps, directory: SweepDirectory, form: str, metric: str = "", pivot: tuple[str, ...] = ()
) -> None:
    """Print what a sweep has come to.

    Args:
        sweeps: of the workspace.
        directory: of the sweep.
        form: one of those that :func:`commands.selection.format_of` knows.
        metric: by which trials are judged; empty for the sweep's own.
        pivot: the fields of rows and columns; empty for a row for each combination.
    """
    from commands.compare import print_sheet
    from commands.output import emit, say
    from engine import sweep_outlook, sweep_plan, sweep_wording

    record = sweeps.judged(directory, metric)
    trials, total, status = sweeps.trials(directory, record).read(), sweep_plan.total(record), directory.status()
    if form == "json":
        emit(sweep_outlook.document(record, trials, total, status.state, status.reason))
        return
    if pivot:
        _require_axes(record, *pivot)
        print_sheet(sweep_outlook.pivot(record, trials, *pivot), form)
        return
    if form == "csv":
        print_sheet(sweep_outlook.runs(record, trials), form)
        return
    for line in sweep_wording.head(record, status):
        say(line)
    print_sheet(sweep_outlook.groups(record, trials, total, sweep_outlook.results_of(trials, record.metric)[:3]), form)


def _require_axes(record: SweepRecord, *names: str) -> None:
    for name in names:
        if name not in record.fields:
            raise typer.BadParameter(f"{name!r} is no axis; there are: {', '.join(record.fields)}")


def follow(sweep: SWEEP, as_json: JSON = False) -> None:
    """Follow a sweep until it ends; Ctrl-C leaves it, a second one stops it."""
    from commands.watch import watch_sweep
    from engine import Sweeps

    sweeps = Sweeps()
    raise typer.Exit(watch_sweep(sweeps, sweeps.meant(sweep), as_json=as_json))


def stop(
    sweep: SWEEP,
    kill: Annotated[bool, typer.Option("--kill", help="End it and its runs at once, without saving.")] = False,
) -> None:
    """Stop a sweep: its runs save and stop; resume goes on with them."""
    import asyncio

    from commands.output import say
    from engine import Sweeps

    sweeps = Sweeps()
    directory = sweeps.meant(sweep)
    asyncio.run(sweeps.stop(directory, kill=kill))
    done = "ended" if kill else "its runs save and stop"
    say(f"{directory.id}: {done}; go on with it: phosphene sweep resume {directory.id}")


def resume(
    sweep: SWEEP,
    failed: Annotated[bool, typer.Option("--failed", help="Also try again what has failed.")] = False,
    removed: Annotated[bool, typer.Option("--removed", help="Also run again what was removed.")] = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Start it and return at once.")] = False,
    as_json: JSON = False,
) -> None:
    """Go on with a sweep: run what is missing, resume what was stopped."""
    import asyncio

    from commands.watch import watch_sweep
    from engine import Sweeps

    sweeps = Sweeps()
    directory = sweeps.meant(sweep)
    again = [state for state, wanted in (("failed", failed), ("removed", removed)) if wanted]
    asyncio.run(sweeps.resume(directory, again))
    if not detach:
        raise typer.Exit(watch_sweep(sweeps, directory, as_json=as_json))


def extend(
    sweep: SWEEP,
    over: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=+VALUES", help="Further values of an axis: nz=+5000; or a wider range."),
    ] = None,
    trials: Annotated[int, typer.Option(help="Further combinations of random search or TPE.", min=0)] = 0,
    seeds: Annotated[int, typer.Option(help="Further seeds of every combination.", min=0)] = 0,
    budget: Annotated[str, typer.Option(metavar="TIME", help="Further running time: 2h, 90m.")] = "",
    dry: DRY = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return at once.")] = False,
) -> None:
    """Widen a sweep, while it goes on or after its end: more values, seeds, combinations or time."""
    import asyncio

    from commands.output import say
    from commands.watch import watch_sweep
    from engine import Sweeps, sweep_plan

    sweeps = Sweeps()
    directory = sweeps.meant(sweep)
    wider_axes = {name: values.removeprefix("+") for name, values in pairs(over, "--over").items()}
    further = budget_of(budget.removeprefix("+"))
    wider = sweeps.widening(directory, wider_axes, trials=trials, seeds=seeds, budget=further)
    before = sweep_plan.total(directory.record())
    record = directory.record().widened(wider)
    say(f"{directory.id}: {sweep_plan.total(record) - before:,} further runs, {sweep_plan.total(record):,} in all")
    if dry:
        return
    asyncio.run(sweeps.widen(directory, wider))
    if directory.status().ended:
        asyncio.run(sweeps.resume(directory))
    if not detach:
        raise typer.Exit(watch_sweep(sweeps, directory, as_json=False))


def remove(
    sweep: SWEEP,
    purge: Annotated[bool, typer.Option("--purge", help="Delete it for good.")] = False,
) -> None:
    """Remove a sweep that has ended; its runs stay (phosphene remove sweep:ID removes them)."""
    import asyncio

    from commands.output import say
    from engine import Sweeps

    sweeps = Sweeps()
    directory = sweeps.meant(sweep)
    asyncio.run(sweeps.remove(directory, purge=purge))
    say(f"removed {directory.id}; its runs stay")
