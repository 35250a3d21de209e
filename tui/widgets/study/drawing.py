"""The figure of a study, worked out of its runs: curves, pictures, plots, tables or means. Touches no widget."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine import PhospheneError, gallery, plots
from tui.widgets.comparison.look import shelf_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from engine import Chart, Comparison, PictureGrid, StudyProgress, Trial
    from tui.widgets.comparison.look import Shelf


@dataclass(frozen=True)
class Given:
    """A plot that is drawn from what was worked out of runs."""

    content: plots.Plot

    def plot(self) -> plots.Plot:
        """Return it."""
        return self.content


@dataclass(frozen=True)
class Figure:
    """What the figure of a study shows; one of these is filled, or none where its table of combinations is all.

    Attributes:
        name: of what it shows.
        shelves: pictures or plots of each group.
        grid: pictures by two axes.
        tables: of the runs, by name.
        charts: curves, or the metric over each axis.
        plot: bars or a heatmap over the axes.
    """

    name: str = ""
    shelves: tuple[Shelf, ...] = ()
    grid: PictureGrid | None = None
    tables: Mapping[str, Path] = field(default_factory=dict)
    charts: Mapping[str, Chart] = field(default_factory=dict)
    plot: Given | None = None


def drawn(progress: StudyProgress, comparison: Comparison, trials: Sequence[Trial]) -> Figure:
    """Return the figure of a tier of a study.

    Args:
        progress: of the tier.
        comparison: of its runs, those that have not finished among them.
        trials: of these runs, in the order in which figures show them.
    """
    from engine import study_figure

    if not comparison.runs:
        return Figure()
    ways: Mapping[str, Callable[[StudyProgress, Comparison, Sequence[Trial], str], Figure]] = {
        "kept": _kept,
        "grid": _grid,
        "table": _tables,
        "curves": _curves,
        "means": _means,
    }
    way, name = study_figure.way(progress.study, progress.record, comparison)
    return ways[way](progress, comparison, trials, name) if way in ways else Figure()


def _kept(progress: StudyProgress, comparison: Comparison, trials: Sequence[Trial], name: str) -> Figure:
    del progress, trials
    shelves = (shelf_of(comparison, group) for group in comparison.groups)
    own = (replace(shelf, albums={name: shelf.albums[name]}) for shelf in shelves if name in shelf.albums)
    return Figure(name, shelves=tuple(own))


def _grid(progress: StudyProgress, comparison: Comparison, trials: Sequence[Trial], name: str) -> Figure:
    from engine import sweep_pictures

    albums = {run.id: gallery.album(run.directory, comparison.history(run)) for run in comparison.runs}
    study = progress.study
    grid, _ = sweep_pictures.picture_grid(
        progress.record, trials, lambda trial: albums.get(trial.run, {}), study.columns, study.rows, name
    )
    return Figure(name, grid=grid)


def _tables(progress: StudyProgress, comparison: Comparison, trials: Sequence[Trial], name: str) -> Figure:
    """Return the file of the table of a name, of one run of each group."""
    del progress, trials
    found = {}
    for group in comparison.groups:
        for run in group.runs:
            if name in comparison.history(run).tables:
                called = f"{name} of {group.caption}" if len(comparison.groups) > 1 else name
                found[called] = run.directory.path / comparison.history(run).tables[name].file
                break
    return Figure(name, tables=found)


def _curves(progress: StudyProgress, comparison: Comparison, trials: Sequence[Trial], name: str) -> Figure:
    del progress, trials
    from engine import comparison_chart

    try:
        return Figure(name, charts={name: comparison_chart(comparison, name)})
    except PhospheneError:  # no point of it lies on the axis that the runs share
        return Figure(name)


def _means(progress: StudyProgress, comparison: Comparison, trials: Sequence[Trial], name: str) -> Figure:
    from engine import study_figure

    listed = {run.id: run for run in comparison.runs}
    own = study_figure.valued(trials, name, listed, comparison.histories)
    means = study_figure.means(progress.study, replace(progress.record, metric=name), own)
    return Figure(name, charts=means) if isinstance(means, dict) else Figure(name, plot=Given(means))
