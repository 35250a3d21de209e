"""Which runs the words of a command, or a line of text, select: one rule for every place that takes a selection."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from engine.errors import InvalidFilter, UnknownRun
from engine.record.annotations import LAST
from engine.record.intents import Intents
from engine.record.workspace import meant
from engine.selection.filter import parse
from engine.selection.values import READ_ANEW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.record.workspace import Listed, Workspace
    from engine.selection.values import Logs


def select(workspace: Workspace, words: Sequence[str], logs: Logs = READ_ANEW) -> list[Listed]:
    """Return the runs that are meant.

    If every word names a run (an id, a part of one, a name, ``last``) or a sweep by its id, those and its runs are
    meant, in that order. Otherwise the words together are a filter, and all runs it holds for are meant, newest first.

    Args:
        workspace: whose runs they are.
        words: at least one.
        logs: what the logs of runs say.

    Raises:
        InvalidFilter: if they are neither.
        UnknownRun: if no run is meant.
    """
    runs = workspace.list()
    named = _named(workspace, words, {run.id: run for run in runs})
    if named:
        return named
    text = " ".join(words)
    if not text.strip():
        raise UnknownRun("say which runs: names, ids or a filter such as experiment=cnn; see: phosphene runs")
    try:
        wanted = parse(text)
    except InvalidFilter as error:
        raise InvalidFilter(f"{error.problem} (in the filter {text!r})", error.position) from None
    found = [run for run in runs if wanted.matches(run, logs)]
    if not found:
        raise UnknownRun(f"no run is named {text!r}, nor does any match it as a filter; see: phosphene runs")
    return found


def _named(workspace: Workspace, words: Sequence[str], runs: dict[str, Listed]) -> list[Listed]:
    """Return the runs that the words name, each once; none if one of the words names neither a single run nor a sweep.

    The runs are in the order of the list, so that the first one is the ``last``.
    """
    found: dict[str, Listed] = {}
    for name in words:
        try:
            run = next(iter(runs), "") if name == LAST else meant(name, runs, lambda run: runs[run].name)
        except UnknownRun:
            own = _of_sweep(workspace, name)
        else:
            own = [run]
        if not any(own):
            return []
        found |= {run: runs[run] for run in own if run in runs}
    return [*found.values()]


def _of_sweep(workspace: Workspace, name: str) -> list[str]:
    """Return the ids of the runs of the sweep of that id, or part of one, those included that it found done."""
    try:
        sweep = meant(name, os.listdir(workspace.sweeps), lambda _: "", "sweep")
    except (OSError, UnknownRun):
        return []
    intents = Intents(workspace.sweeps / sweep / "attempts")
    intents.read()
    return [*intents.intended]
