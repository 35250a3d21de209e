"""``phosphene picture RUN``: the pictures of a run, listed, or one written: alone, with others, all, as animation."""

from __future__ import annotations

import difflib
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.runs import JSON, RUN, do

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine import Engine, Run, gallery


def picture(
    run: RUN,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Which kind of picture; without it, list them.")] = "",
    step: Annotated[int, typer.Option("--step", help="Which of them; the newest if 0.", min=0)] = 0,
    grid: Annotated[bool, typer.Option("--grid", help="All steps beside each other.")] = False,
    against: Annotated[
        str, typer.Option("--against", metavar="[RUN/]NAME", help="Write the difference from this one.")
    ] = "",
    times: Annotated[int, typer.Option("--times", help="Enlarge the difference so many times.", min=1, max=255)] = 1,
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
    """List the pictures of a run, or write one as PNG or several as an animation; the file's path is printed."""
    from commands.output import emit, table
    from engine import gallery

    ways = {"--grid": grid, "--animation": animation, "--against": bool(against), "--beside": bool(beside)}
    _check([way for way, wanted in ways.items() if wanted], name, step, output)
    album = do(_album, run)
    if not name:
        if as_json:
            emit({kind: {step: str(still.file) for step, still in own.items()} for kind, own in album.items()})
        else:
            table(["picture", "steps", "last"], [[kind, str(len(own)), str(max(own))] for kind, own in album.items()])
        return
    every = tuple(_kind(album, name)[one] for one in sorted(_kind(album, name)))
    if grid or animation:
        shot: gallery.Shot = gallery.Sheet(every)
    elif beside:
        shot = gallery.Sheet(
            tuple(do(partial(_named, name=name, step=step), other) for other in (run, *beside)), side=gallery.ANIMATED
        )
    elif against:
        shot = _difference(album, against, _still(album, name, step), times)
    else:
        shot = _still(album, name, step)
    default = Path(gallery.file_name(shot))
    path = output or gallery.free(default.with_suffix(".gif") if animation else default)
    _write((lambda: gallery.animate(every, path)) if animation else (lambda: _save(shot, path)), path)
    if as_json:
        emit({"file": str(path.absolute())})
    else:
        print(path)  # noqa: T201 - stdout is data


def _check(ways: list[str], name: str, step: int, output: Path | None) -> None:
    """Refuse options that contradict each other."""
    from engine import gallery

    if len(ways) > 1:
        raise typer.BadParameter(f"does not stand with {ways[1]}", param_hint=ways[0])
    if step and ways in (["--grid"], ["--animation"]):
        raise typer.BadParameter("takes all steps, and does not stand with --step", param_hint=ways[0])
    if not name and (ways or step or output):
        raise typer.BadParameter("say which picture: phosphene picture RUN lists them", param_hint="NAME")
    if output and output.suffix.lower() in gallery.ANIMATIONS and ways != ["--animation"]:
        raise typer.BadParameter(f"{output.name} would be an animation: add --animation", param_hint="--output")
    if output and ways != ["--animation"] and output.suffix.lower() not in {"", ".png"}:
        raise typer.BadParameter(f"pictures are written as PNG, and {output.name} is none", param_hint="--output")


def _difference(
    album: dict[str, dict[int, gallery.Still]], against: str, second: gallery.Still, times: int
) -> gallery.Difference:
    """Return the difference of a picture from another: of the same step, of this run or of RUN/NAME."""
    from engine import gallery

    other, _, kind = ("", "", against) if against in album else against.partition("/")
    kind = kind or other
    first = _still(do(_album, other) if other and kind != other else album, kind, second.step)
    return gallery.Difference(first, second, times)


async def _album(engine: Engine, run: Run) -> dict[str, dict[int, gallery.Still]]:
    """Return the pictures of a run by name and step."""
    from engine import gallery

    details = await engine.details(run)
    return {
        name: {
            step: gallery.Still(run.id, name, step, run.path / file, details.captions[name][step])
            for step, file in own.items()
        }
        for name, own in details.images.items()
    }


async def _named(engine: Engine, run: Run, name: str, step: int) -> gallery.Still:
    """Return one picture of a run under the run's name, or its id if it has none."""
    still = _still(await _album(engine, run), name, step)
    return replace(still, caption=run.record().name or run.id)


def _kind(album: dict[str, dict[int, Any]], name: str) -> dict[int, gallery.Still]:
    """Return the pictures of one kind.

    Raises:
        PhospheneError: if there are none, with the nearest name.
    """
    from engine import PhospheneError

    if name not in album:
        near = difflib.get_close_matches(name, album, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(album) or 'none yet'}"
        raise PhospheneError(f"the run has no picture {name!r}; {hint}")
    return album[name]


def _still(album: dict[str, dict[int, Any]], name: str, step: int) -> gallery.Still:
    """Return one picture; the newest for step 0.

    Raises:
        PhospheneError: if there is none of that name and step, with the nearest.
    """
    from engine import PhospheneError

    own = _kind(album, name)
    chosen = step or max(own)
    if chosen not in own:
        near = min(own, key=lambda one: abs(one - chosen))
        raise PhospheneError(f"the run has no {name} of step {chosen}; the nearest is of step {near}")
    return own[chosen]


def _save(shot: gallery.Shot, path: Path) -> None:
    from engine import PhospheneError

    try:
        image = shot.image()
    except OSError as error:
        raise PhospheneError(f"the picture cannot be read: {error.strerror or error}") from error
    image.save(path, format="PNG")


def _write(write: Callable[[], None], path: Path) -> None:
    from engine import PhospheneError

    try:
        write()
    except OSError as error:
        raise PhospheneError(f"{path} cannot be written: {error.strerror or error}") from error
