"""What a report says of runs in words and tables: what was asked, configuration, results, commands, versions."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from engine import catalogue, wording
from engine.comparison import sheets
from engine.comparison.groups import configuration as configuration_of
from engine.report import notes
from engine.report.document import Bibliography, Bullets, Commands, Paragraph, Span, TableBlock, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.comparison.comparison import Comparison
    from engine.comparison.groups import Group
    from engine.declaration import Experiment
    from engine.record.workspace import Listed
    from engine.report.document import Block, Spans
    from engine.selection.columns import Column

MOST_RUNS = 40
"""Runs that are listed one by one; of more, those that have not finished."""
WIDE = 3
"""Groups beside each other in a table; more stand below each other."""
MOST_NOTES = 20


def stamp(t: float) -> str:
    """Write a moment so that it says the same everywhere: ``2026-11-27 01:17 UTC``."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(t))


def leading(comparison: Comparison, most: int) -> tuple[Comparison, str]:
    """Return the comparison of the best groups, or of the first where none is better, and which these are in words.

    Of one that has no more groups than ``most`` it is the comparison itself, and there is nothing to say.
    """
    groups = list(comparison.groups)
    if len(groups) <= most:
        return comparison, ""
    column = next(iter(comparison.default_columns()), None)
    said = f"the first {most} of {len(groups):,} groups"
    if column is not None and (direction := comparison.direction(column)) != "neither":
        means = {row.group.key: row.means[0].mean for row in comparison.rows((column,)) if row.means[0] is not None}
        known = [group for group in groups if means.get(group.key, float("nan")) == means.get(group.key)]
        known.sort(key=lambda group: means[group.key], reverse=direction == "higher")
        groups = [*known, *(group for group in groups if group not in known)]
        said = f"the best {most} of {len(groups):,} groups by {column}"
    kept = {run.id for group in groups[:most] for run in group.runs}
    runs = [run for run in comparison.runs if run.id in kept]
    return type(comparison)(runs, comparison.histories, comparison.grouping), said


def title(comparison: Comparison) -> str:
    """Return what a report of runs is called: the experiments, and in what their runs differ."""
    names = dict.fromkeys(run.record.experiment for run in comparison.runs if run.record)
    installed = catalogue.experiments()
    titles = [installed[name].title if name in installed else name for name in names]
    fields = [one.field for one in comparison.differences if one.field not in {"experiment", "seed", "device"}]
    over = f" over {', '.join(fields[:3])}{' and more' if len(fields) > 3 else ''}" if fields else ""
    return f"{', '.join(titles[:3]) or 'Runs'}{' and others' if len(titles) > 3 else ''}{over}"


def asked(comparison: Comparison) -> list[Block]:
    """Return which runs these are, in which states, and what was noted on them."""
    found: list[Block] = []
    counts = Counter(run.record.experiment for run in comparison.runs if run.record)
    for name, count in counts.items():
        declared = catalogue.experiments().get(name)
        summary = f" {declared.summary}" if declared else ""
        runs = f"{count:,} run{'s' if count > 1 else ''} of "
        found.append(Paragraph((Span(runs), Span(name, "code"), Span(f".{summary}"))))
    found += [Paragraph(plain(line)) for line in sheets.differing(comparison)]
    if len(comparison.runs) <= MOST_RUNS:
        found.append(_listed(comparison, "The runs.", comparison.runs))
    else:
        states = Counter(run.status.state for run in comparison.runs)
        found.append(Paragraph(plain(f"{', '.join(f'{count:,} {state}' for state, count in states.items())}.")))
        if others := [run for run in comparison.runs if run.status.state != "finished"]:
            found.append(_listed(comparison, "Runs that have not finished.", others[:MOST_RUNS]))
    if warnings := [*_states(comparison), *comparison.troubles]:
        found.append(Bullets(tuple(map(plain, warnings[:MOST_RUNS]))))
    return [*found, *_noted(comparison)]


def _listed(comparison: Comparison, caption: str, runs: Sequence[Listed]) -> TableBlock:
    rows = []
    for run in runs:
        history, record = comparison.history(run), run.record
        seed = str(record.seed) if record else ""
        began = stamp(record.created) if record else ""
        rows.append((run.id, run.name, seed, run.status.state, began, wording.clock(history.running())))
    head = ("run", "name", "seed", "state", "launched", "took")
    named = any(run.name for run in runs)
    places = [place for place, column in enumerate(head) if named or column != "name"]
    cut = [tuple(row[place] for place in places) for row in rows]
    return TableBlock(caption, tuple(head[place] for place in places), tuple(cut))


def _states(comparison: Comparison) -> Iterator[str]:
    """Yield a sentence for each run that has not finished, or was changed while it ran."""
    for run in comparison.runs:
        status, changes = run.status, comparison.history(run).changes
        done = wording.share(status.step, status.total)
        if status.state == "finished":
            said = "".join(
                f" {change.name} {wording.setting(change.previous)} → {wording.setting(change.value)}"
                f" after step {change.step:,};"
                for change in changes
            )
            if said:
                yield f"{run.id} was changed while it ran:{said[:-1]}."
        elif not status.ended:
            yield f"{run.id} is {status.state}{f', {done} done' if done else ''}: its figures are those up to now."
        elif run.record is not None:
            after = f" after {done}" if done else ""
            reason = f": {status.reason}" if status.reason else ""
            yield f"{run.id} {'was stopped' if status.state == 'stopped' else status.state}{after}{reason}."


def _noted(comparison: Comparison) -> Iterator[Block]:
    noted = [run for run in comparison.runs if run.annotations.note]
    for run in noted[:MOST_NOTES]:
        first, *rest = notes.blocks(run.annotations.note) or (Paragraph(()),)
        name = Span(f"{run.name or run.id}: ", "strong")
        if isinstance(first, Paragraph):
            yield Paragraph((name, *first.spans))
        else:
            yield from (Paragraph((name,)), first)
        yield from rest


