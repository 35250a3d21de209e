"""What a report says of a study: its question, what was published beside what is measured, combinations, its figure."""

from __future__ import annotations

import itertools
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from engine import plots, wording
from engine.drawing import gallery
from engine.report import figures
from engine.report.document import Bullets, Commands, Figure, Paragraph, Pictures, Span, TableBlock, plain
from engine.studies import figure as study_figure
from engine.studies import words
from engine.studies.naming import named
from engine.sweep import pictures, views

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.comparison.comparison import Comparison
    from engine.report.document import Block, Picture
    from engine.studies.studies import Progress
    from engine.sweep.trials import Trial

MOST_TILES = 6
"""Pictures below each other, of a plot of several."""
MOST_STEPS = 4
"""Steps beside each other where the rows are an axis."""


def title(progress: Progress) -> str:
    """Return what the report of a study is called."""
    return progress.study.title


def question(progress: Progress) -> list[Block]:
    """Return what a study asks, of which experiment, how far it has come, and what must be known to read it."""
    study, tier = progress.study, progress.study.tier(progress.tier)
    runs = f"{len(progress.trials)} of {progress.runs} runs of the {progress.tier} tier have finished"
    items = [plain(f"source: {study.source}")] if study.source else []
    items.append((Span("experiment: "), Span(study.experiment, "code")))
    items += [(Span("axes: "), Span("  ".join(map(str, progress.record.axes)), "code"))] if progress.record.axes else []
    items.append(plain(runs))
    notes = [" ".join(note.split()) for note in (study.note, tier.note) if note]
    return [Paragraph(plain(study.question)), Bullets(tuple(items)), *(Paragraph(plain(note)) for note in notes)]


def published(progress: Progress) -> list[Block]:
    """Return published values beside measured ones, with the interval in which one more run is expected."""
    if not progress.judged:
        return [Paragraph(plain("The source prints no value that could stand beside ours."))]
    caption = (
        "Published values beside measured ones: mean with its 95 % interval (runs), and where one more run would lie."
    )
    return [TableBlock.of(caption, words.beside(progress))]


def combinations(progress: Progress) -> list[Block]:
    """Return the combinations that have runs, with their means."""
    if not progress.trials:
        return [Paragraph(plain("No run has finished yet."))]
    return [TableBlock.of("Combinations; means with their 95 % interval over seeds.", words.combinations(progress))]


def command(name: str) -> list[Block]:
    """Return the command that runs a study again; ``name`` as :mod:`engine.studies.naming` has it."""
    return [Commands((shlex.join(run_words(name)),))]


def run_words(name: str) -> list[str]:
    """Return the words of the command that runs a study again; ``name`` as in :func:`command`."""
    meant = named(name)
    return ["phosphene", "study", "run", meant.study, *meant.options]


def drawn(progress: Progress, comparison: Comparison) -> str:
    """Return the name of what a study's figure shows; empty if that is the table of combinations."""
    return study_figure.way(progress.study, progress.record, comparison)[1]


def figure(progress: Progress, comparison: Comparison) -> list[Block]:
    """Return a study's figure, laid out as its file says; nothing where that is the table of combinations alone.

    Args:
        progress: of a tier of the study.
        comparison: of its runs.
    """
    way, name = study_figure.way(progress.study, progress.record, comparison)
    if way == "curves":
        return figures.curves(comparison, name)
    if way == "table":
        return figures.table(comparison, name)
    if way == "means":
        return [*_means(progress, comparison, name)]
    return _pictures(progress, comparison, name) if way in {"grid", "kept"} else []


def _means(progress: Progress, comparison: Comparison, metric: str) -> Iterator[Block]:
    listed = {run.id: run for run in comparison.runs}
    trials = study_figure.valued(progress.trials, metric, listed, comparison.histories)
    found = study_figure.means(progress.study, replace(progress.record, metric=metric), trials)
    if isinstance(found, dict):
        for axis, chart in found.items():
            yield Figure(
                f"{metric} over {axis}; means over seeds, with 95 % intervals.", f"{metric}-over-{axis}", chart
            )
    else:
        yield Figure(f"{metric}, means over seeds, with 95 % intervals.", metric, found)


def _pictures(progress: Progress, comparison: Comparison, name: str) -> list[Block]:
    """Return pictures by the axes that the study names.

    Rows alone go over the steps, columns alone over the seeds. Where a picture is a plot of several, these stand
    below each other, of one seed.
    """
    study, record = progress.study, progress.record
    axes = [axis.name for axis in record.axes]
    rows, columns = (one if one in axes else "" for one in (study.rows, study.columns))
    runs = {run.id: run for run in comparison.runs}

    def albums(trial: Trial) -> pictures.Album:
        run = runs.get(trial.run)
        return gallery.album(run.directory, comparison.history(run)) if run else {}

    grid = None
    if across := columns or rows:
        down = (rows or views.SEEDS) if columns else pictures.STEPS
        grid, _ = pictures.picture_grid(record, progress.trials, albums, across, down, name, MOST_STEPS)
    if grid is None:
        return figures.pictures(comparison, name, record.fields if len(record.fields) == 2 else ())
    if plotted := [one for row in grid.cells for one in row if isinstance(one, gallery.Plotted)]:
        return _tiled(grid, plotted) or figures.pictures(comparison, name)
    grid = grid if columns else grid.turned()
    items = tuple(
        None if one is None else figures.picture(one, figures.SIDE, *_place(grid, row, column))
        for row, own in zip(grid.rows, grid.cells, strict=True)
        for column, one in zip(grid.columns, own, strict=True)
    )
    alone = len(grid.rows) == 1
    caption = f"{name}: {grid.across} across." if alone else f"{grid.title}."
    return [Figure(caption, name, Pictures(items, 0 if alone else len(grid.columns)))]


def _tiled(grid: pictures.PictureGrid, plotted: Sequence[gallery.Plotted]) -> list[Block]:
    """Return the pictures of plots of several, a column each plot; nothing if they are plots of another kind."""
    shown: list[list[Picture]] = []
    for place, column in enumerate(grid.columns):
        own = next((row[place] for row in reversed(grid.cells) if row[place] is not None), None)
        plot = own.plot() if isinstance(own, gallery.Plotted) else None
        if own is not None and isinstance(plot, plots.Tiles):
            shown.append([*figures.tiles(own, plot, MOST_TILES, f"{grid.across} {column}")])
    if not shown:
        return []
    items = tuple(itertools.chain.from_iterable(itertools.zip_longest(*shown)))
    runs = ", ".join(dict.fromkeys(wording.short_id(one.run) for one in plotted))
    return [Figure(f"{grid.kind}: {grid.across} across ({runs}).", grid.kind, Pictures(items, len(shown)))]


def _place(grid: pictures.PictureGrid, row: str, column: str) -> list[str]:
    """Return where a picture stands; its step is said by itself."""
    places = [(grid.across, column), *([(grid.down, row)] if len(grid.rows) > 1 else [])]
    return [" · ".join(f"{name} {value}" for name, value in places if name != pictures.STEPS)]
