"""What can be written of a study: its tables, its figure, and its report."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from tui.exporting import Offer, chart_offer, table_offer
from tui.reporting import part_of
from tui.widgets.comparison.offers import pictures_offer as shelves_offer
from tui.widgets.sweep.offers import pictures_offer as grid_offer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine import Origin, ReportPart, Sheet, StudyNamed, Workspace
    from tui.widgets.study.look import Seen
    from tui.widgets.study.panels import StudyFigure


def _runs(seen: Seen) -> list[str]:
    return [trial.run for trial in seen.progress.trials]


def _told(seen: Seen) -> StudyNamed:
    """Return the name of the tier, with its changed values and seeds."""
    from engine import study_naming

    progress, asked = seen.progress, seen.asked
    return study_naming.Named(progress.study.name, progress.tier, asked.changed, asked.seeds)


def _shown_by(seen: Seen) -> Callable[[str], Origin]:
    from engine import provenance

    told, runs = _told(seen), _runs(seen)
    return lambda form: provenance.Origin.of(runs, "study", "show", told.study, *told.options, "--format", form)


def _part(seen: Seen, kind: str) -> ReportPart:
    """Return what a report shows of the tier."""
    return part_of(kind, study=str(_told(seen)))


def published_offer(seen: Seen) -> Offer | None:
    """Return the offer to write the published values beside the measured ones."""
    if seen.published is None:
        return None
    name = f"{seen.progress.study.name}-published.csv"
    return table_offer(name, seen.sheet, seen.sheet, _shown_by(seen), _part(seen, "published"))


def combinations_offer(seen: Seen) -> Offer:
    """Return the offer to write the combinations; as CSV, the runs in plain figures."""
    from engine import Sheet, sweep_outlook

    table = seen.body.table.as_shown()
    figures: Sheet = sweep_outlook.runs(seen.progress.record, seen.trials)
    shown = Sheet(table.columns, table.rows)
    return table_offer(f"{seen.progress.study.name}.csv", figures, shown, _shown_by(seen), _part(seen, "studied"))


def figure_offer(seen: Seen, drawn: StudyFigure) -> Offer | None:
    """Return the offer to write what the figure shows."""
    study, figure, part = seen.progress.study, seen.figure, _part(seen, "figure")
    if drawn.part == "charts" and drawn.charts.chosen is not None:
        name, chart = drawn.charts.chosen
        return chart_offer(f"{study.name} {name}", chart, part)
    if drawn.part == "kept":
        return shelves_offer(drawn.pictures.sheet, part)
    if drawn.part == "grid" and figure.grid is not None:
        return grid_offer(figure.grid, part)
    if drawn.part == "table" and drawn.tables.grid.model is not None:
        from engine import Sheet, provenance

        table = drawn.tables.grid.model.as_shown()
        sheet = Sheet(table.columns, table.rows)
        return table_offer(f"{study.name}-table.csv", sheet, sheet, lambda _: provenance.Origin.of(_runs(seen)), part)
    return _plot_offer(seen) if drawn.part == "plot" else None


def _plot_offer(seen: Seen) -> Offer | None:
    from engine import paper, provenance

    given = seen.figure.plot
    if given is None:
        return None

    def write(path: Path, origin: Origin) -> None:
        paper.write(given.content, path, origin)

    origin = provenance.Origin.of(_runs(seen))
    return Offer(
        f"{seen.progress.study.name}-{given.content.kind}.pdf",
        ".pdf .svg .png",
        write,
        lambda _: origin,
        _part(seen, "figure"),
    )


def report_offer(workspace: Workspace, seen: Seen) -> Offer | None:
    """Return the offer to write the report of the tier; None if no run of it has finished."""
    from engine import Reports, ReportSource, provenance, report_writing

    runs = _runs(seen)
    if not runs:
        return None
    told = str(_told(seen))

    def write(path: Path, origin: Origin) -> None:
        reports = Reports(workspace)
        document = reports.document(reports.outline(ReportSource(study=told)))
        report_writing.write(document, path, report_writing.form_of(path, ""), origin)

    def origin_of(path: Path) -> Origin:
        form = report_writing.form_of(path, "")
        return provenance.Origin.of(runs, "report", *shlex.split(told), "--group=-seed", "--to", form)

    return Offer(f"{seen.progress.study.name}.html", ".html .pdf .md .tex", write, origin_of)
