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

    from engine import Experiment
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
    device = wording.on_device(record.device, history.device)
    rows = {
        "run": shown.run.id,
        "started": time.strftime("%Y-%m-%d %H:%M", time.localtime(record.created)),
        "took": f"{wording.clock(history.running(now))}, waited {wording.clock(history.waiting(now))}",
        "device": f"{device}, {threads} thread{'s' * (threads != 1)}" if threads else device,
        "seed": str(record.seed),
    }
    if peaks := wording.peaks(history):
        rows["memory"] = peaks
    width = max(map(len, rows))
    lines = [Content.assemble(mark(history.state), f" {history.state} ", (history.reason, _FAINT))]
    return [*lines, *(Content.assemble((f"{name:<{width}}  ", _FAINT), text) for name, text in rows.items())]


def _values(shown: ShownRun, experiment: Experiment | None) -> list[Content]:
    """Return a line for each hyperparameter, and one below it for each live change."""
    record = shown.record
    # What differs from defaults that are not known here is not known either.
    changed = experiment.changed(record.hyperparameters, record.seed) if experiment else {}
    width = max(map(len, record.hyperparameters), default=0)
    lines = [Content("")]
    for name, value in record.hyperparameters.items():
        text = wording.setting(value) or "-"
        styles, mark_ = (("", "bold"), "● ") if name in changed else ((_FAINT, _FAINT), "  ")
        lines.append(Content.assemble((f"{name:<{width}} ", styles[0]), mark_, (text, styles[1])))
        lines += [
            Content.styled(f"  → {change.value} from step {change.step + 1:,} on", "$text-warning")
            for change in shown.history.changes
            if change.name == name
        ]
    return lines
