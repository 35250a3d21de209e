"""``phosphene whence`` and ``phosphene verify``: where a file came from, and whether it comes to the same again."""

from __future__ import annotations

import contextlib
import io
import shlex
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.selection import JSON

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine import Engine, Origin, Run

TAG = "verify"
FILE = Annotated[Path, typer.Argument(metavar="FILE", help="A picture, chart, table or export.")]
MOST = 20
"""Differences that are printed as JSON; the first one is what matters."""


def whence(file: FILE, as_json: JSON = False) -> None:
    """Tell which runs, command and versions a file came from, and whether the runs are still there."""
    from commands.output import emit, table
    from engine import Workspace, whence

    found = whence(file, Workspace())
    if as_json:
        emit(found.to_json())
        return
    rows = [["run", f"{run}  {state}"] for run, state in found.runs.items()]
    rows += [["command", found.origin.command]] if found.origin.command else []
    rows += [["versions", ", ".join(f"{name} {version}" for name, version in found.origin.versions.items())]]
    rows += [["told by", str(found.place)]]
    rows += [["changed", "the file was changed after it was written"]] if found.changed else []
    table(["", ""], rows)


@dataclass
class Verdict:
    """What came of one run that was run again."""

    run: str
    again: str
    equal: bool
    differences: list[str] = field(default_factory=list)
    compared: int = 0


def verify(
    what: Annotated[str, typer.Argument(metavar="FILE|RUN", help="A run, or a file that runs were written to.")],
    keep: Annotated[bool, typer.Option("--keep", help="Keep the repetitions also where they are equal.")] = False,
    as_json: JSON = False,
) -> None:
    """Run again what a file came from, or a run, with the same values, seed and threads, and compare bit by bit."""
    import asyncio

    from commands.output import emit, say, tell
    from engine import Engine, UnknownRun, repeatable, whence

    engine = Engine()
    problem, origin = "", None
    try:
        runs = [engine.workspace.find(what).id]
    except UnknownRun:
        if not Path(what).exists():
            raise
        found = whence(Path(what), engine.workspace)
        runs, origin = [*found.runs], found.origin
        problem = "the file was changed after it was written" if found.changed else ""
    for run in runs:
        repeatable(run, engine.workspace)
    if origin is not None:
        problem = problem or _rewritten(Path(what), origin)
    try:
        verdicts = asyncio.run(_verify(engine, runs, keep=keep))
    except KeyboardInterrupt:
        say(f"the repetition goes on, tagged #{TAG}")
        raise typer.Exit(130) from None
    equal = not problem and all(verdict.equal for verdict in verdicts)
    if as_json:
        runs_again = [vars(verdict) | {"differences": verdict.differences[:MOST]} for verdict in verdicts]
        emit({"equal": equal, "file": problem or None, "runs": runs_again})
    else:
        if problem:
            tell(f"different: {problem}")
        for verdict in verdicts:
            tell(_words(verdict))
    raise typer.Exit(0 if equal else 1)


def _words(verdict: Verdict) -> str:
    if verdict.equal:
        return f"equal: {verdict.run}, {verdict.compared:,} values"
    more = f" ({len(verdict.differences) - 1:,} more)" if len(verdict.differences) > 1 else ""
    return f"different: {verdict.run} and {verdict.again}: {verdict.differences[0]}{more}"


async def _verify(engine: Engine, runs: list[str], *, keep: bool) -> list[Verdict]:
    verdicts = []
    for run in runs:
        verdict = await _again(engine, await engine.find(run))
        if verdict.equal and not keep:
            await engine.remove(await engine.find(verdict.again), purge=True)
        verdicts.append(verdict)
    return verdicts


async def _again(engine: Engine, run: Run) -> Verdict:
    """Run a run again, wait for its end and compare the two."""
    from commands.output import say
    from engine import equality, tag_run

    record, history = run.record(), await engine.history(run)
    threads = history.started.threads if history.started else record.threads
    options = {"seed": record.seed, "device": record.device, "slots": record.slots, "threads": threads}
    again = await engine.launch(record.experiment, record.hyperparameters, options | {"name": f"{TAG} {run.id}"})
    tag_run(again, [TAG])
    say(f"{run.id} runs again as {again.id}")
    for difference in _versions(record.versions, again.record().versions):
        say(f"{difference}: other versions may come to other figures")
    if record.device != "cpu":
        say(f"it ran on {record.device}: bits are the same only on the CPU")
    async for _ in engine.batches(again):
        pass
    status = again.status()
    if status.state != "finished":
        return Verdict(run.id, again.id, equal=False, differences=[f"it is {status.state} this time: {status.reason}"])
    first = equality.outcome(run, history)
    second = equality.outcome(again, await engine.history(again))
    found = [*equality.differences(first, second)]
    return Verdict(run.id, again.id, not found, found, len(first))


def _versions(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words which versions are not those of then."""
    names = [name for name in dict.fromkeys([*then, *now]) if then.get(name) != now.get(name)]
    return [f"{name} was {then.get(name, 'not there')} and is {now.get(name, 'not there')}" for name in names]


def _rewritten(path: Path, origin: Origin) -> str:
    """Let the command of a picture or a chart write its file again; return what is wrong with the one there is.

    A file may hold any text as its command: none but those that write one figure are followed.
    """
    from commands.main import app
    from commands.output import say
    from engine import Origin, PhospheneError

    words = shlex.split(origin.command)[1:]
    if words[:1] not in (["picture"], ["chart"]):
        return ""
    if differ := _versions(origin.versions, Origin(()).versions):
        say(f"the file itself is not compared: {'; '.join(differ)}")
        return ""
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / f"again{path.suffix}"
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
                app([*words, "--output", str(again)])
        except PhospheneError as error:
            return f"its command does not write it any more: {error}"
        if not again.exists():
            return "its command does not write it any more"
        return "" if again.read_bytes() == path.read_bytes() else f"{path} is not what its command writes"
