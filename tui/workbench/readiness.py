"""Which actions can be done now, and why the others cannot: for the palette, and for keys pressed elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.widgets.runs import RunList

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.actions import Act, Scope
    from tui.screens.panes import PaneScreen
    from tui.workbench.panes import Pane

PANE_OF: dict[Scope, Pane] = {
    "experiments": "lists",
    "runs": "lists",
    "form": "form",
    "charts": "charts",
    "pictures": "pictures",
    "console": "console",
    "tables": "tables",
}
"""The pane in which the actions of a scope are done."""


def reason_against(act: Act, bench: PaneScreen) -> str:
    """Return why an action cannot be done now, or the empty string."""
    name = act.name.partition("(")[0]
    if name in {"pane", "fold"}:
        return ""
    check = _CHECKS.get(act.id) or _CHECKS.get(act.scope) or _CHECKS.get(name)
    return check(bench) if check else ""


def _not_stoppable(bench: PaneScreen) -> str:
    if bench.sweep_meant is not None:
        state = bench.sweep_meant.status
        return f"the highlighted sweep is {state.state}" if state.ended else ""
    return _not_going(bench)


def _not_going(bench: PaneScreen) -> str:
    if bench.shown is None:
        return "no run is shown"
    return f"the shown run is {bench.shown.history.state}" if bench.shown.history.ended else ""


def _not_resumable(bench: PaneScreen) -> str:
    if bench.sweep_meant is not None:
        state = bench.sweep_meant.status
        return "" if state.ended else f"the highlighted sweep is {state.state}"
    if bench.shown is None:
        return "no run is shown"
    history = bench.shown.history
    return "" if history.ended and history.state != "finished" else f"the shown run is {history.state}"


def _no_curves(bench: PaneScreen) -> str:
    return "" if bench.shown and bench.shown.history.curves.series else "the shown run has no curves"


def _no_pictures(bench: PaneScreen) -> str:
    return "" if bench.shown and bench.shown.album else "the shown run has no pictures"


def _no_tables(bench: PaneScreen) -> str:
    return "" if bench.shown and bench.shown.tables else "the shown run has no tables"


def _no_runs(bench: PaneScreen) -> str:
    return "" if bench.runs or bench.sweeps else "there are no runs yet"


def _not_waiting(action: str) -> Callable[[PaneScreen], str]:
    return lambda bench: bench.query_one(RunList).reason_against(action)


_CHECKS: dict[str, Callable[[PaneScreen], str]] = {
    "stop": _not_stoppable,
    "save-checkpoint": _not_going,
    "apply-live-values": _not_going,
    "resume": _not_resumable,
    "charts": _no_curves,
    "export-chart": _no_curves,
    "pictures": _no_pictures,
    "images": _no_pictures,
    "tables": _no_tables,
    "runs": _no_runs,
    "runs.sooner": _not_waiting("move_run"),
    "runs.later": _not_waiting("move_run"),
    "runs.cancel": _not_waiting("cancel"),
}
"""What an action needs, by its id, its scope or its name; the panes' own keys need nothing."""
