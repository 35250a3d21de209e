"""What people can add to runs from the list: how it is asked for, and what is written then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine import Listed, Run

Write = Callable[["Run"], None]
"""Writes an annotation into a run; it is called in a thread."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of annotation.

    Attributes:
        question: what is asked for; the runs follow.
        stands: returns what a run has, as it would be typed.
        change: returns what writes a text into a run, by what stood in the line before.
    """

    question: str
    stands: Callable[[Listed], str]
    change: Callable[[str, str], Write]


def standing(kind: Kind, runs: Iterable[Listed]) -> str:
    """Return what all of some runs have; the empty string if they differ, but of tags those that all share."""
    found = [kind.stands(run) for run in runs]
    if kind is KINDS["tags"]:
        shared = set.intersection(*(set(text.split()) for text in found))
        return " ".join(tag for tag in found[0].split() if tag in shared)
    return found[0] if len(set(found)) == 1 else ""


def tag_changes(text: str, before: str) -> tuple[list[str], list[str]]:
    """Return the tags to give and those to take away: ``-bad``, and those that stood in the line before."""
    words = text.split()
    given = [word.removeprefix("+") for word in words if not word.startswith("-")]
    taken = [word[1:] for word in words if word.startswith("-")]
    return given, taken + [tag for tag in before.split() if tag not in {*given, *taken}]


def _tags(text: str, before: str) -> Write:
    from engine import tag_run

    given, taken = tag_changes(text, before)
    return partial(tag_run, add=given, remove=taken)


def _note(text: str, _: str) -> Write:
    from engine import note_run

    return lambda run: note_run(run, text.strip())


def _name(text: str, _: str) -> Write:
    from engine import rename_run

    return lambda run: rename_run(run, text.strip())


KINDS = {
    "tags": Kind("tags (good -bad) of", lambda run: " ".join(run.annotations.tags), _tags),
    "note": Kind("note on", lambda run: run.annotations.note, _note),
    "name": Kind("name of", lambda run: run.name, _name),
}