def configuration(comparison: Comparison) -> list[Block]:
    """Return what differs, a column or a row for each group, and compactly what all have in common."""
    found: list[Block] = []
    differing = {one.field for one in comparison.differences}
    if differing:
        table = TableBlock.of("What differs.", sheets.configured(comparison))
        found.append(table if len(comparison.groups) <= WIDE else table.transposed("group"))
    common = _common(comparison, differing)
    return [*found, Paragraph(common, faint=True)] if common else found


def _common(comparison: Comparison, differing: set[str]) -> Spans:
    """Return the values that all runs share; those that are not the defaults of the experiment are strong."""
    first = next((run for run in comparison.runs if run.record is not None), None)
    if first is None or first.record is None:
        return ()
    declared = catalogue.experiments().get(first.record.experiment)
    defaults = {view.name: view.default for view in declared.fields()} if declared else {}
    values = {name: value for name, value in configuration_of(first).items() if name not in differing}
    spans = [Span("All of them: " if len(comparison.runs) > 1 else "It ran with: ")]
    for place, (name, value) in enumerate(values.items()):
        changed = name in defaults and defaults[name] != value
        written = f"{name} {wording.setting(value) or 'empty'}"
        spans += [Span(written, "strong" if changed else "plain"), Span("." if place == len(values) - 1 else ", ")]
    strong = any(span.style == "strong" for span in spans)
    return (*spans, *([Span(" Strong values are not the defaults.")] if strong else []))


def results(comparison: Comparison, columns: Sequence[Column] = ()) -> list[Block]:
    """Return the results of all groups with their intervals, and what the seeds prove."""
    wanted = columns or comparison.default_columns()
    wanted = [one for one in wanted if any(comparison.values(group, one) for group in comparison.groups)]
    if not wanted:
        return [Paragraph(plain("There is no result yet."))]
    sheet = sheets.results(comparison, wanted, wanted if columns else wanted[:1])
    caption = (
        "Results: means over seeds with their 95 % interval and the number of seeds in brackets; * marks the best."
    )
    said = tuple(remark for remark in sheet.remarks if remark not in sheets.differing(comparison))
    table = TableBlock(caption, sheet.columns, sheet.rows, said)
    return [table.transposed("result") if len(wanted) > WIDE > len(sheet.rows) else table]


def commands(comparison: Comparison) -> list[Block]:
    """Return the commands that run the same again, a line for each group of seeds."""
    lines = list(dict.fromkeys(line for group in comparison.groups if (line := _command(group))))
    missing = {run.record.experiment for run in comparison.runs if run.record} - catalogue.experiments().keys()
    found: list[Block] = [Commands(tuple(lines))] if lines else []
    said = (f"The experiment {name} is not installed here, so its commands are not known." for name in sorted(missing))
    return [*found, *(Paragraph(plain(line)) for line in said)]


def typed(declared: Experiment, given: Mapping[str, Any]) -> dict[str, str]:
    """Return the hyperparameters that are not the defaults of an experiment, as they are typed."""
    return {
        view.name: wording.setting(given[view.name])
        for view in declared.fields()
        if view.name in given and given[view.name] != view.default
    }


def _command(group: Group) -> str:
    record = group.runs[0].record
    declared = catalogue.experiments().get(record.experiment) if record else None
    if record is None or declared is None:
        return ""
    values = typed(declared, record.hyperparameters)
    seeds = sorted({run.record.seed for run in group.runs if run.record})
    if len(seeds) == 1:
        return wording.command_line(declared, values | {"seed": str(seeds[0]), "device": record.device})
    line = wording.command_line(declared, values | {"device": record.device})
    return f"for seed in {' '.join(map(str, seeds))}; do {line} --seed $seed; done"


def versions(comparison: Comparison) -> list[Block]:
    """Return which software and devices made the runs, when, and how long they took."""
    rows: dict[str, dict[str, None]] = {}

    def note(name: str, value: object) -> None:
        if value:
            rows.setdefault(name, {})[str(value)] = None

    records = [run.record for run in comparison.runs if run.record]
    for run in comparison.runs:
        if run.record is None:
            continue
        for package, version in run.record.versions.items():
            note(package, version)
        history = comparison.history(run)
        # Which of several GPUs it was says nothing, of what kind it was does.
        note("device", (taken.name or taken.device) if (taken := history.device) else run.record.device)
        note("host", run.record.host)
        started = history.started
        note("CPU threads", started.threads if started else 0)
        commit = run.record.git.get("commit", "")
        note(
            "commit of the folder",
            f"{commit[:10]}{' with changes' if run.record.git.get('dirty') else ''}" * bool(commit),
        )
    took = [comparison.history(run).running() for run in comparison.runs]
    ended = [run.status.changed for run in comparison.runs if run.status.ended and run.status.changed]
    if records:
        note("first launched", stamp(min(record.created for record in records)))
    if ended:
        note("last ended", stamp(max(ended)))
    note("running time in all", wording.clock(sum(took)))
    if not rows:
        return []
    return [
        TableBlock("What made them.", ("what", "value"), tuple((name, ", ".join(own)) for name, own in rows.items()))
    ]


def sources(comparison: Comparison) -> list[Block]:
    """Return the papers and reports that the experiments follow."""
    names = dict.fromkeys(run.record.experiment for run in comparison.runs if run.record)
    pages = [declared.page for name in names if (declared := catalogue.experiments().get(name)) and declared.page]
    entries = tuple(dict.fromkeys(source for page in pages for source in page.sources))
    return [Bibliography(entries)] if entries else []
