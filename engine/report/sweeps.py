"""What a report says of a sweep: what was planned, its combinations, the metric over its axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine import catalogue, wording
from engine.report.document import Bullets, Commands, Figure, Paragraph, Span, TableBlock, plain
from engine.report.runs import stamp, typed
from engine.sweep import outlook, plan, views

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.comparison.chart import Chart
    from engine.record.run_directory import Status
    from engine.report.document import Block
    from engine.sweep.record import SweepRecord
    from engine.sweep.trials import Trial

MOST_RESULTS = 3
"""Results beside the metric in the table of combinations."""


def title(record: SweepRecord) -> str:
    """Return what the report of a sweep is called."""
    over = f"{record.experiment} over {', '.join(record.fields)}"
    return f"{record.name}: {over}" if record.name else over


def asked(record: SweepRecord, status: Status, trials: Sequence[Trial]) -> list[Block]:
    """Return what was planned, and how far it has come."""
    total = plan.total(record)
    seeds = f"{len(record.seeds)} seeds each" if len(record.seeds) > 1 else f"seed {record.seeds[0]}"
    chosen = "all of the grid" if record.by == "grid" and not record.trials else f"chosen by {record.by}"
    judged = f", judged by {record.metric} ({record.better} is better)" if record.metric else ""
    items = [
        (Span("axes: "), Span("  ".join(map(str, record.axes)), "code")),
        plain(f"{total:,} runs, {seeds}, {chosen}{judged}"),
    ]
    if record.prune:
        items.append(plain(f"runs given up early by {record.prune}"))
    if record.budget:
        items.append(plain(f"nothing new after {wording.clock(record.budget)} of running time"))
    reason = f": {status.reason}" if status.reason else ""
    items.append(plain(f"{status.state}{reason}; runs: {outlook.counted(trials, total)}"))
    began = f", launched {stamp(record.created)}, a sweep of "
    head = Paragraph((Span(record.id, "code"), Span(began), Span(record.experiment, "code"), Span(".")))
    return [head, Bullets(tuple(items))]


def command(record: SweepRecord) -> list[Block]:
    """Return the command that runs the same sweep again; nothing of an experiment that is not installed here."""
    declared = catalogue.experiments().get(record.experiment)
    if declared is None:
        return []
    over = {axis.name: str(axis).partition("=")[2] for axis in record.axes if len(axis.fields) == 1}
    together = {axis.name: str(axis).partition("=")[2] for axis in record.axes if len(axis.fields) > 1}
    sweeping = {"seeds": len(record.seeds), "by": record.by, "trials": record.trials, "metric": record.metric}
    sweeping |= {"prune": record.prune, "budget": f"{record.budget:g}s" if record.budget else ""}
    usual = {"seeds": 1, "by": "grid"}
    given = {name: str(value) for name, value in sweeping.items() if value and value != usual.get(name)}
    options = {"seed": record.seeds[0], "device": record.options.get("device", "")}
    values = typed(declared, record.fixed) | {name: str(value) for name, value in options.items() if value}
    return [Commands((wording.command_line(declared, values, over, given, together),))]


def combinations(record: SweepRecord, trials: Sequence[Trial]) -> list[Block]:
    """Return the table of combinations, the best first, with what their results suggest."""
    results = outlook.results_of(trials, record.metric)[:MOST_RESULTS]
    sheet = outlook.groups(record, trials, plan.total(record), results)
    return [TableBlock.of("Combinations, the best first; means with their 95 % interval over seeds.", sheet)]


def axes(record: SweepRecord, trials: Sequence[Trial]) -> list[Block]:
    """Return the metric over the axes: a chart over one or each of many, a heat map over two, or a chart over seeds."""
    known = _known(record, trials)
    names = [axis.fields[0] for axis in record.axes]
    if not known:
        return [_NOTHING]
    if len(names) == 2 and (content := views.over_two_axes(known, *names)):
        caption = f"{record.metric} over {names[0]} and {names[1]}, means over seeds."
        return [Figure(caption, f"{record.metric}-map", content)]
    told = _told if record.axes else _told_of_seeds
    return [
        Figure(f"{record.metric} over {name}{told(chart)}.", f"{record.metric}-over-{name}", chart)
        for name, chart in views.over_each_axis(record, known).items()
    ]


def _told_of_seeds(chart: Chart) -> str:
    """Return what the chart over seeds shows; one run has no mean."""
    mean = ", and their mean with its 95 % interval (the range of two)" if len(chart.lines) > 1 else ""
    return f", a point a run{mean}"


def _told(chart: Chart) -> str:
    """Return what the chart over an axis shows: random search has no means, and few runs no interval."""
    means = [line for line in chart.lines if not line.faint]
    if not means:
        return ", a point a run"
    if means[0].low is None:
        return f", {means[0].label} and seeds; a faint point a run"
    bounded = any(math.isfinite(low) for line in means if line.low is not None for low in line.low)
    interval = ", with 95 % intervals (the range of two)" if bounded else ""
    lines = ", a line a combination of the other axes" if len(means) > 1 else ""
    return f", means over seeds{interval}{lines}; a faint point a run"


def parallel(record: SweepRecord, trials: Sequence[Trial]) -> list[Block]:
    """Return parallel coordinates: all axes beside each other, a line a combination."""
    known = _known(record, trials)
    if not record.axes:
        return [Paragraph(plain("The runs differ in their seeds alone."))]
    if not known:
        return [_NOTHING]
    chart = views.over_all_axes(record, outlook.outcomes(record, known))
    best = "; the best have names" if record.better != "neither" else ""
    caption = f"All axes beside each other, and {record.metric} last, each from its least to its largest value{best}."
    return [Figure(caption, "parallel", chart)]


_NOTHING = Paragraph(plain("No combination has a figure yet."))


def _known(record: SweepRecord, trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that have finished with a value of the metric; none where nothing is judged."""
    done = [trial for trial in trials if record.metric and trial.state == "finished"]
    return [trial for trial in done if trial.value is not None and math.isfinite(trial.value)]
