"""Which runs the words of a command, or a line of text, select: one rule for every place that takes a selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import InvalidFilter, UnknownRun
from engine.record.workspace import meant
from engine.selection.filter import parse
from engine.selection.values import READ_ANEW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.record.workspace import Listed, Workspace
    from engine.selection.values import Logs


def select(workspace: Workspace, words: Sequence[str], logs: Logs = READ_ANEW) -> list[Listed]:
    """Return the runs that are meant.

    If every word names a run (an id, a part of one, a name, ``last``), those are meant, in that order. Otherwise the
    words together are a filter, and all runs it holds for are meant, newest first.

    Args:
        workspace: whose runs they are.
        words: at least one.
        logs: what the logs of runs say.

    Raises:
        InvalidFilter: if they are neither.
        UnknownRun: if no run is meant.
    """
    runs = workspace.list()
    named = _named(words, {run.id: run for run in runs})
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


def _named(words: Sequence[str], runs: dict[str, Listed]) -> list[Listed]:
    """Return the runs that the words name, each once; none if one of the words names no single run.

    The runs are in the order of the list, so that the first one is the ``last``.
    """
    found: dict[str, Listed] = {}
    for name in words:
        try:
            run = next(iter(runs), "") if name == "last" else meant(name, runs, lambda run: runs[run].name)
        except UnknownRun:
            return []
        if not run:
            return []
        found[run] = runs[run]
    return [*found.values()]
