"""The commands that add something to runs: tags, a note, another name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from commands.selection import RUN, complete_selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine import Listed

WORDS = Annotated[list[str], typer.Argument(metavar="SELECTION TAG", autocompletion=complete_selection)]


def tag(words: WORDS) -> None:
    """Give runs tags (+good or good) and take others away (-bad), e.g. tag experiment=cnn +good -bad."""
    from engine import PhospheneError, tag_run

    add = [word[1:] for word in words if word.startswith("+")]
    remove = [word[1:] for word in words if word.startswith("-")]
    rest = [word for word in words if not word.startswith(("+", "-"))]
    if not add and not remove:
        add, rest = rest[-1:], rest[:-1]
    if not rest:
        raise PhospheneError("say which runs and which tags: phosphene tag last +good -bad")
    for run in _selected(rest):
        tag_run(run.directory, add, remove)
        _tell(run)


def note(run: RUN, text: Annotated[list[str], typer.Argument(metavar="TEXT")]) -> None:
    """Put a note on a run, in place of an earlier one."""
    from commands.output import say
    from engine import Workspace, note_run

    found = Workspace().find(run)
    note_run(found, " ".join(text))
    say(f"noted on {found.id}")


def rename(
    words: Annotated[list[str], typer.Argument(metavar="SELECTION NAME", autocompletion=complete_selection)],
) -> None:
    """Give runs another name; they keep their ids."""
    from commands.output import say
    from engine import PhospheneError, rename_run

    *selection, name = words
    if not selection:
        raise PhospheneError("say which run and which name: phosphene rename last 'long training'")
    for run in _selected(selection):
        rename_run(run.directory, name)
        say(f"{run.id} is called {name!r} now")


def _selected(words: Sequence[str]) -> list[Listed]:
    from engine import Workspace, select

    return select(Workspace(), words)


def _tell(run: Listed) -> None:
    """Say which tags a run has now."""
    from commands.output import say
    from engine import read_annotations

    tags = read_annotations(run.directory).tags
    say(f"{run.id}: {' '.join(f'#{one}' for one in tags) or 'no tags'}")
