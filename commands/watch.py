"""Watching a run in the terminal, line by line or live; Ctrl-C leaves it running, a second one stops it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import signal
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from commands.output import console_on, emit, print_table, say, tell
from engine import (
    Engine,
    History,
    Metrics,
    PhospheneError,
    Progress,
    Results,
    TableLogged,
    catalogue,
    name_of,
    smooth,
    sweep_outlook,
    sweep_wording,
    wording,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from engine import Event, Experiment, Run, SweepDirectory, Sweeps

SECOND_THOUGHT = 2.0
"""Seconds after a first Ctrl-C in which another one stops the run."""
BARS = " ▁▂▃▄▅▆▇█"
TABLE_ROWS = 40
"""Rows of a table that are printed when a run has ended."""


def launch_and_watch(
    experiment: Experiment,
    hyperparameters: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    detach: bool,
    as_json: bool,
) -> int:
    """Launch a run and watch it; return the exit status."""
    engine = Engine()
    for doubt in engine.doubts(experiment, hyperparameters).values():
        say(doubt)

    async def start() -> Run:
        return await engine.launch(experiment, hyperparameters, options)

    run = asyncio.run(start())
    if detach:
        if as_json:
            emit({"id": run.id, "state": run.status().state})
        else:
            say(f"started; watch it: phosphene follow {run.id}")
            print(run.id)  # noqa: T201
        return 0
    return watch(engine, run, as_json=as_json)


def watch(engine: Engine, run: Run, *, as_json: bool) -> int:
    """Watch a run until it ends; return 0 if it finished or was stopped, 1 if it failed, 130 if the user left."""
    view = _LiveView(_head(run)) if sys.stderr.isatty() else _LineView(_head(run))
    watched = _Watched(run, "run", f"phosphene follow {run.id}", f"phosphene resume {run.id}")
    try:
        left = asyncio.run(_watch(engine, watched, view, functools.partial(engine.stop, run)))
    finally:
        engine.close()
    status = run.status()
    if as_json:
        emit({"id": run.id, "state": status.state, "result": status.result, "reason": status.reason})
    elif not left:
        if status.state == "failed" and (output := run.attempts()[-1].output).stat().st_size:
            say(f"what it printed, with the whole traceback: {output}")
        for name, value in status.result.items():
            tell(f"{name}  {wording.figure(value)}")
        _print_tables(run)
    if left:
        return 130
    return 0 if status.state in {"finished", "stopped"} else 1


def _print_tables(run: Run) -> None:
    """Print the tables that the experiment declares worth it, the beginning of each."""
    declared = catalogue.experiments().get(run.record().experiment)
    for name in declared.tables if declared else ():
        path = run.path / "tables" / f"{name}.csv"
        if path.exists():
            print()  # noqa: T201
            print_table(path, TABLE_ROWS)


def watch_sweep(sweeps: Sweeps, sweep: SweepDirectory, *, as_json: bool) -> int:
    """Watch a sweep until it ends, then print its table; return the exit status: 1 if a run of it failed."""
    from commands.sweeps import print_sweep

    head = "  ".join(sweep_wording.head(sweep.record(), sweep.status())[:2])
    view = _SweepView(sweeps, sweep, head) if sys.stderr.isatty() else _LineView(head)
    words = "phosphene sweep"
    watched = _Watched(sweep.controller, "sweep", f"{words} follow {sweep.id}", f"{words} resume {sweep.id}")
    left = asyncio.run(_watch(Engine(), watched, view, functools.partial(sweeps.stop, sweep)))
    status = sweep.status()
    if as_json or not left:
        print_sweep(sweeps, sweep, "json" if as_json else "text")
    if left:
        return 130
    failed = any(trial.state == "failed" for trial in sweeps.trials(sweep, sweep.record()).read())
    return 1 if failed or status.state not in {"finished", "stopped"} else 0


@dataclass(frozen=True, slots=True)
class _Watched:
    """What is watched, and how it is called: a run, or a sweep by its controller."""

    directory: Run
    what: str
    follow: str
    resume: str


async def _watch(engine: Engine, watched: _Watched, view: _View, stop: Callable[[], Coroutine[Any, Any, None]]) -> bool:
    """Show a run or a sweep until it ends; return True if the user left before."""
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupted.set)
    with view:
        showing = asyncio.create_task(_show(engine, watched.directory, view))
        waiting = asyncio.create_task(interrupted.wait())
        await asyncio.wait({showing, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if showing.done():
        showing.result()
        return False
    showing.cancel()
    interrupted.clear()
    say(f"\nthe {watched.what} goes on; watch it: {watched.follow}   (Ctrl-C again now stops it)")
    try:
        await asyncio.wait_for(interrupted.wait(), SECOND_THOUGHT)
    except TimeoutError:
        return True
    try:
        await stop()
    except PhospheneError as error:
        say(str(error))
        return True
    say(f"it saves and stops; go on with it: {watched.resume}")
    return True


async def _show(engine: Engine, run: Run, view: _View) -> None:
    async for event in engine.follow(run):
        view.take(event)


def _head(run: Run) -> str:
    record, given = run.record(), name_of(run)
    name = f" · {given}" if given else ""
    return f"{run.id}{name} · {record.experiment} · {record.device} · seed {record.seed}"


def _line(event: Event) -> str:
    """Say in one line what happened, or return the empty string if the end of the run says it, or nothing does."""
    line = None if isinstance(event, Results | TableLogged) else wording.line_of(event)
    return wording.printable(line.text) if line else ""


class _LineView:
    """For pipes and files: a line when something happens, and one for the metrics at each reported progress."""

    def __init__(self, head: str) -> None:
        self._head = head
        self._metrics: dict[str, float] = {}
        self._next = 0.0

    def __enter__(self) -> _LineView:
        say(self._head)
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def take(self, event: Event) -> None:
        """Print what the event says."""
        if isinstance(event, Metrics):
            self._metrics |= event.values
        elif isinstance(event, Progress) and (event.t >= self._next or event.step == event.total):
            self._next = event.t + 5.0
            values = "  ".join(f"{name} {wording.figure(value)}" for name, value in self._metrics.items())
            said = (f"{event.unit} {event.step:,}/{event.total:,}", wording.left(event.eta), values)
            say("  ".join(part for part in said if part))
        elif line := _line(event):
            say(line)


class _LiveView:
    """For terminals: a progress line and a row per metric with its curve, redrawn at most ten times a second."""

    def __init__(self, head: str) -> None:
        from rich.live import Live

        self._head = wording.printable(head)
        self._history = History()
        self._console = console_on(sys.stderr)
        self._live = Live(console=self._console, refresh_per_second=10, get_renderable=self._render)

    def __enter__(self) -> _LiveView:
        self._live.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._live.__exit__(*error)

    def take(self, event: Event) -> None:
        """Note what the event says; the display follows by the clock."""
        self._history.take([event])
        if text := _line(event):
            line = wording.line_of(event)
            self._console.print(text, style="yellow" if line and line.level == "alarm" else "dim", markup=False)

    def _render(self) -> Any:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        width = min(self._console.width, 100)
        head = Text(self._head, style="bold", no_wrap=True, overflow="ellipsis")
        history = self._history
        step, total, eta, unit = history.step, history.total, history.eta, history.unit
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(max(total, 1), step, width=max(10, width - 48)),
            f"{100 * step / max(total, 1):3.0f} %",
            f"{unit} {step:,}/{total:,}" if total else history.state,
            wording.left(eta) if step < total else "",
        )
        return Group(head, bar, self._rows(width))

    def _rows(self, width: int) -> Any:
        """Return a row for each metric."""
        from rich.table import Table

        rows = Table.grid(padding=(0, 2))
        rows.add_column(style="dim", no_wrap=True)
        rows.add_column(justify="right", no_wrap=True)
        rows.add_column(no_wrap=True)
        drawn = [(name, series) for name, series in self._history.curves.series.items() if series.length]
        for name, series in drawn[: max(1, self._console.height - 6)]:
            rows.add_row(name, wording.figure(float(series.value[-1])), _sparkline(series.value, max(8, width - 44)))
        return rows


class _SweepView(_LiveView):
    """The same of a sweep, with the best combinations in place of curves, read anew twice a second."""

    def __init__(self, sweeps: Sweeps, sweep: SweepDirectory, head: str) -> None:
        self._sweep = sweep
        self._trials = sweeps.trials(sweep, sweep.record())
        self._shown: Any = ""
        self._read_at = 0.0
        super().__init__(head)

    def _rows(self, width: int) -> Any:
        from rich.table import Table

        if time.monotonic() < self._read_at:
            return self._shown
        self._read_at = time.monotonic() + 0.5
        with contextlib.suppress(PhospheneError):
            self._trials.record = self._sweep.record()
        sheet = sweep_outlook.groups(self._trials.record, self._trials.read(), self._history.total)
        rows = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", width=width)
        for name in sheet.columns:
            rows.add_column(name, no_wrap=True, overflow="ellipsis")
        for row in sheet.rows[: max(1, self._console.height - 6)]:
            rows.add_row(*map(wording.printable, row))
        self._shown = rows
        return rows


_View = _LineView | _LiveView


def _sparkline(values: Any, width: int) -> str:
    """Draw a curve in one line of bars."""
    import numpy as np

    values = values[np.isfinite(values)]
    if len(values) < 2:
        return ""
    if len(values) > width:
        values = smooth(values, 0.9)
        values = values[np.linspace(0, len(values) - 1, width).astype(int)]
    low, high = float(values.min()), float(values.max())
    levels = (values - low) / (high - low) * (len(BARS) - 2) + 1 if high > low else np.full(len(values), 4)
    return "".join(BARS[int(level)] for level in levels)
