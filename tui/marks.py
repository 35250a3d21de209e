"""The colour that goes with each state's mark; the marks themselves are worded for both faces in the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine import wording

if TYPE_CHECKING:
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
