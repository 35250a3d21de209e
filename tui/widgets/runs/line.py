"""A run in a narrow list: state, id, place in the queue, experiment, and what is done or came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from engine import catalogue, wording
from tui.marks import mark, tagged

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from engine import Listed

SELECTED = "▸"
"""Stands beside the id of a selected run."""


def line(run: Listed, selected: Collection[str]) -> Content:
    """Return the line of a run."""
    experiment = run.record.experiment if run.record else "?"
    return Content.assemble(
        *lead(run, selected),
        f"{called(run)} {experiment} ",
        (progress(run) or wording.headline(run.status.result, catalogue.headline_of(experiment)), "$text-muted"),
        (f" {run.name}" if run.name else "", "$text-muted"),
        tagged(run.annotations.tags),
    )


def lead(run: Listed, selected: Collection[str]) -> tuple[tuple[str, str], str]:
    """Return how a line begins: with the mark of the state, and that of a selected run."""
    return mark(run.status.state), SELECTED if run.id in selected else " "


def called(run: Listed) -> str:
    """Return the short id of a run and, of one that waits, its place in the queue: where no list is too narrow."""
    place = wording.position(run.status.reason) if run.status.state == "queued" else ""
    return f"{wording.short_id(run.id)} {place}".rstrip()


def progress(run: Listed) -> str:
    """Say how much of a run is done, or what it waits for; the empty string for one that has ended."""
    status = run.status
    if status.state == "running":
        return wording.running(status.step, status.total)
    if status.state == "queued":
        return wording.waiting(status.reason, run.record.created if run.record else status.changed)
    return ""


def named(runs: Sequence[Listed], shown: Collection[str] = ()) -> str:
    """Return the short id of a run, or how many runs there are, and how many of them are not among those shown."""
    hidden = sum(run.id not in shown for run in runs) if shown else 0
    name = wording.short_id(runs[0].id) if len(runs) == 1 else f"{len(runs):,} runs"
    return f"{name}, {hidden:,} of them not shown here," if hidden else name
