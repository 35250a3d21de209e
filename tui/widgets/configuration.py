"""What a run was started with: the form in read-only dress, while the highlight is on a run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from engine import wording
from tui.marks import mark

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from engine import Experiment, RunRecord
    from tui.shown import ShownRun

_FAINT = "$text-muted"


class Configuration(VerticalScroll, can_focus=False):
    """Hyperparameters of the shown run: defaults faint, changed ones marked, live changes with their steps."""

    def __init__(self) -> None:
        super().__init__(id="configuration")

    def compose(self) -> ComposeResult:
        """Lay out one text."""
        yield Static(id="configured")

    def show(self, shown: ShownRun, experiment: Experiment | None) -> None:
        """Show a run; ``experiment`` is its declaration, None if it is not installed any more."""
        run = f"{wording.short_id(shown.run.id)} {shown.record.experiment}"
        self.border_title = Content(f"{run} {shown.record.name}".rstrip())
        self.border_subtitle = "f to form"
        self.query_one("#configured", Static).update(Content("\n").join([*_facts(shown), *_values(shown, experiment)]))


def _facts(shown: ShownRun) -> list[Content]:
    """Return what is known of a run beside its hyperparameters, a line each."""
    history, record = shown.history, shown.record
    now = 0.0 if history.ended else time.time()
    threads = history.started.threads if history.started else record.threads
    rows = {
        "run": shown.run.id,
        "started": time.strftime("%Y-%m-%d %H:%M", time.localtime(record.created)),
        "took": f"{wording.clock(history.running(now))}, waited {wording.clock(history.waiting(now))}",
        "device": f"{record.device}, {threads} thread{'s' * (threads != 1)}" if threads else record.device,
        "seed": str(record.seed),
    }
    width = max(map(len, rows))
    lines = [Content.assemble(mark(history.state), f" {history.state} ", (history.reason, _FAINT))]
    return [*lines, *(Content.assemble((f"{name:<{width}}  ", _FAINT), text) for name, text in rows.items())]


def _values(shown: ShownRun, experiment: Experiment | None) -> list[Content]:
    """Return a line for each hyperparameter, and one below it for each live change."""
    record = shown.record
    texts, defaults = _texts(record, experiment)
    width = max(map(len, texts), default=0)
    lines = [Content("")]
    for name, text in texts.items():
        changed = text != defaults.get(name, text)
        value = (text or "-", "bold") if changed else (text or "-", _FAINT)
        head = (f"{name:<{width}} ", "" if changed else _FAINT)
        lines.append(Content.assemble(head, "● " if changed else "  ", value))
        lines += [
            Content.styled(f"  → {change.value} from step {change.step + 1:,} on", "$text-warning")
            for change in shown.history.changes
            if change.name == name
        ]
    return lines


def _texts(record: RunRecord, experiment: Experiment | None) -> tuple[dict[str, str], dict[str, str]]:
    """Return the text of each hyperparameter, and of each default, in the order of the declaration."""
    views = {view.name: view for view in experiment.fields()} if experiment else {}
    names = [*[name for name in views if name in record.hyperparameters], *record.hyperparameters]
    values = {name: record.hyperparameters[name] for name in dict.fromkeys(names)}
    texts = {name: views[name].show(value) if name in views else str(value) for name, value in values.items()}
    return texts, {name: view.show(view.default) for name, view in views.items()}
