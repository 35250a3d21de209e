"""``phosphene picture RUN``: the pictures and plots of a run, listed or written to files."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.runs import do
from commands.selection import JSON, RUN

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine import Engine, Origin, Run, gallery

    Album = dict[str, dict[int, gallery.Kept]]


def picture(
    run: RUN,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Which kind of picture; without it, list them.")] = "",
    step: Annotated[int, typer.Option("--step", help="Which of them; the newest if 0.", min=0)] = 0,
    grid: Annotated[bool, typer.Option("--grid", help="All steps beside each other.")] = False,
    against: Annotated[
        str, typer.Option("--against", metavar="[RUN/]NAME", help="Write the difference from this one.")
    ] = "",
    times: Annotated[
        int, typer.Option("--times", help="Factor by which the difference is amplified.", min=1, max=255)
    ] = 1,
    beside: Annotated[
        list[str] | None,
        typer.Option("--beside", metavar="RUN", help="The same of another run beside it, under their names."),
    ] = None,
    animation: Annotated[
        bool, typer.Option("--animation", help="All steps one after the other, as GIF or, by the ending, MP4.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; else a new one in the current folder.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """List the pictures and plots of a run, or write one: PNG, a plot also as SVG or PDF, several as an animation."""
    from commands.output import emit, table
    from engine import gallery, provenance

    ways = {"--grid": grid, "--animation": animation, "--against": bool(against), "--beside": bool(beside)}
    _check([way for way, wanted in ways.items() if wanted], name, step, output)
    album = do(_album, run)
    if not name:
        if as_json:
            emit({kind: {step: str(still.file) for step, still in own.items()} for kind, own in album.items()})
        else:
            table(["picture", "steps", "last"], [[kind, str(len(own)), str(max(own))] for kind, own in album.items()])
        return
    every = tuple(own for _, own in sorted(gallery.kind(album, name).items()))
    if grid or animation:
        shot: gallery.Shot = gallery.Sheet(every)
    elif beside:
        shot = gallery.Sheet(
            tuple(do(partial(_named, name=name, step=step), other) for other in (run, *beside)), side=gallery.ANIMATED
        )
    elif against:
        shot = _difference(album, against, gallery.find(album, name, step), times)
    else:
        shot = gallery.find(album, name, step)
    default = Path(gallery.file_name(shot))
    path = output or provenance.free(default.with_suffix(".gif") if animation else default)
    origin = gallery.origin_of(shot, animated=animation)
    _write((lambda file, _: gallery.animate(every, file)) if animation else partial(gallery.save, shot), path, origin)
    if as_json:
        emit({"file": str(path.absolute())})
    else:
        print(path)  # noqa: T201 - stdout is data


def _check(ways: list[str], name: str, step: int, output: Path | None) -> None:
    """Refuse options that contradict each other."""
    from engine import gallery, paper

    if len(ways) > 1:
        raise typer.BadParameter(f"cannot be used together with {ways[1]}", param_hint=ways[0])
    if step and ways in (["--grid"], ["--animation"]):
        raise typer.BadParameter("takes all steps: leave --step out", param_hint=ways[0])
    if not name and (ways or step or output):
        raise typer.BadParameter("say which picture: phosphene picture RUN lists them", param_hint="NAME")
    if output and output.suffix.lower() in gallery.ANIMATIONS and ways != ["--animation"]:
        raise typer.BadParameter(f"{output.name} would be an animation: add --animation", param_hint="--output")
    if output and ways != ["--animation"] and output.suffix.lower() not in paper.ENDINGS:
        raise typer.BadParameter(
            f"{output.name} must end in .png, plots also in {' or '.join(paper.VECTORS)}", param_hint="--output"
        )


def _difference(album: Album, against: str, second: gallery.Kept, times: int) -> gallery.Difference:
    """Return the difference of a picture from another: of the same step, of this run or of RUN/NAME."""
    from engine import gallery

    other, _, kind = ("", "", against) if against in album else against.partition("/")
    kind = kind or other
    first = gallery.find(do(_album, other) if other and kind != other else album, kind, second.step)
    return gallery.Difference(first, second, times)


async def _album(engine: Engine, run: Run) -> Album:
    """Return the pictures and plots of a run by name and step."""
    from engine import gallery

    return gallery.album(run, await engine.history(run))


async def _named(engine: Engine, run: Run, name: str, step: int) -> gallery.Kept:
    """Return one picture of a run under the run's name, or its id if it has none."""
    from engine import gallery, name_of

    still = gallery.find(await _album(engine, run), name, step)
    return replace(still, caption=name_of(run) or run.id)


def _write(write: Callable[[Path, Origin], None], path: Path, origin: Origin) -> None:
    from engine import PhospheneError, provenance

    try:
        provenance.write_whole(path, write, origin)
    except OSError as error:
        raise PhospheneError(f"{path} cannot be written: {error.strerror or error}") from error
