"""The colours that go with marks of states and with tags; the marks are worded for both faces in the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import wording

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine import State

STYLES: dict[State, str] = {
    "queued": "$text-muted",
    "running": "$text-accent",
    "finished": "$text-success",
    "failed": "$text-error",
    "stopped": "$text-warning",
    "crashed": "$text-error",
    "private": "$text-muted",
}


def mark(state: State) -> tuple[str, str]:
    """Return the mark of a state and its style."""
    return wording.STATE_MARKS[state], STYLES[state]


def tagged(tags: Iterable[str]) -> tuple[str, str]:
    """Return tags as they follow a name, ``#good #old`` after a space, and their style."""
    return "".join(f" #{tag}" for tag in tags), "$text-accent"
