"""What a report shows of runs: curves over each other, pictures and plots of a step in grids, tables."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from engine import plots, wording
from engine.comparison.chart import chart, drawable
from engine.comparison.groups import configuration
from engine.drawing import gallery
from engine.errors import PhospheneError
from engine.record.tables import read_table
from engine.report.document import Figure, Paragraph, Picture, Pictures, TableBlock, plain
from engine.report.runs import leading
from engine.selection.values import MISSING, comparable, rank

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from engine.comparison.comparison import Comparison
    from engine.comparison.curves import Axis
    from engine.comparison.groups import Group
    from engine.drawing.gallery import Kept
    from engine.record.workspace import Listed
    from engine.report.document import Block

MOST_LINES = 12
"""Groups in one chart."""
MOST_PICTURES = 12
"""Groups whose pictures stand beside each other."""
MOST_PLOTS = 3
"""Groups whose plots, or tables, follow each other."""
MOST_TILES = 24
"""Pictures of one plot."""
MOST_ROWS = 30
"""Rows of a table."""
SIDE = 320
"""Pixels of the longer side of a picture in a grid, at most."""
ALONE = 800
"""The same of a picture that stands alone."""


def curves(
    comparison: Comparison, metric: str, axis: Axis | None = None, weight: float = 0.0, *, log_y: bool = False
) -> list[Block]:
    """Return the chart of a metric; arguments and errors as those of :func:`engine.comparison.chart.chart`."""
    shown, said = leading(comparison, MOST_LINES)
    drawn = chart(shown, metric, axis, weight, log_y=log_y)
    banded = any(line.low is not None for line in drawn.lines)
    means = "means over seeds, with bands of their 95 % interval (the range of two)" if banded else ""
    smoothed = f", smoothed {weight:g}" if weight else ""
    caption = "; ".join(part for part in (f"{metric} by {drawn.x_label}{smoothed}", means, said) if part)
    return [Figure(f"{caption}.", metric, drawn)]


def metrics(comparison: Comparison) -> list[str]:
    """Return the metrics that charts are worth: those the runs share, or else all there are, of two points at least."""
    names = comparison.metrics or tuple(
        dict.fromkeys(name for run in comparison.runs for name in comparison.history(run).curves.series)
    )
    return [name for name in names if drawable(comparison, name)]


def kinds(comparison: Comparison) -> list[str]:
    """Return the names of the pictures and plots that the runs keep."""
    histories = [comparison.history(run) for run in comparison.runs]
    return list(dict.fromkeys(itertools.chain.from_iterable((*one.images, *one.plots) for one in histories)))


def tables(comparison: Comparison) -> list[str]:
    """Return the names of the tables that the runs keep."""
    return list(dict.fromkeys(name for run in comparison.runs for name in comparison.history(run).tables))


def pictures(comparison: Comparison, name: str, axes: Sequence[str] = (), step: int = 0) -> list[Block]:
    """Return what runs keep under a name at one step, of one run of each group.

    Args:
        comparison: of the runs.
        name: of a picture or plot.
        axes: two fields by whose values pictures are laid out, in rows and columns, as far as there are few.
        step: which one, or the last before it that the run has; 0 for its last.

    Raises:
        PhospheneError: if no run has a picture or plot of that name.
    """
    plotted = any(name in comparison.history(run).plots for run in comparison.runs)
    shown, said = leading(comparison, MOST_PLOTS if plotted else MOST_PICTURES)
    found = list(_kept(shown, name, step))
    if not found:
        raise PhospheneError(
            f"no run has a picture or plot {name!r}; there are: {', '.join(kinds(comparison)) or 'none'}"
        )
    if plotted:
        return [block for group, run, kept in found for block in _plotted(shown, group, run, kept)]
    note = f"; {said}" if said else ""
    side = SIDE if len(found) > 1 else ALONE
    items = {run.id: _of_group(shown, group, run, kept, side) for group, run, kept in found}
    grid = _laid_out([run for _, run, _ in found], axes) if axes and not said else None
    if grid is None:
        content = Pictures(tuple(items.values()))
    else:
        places, columns = grid
        content = Pictures(tuple(items[run] if run else None for run in places), columns)
        note = f", rows by {axes[0]}, columns by {axes[1]}"
    each = ", of one run of each group" if any(len(group.runs) > 1 for group, _, _ in found) else ""
    when = f"step {step:,}" if step else "the last step"
    return [Figure(f"{name} at {when}{each}{note}.", name, content)]


def _kept(comparison: Comparison, name: str, step: int) -> Iterator[tuple[Group, Listed, Kept]]:
    for group in comparison.groups:
        for run in group.runs:
            if own := gallery.album(run.directory, comparison.history(run)).get(name):
                yield group, run, gallery.at_step(own, step or max(own))
                break


def _whose(comparison: Comparison, group: Group, run: Listed) -> str:
    """Return whose a figure or a table is of several that are like it; nothing where there is one run alone."""
    one = _one_of(group, run) if len(group.runs) > 1 else ""
    if len(comparison.groups) > 1:
        return f" of {group.caption} ({run.id}{one and f', {one}'})"
    return f" of {run.id} ({one})" if one else ""


def _one_of(group: Group, run: Listed) -> str:
    seed = f"seed {run.record.seed}, " if run.record else ""
    return f"{seed}one of {len(group.runs)} runs"


def _of_group(comparison: Comparison, group: Group, run: Listed, kept: Kept, side: int) -> Picture:
    lines = [group.caption] if len(comparison.groups) > 1 else []
    lines += [_one_of(group, run)] if len(group.runs) > 1 else []
    return picture(kept, side, *lines)


def picture(kept: Kept, side: int, *lines: str) -> Picture:
    """Return what a run keeps as a picture of at most ``side`` pixels, with these lines and its step under it."""
    lines = (*lines, f"step {kept.step:,}{f' · {kept.caption}' if kept.caption else ''}")
    image = gallery.thumbnail(kept, side)
    if image is None:
        return Picture(b"", 0, 0, (*lines, "its file is gone or damaged"))
    return Picture.of(image, *lines)


def _laid_out(runs: Sequence[Listed], axes: Sequence[str]) -> tuple[list[str], int] | None:
    """Return the ids of runs row by row, empty where there is none, and how many columns; None if two share a place."""
    values = {run.id: [configuration(run).get(field, MISSING) for field in axes] for run in runs}
    rows, columns = (
        sorted(map(rank, {comparable(own[at]): own[at] for own in values.values()}.values())) for at in (0, 1)
    )
    places: dict[tuple[Any, Any], str] = {}
    for run, (row, column) in values.items():
        place = (rank(row), rank(column))
        if place in places:
            return None
        places[place] = run
    return [places.get((row, column), "") for row in rows for column in columns], len(columns)


def _plotted(comparison: Comparison, group: Group, run: Listed, kept: Kept) -> list[Block]:
    whose = _whose(comparison, group, run)
    caption = f"{kept.name}{whose} at step {kept.step:,}."
    if not isinstance(kept, gallery.Plotted):
        return [Figure(caption, kept.name, Pictures((_of_group(comparison, group, run, kept, ALONE),)))]
    try:
        plot = kept.plot()
    except PhospheneError as error:
        return [Paragraph(plain(f"{caption} {error}."), faint=True)]
    if isinstance(plot, plots.Tiles):
        return [_tiles(caption, kept, plot)]
    return [Figure(caption, kept.name, plot)]


def _tiles(caption: str, kept: Kept, plot: plots.Tiles) -> Figure:
    count = len(plot.pictures)
    more = f" The first {MOST_TILES} of {count:,}." if count > MOST_TILES else ""
    return Figure(f"{caption}{more}", kept.name, Pictures(tuple(tiles(kept, plot, MOST_TILES)), plot.columns))


def tiles(kept: Kept, plot: plots.Tiles, most: int, *above: str) -> Iterator[Picture]:
    """Yield the first pictures of a plot that was read, each with the lines ``above`` and its caption under it."""
    for file, own in itertools.islice(zip(plot.pictures, plot.captions, strict=True), most):
        assert not hasattr(file, "shape"), "the pictures of a plot that was read are files"
        image = gallery.thumbnail(gallery.Still(kept.run, kept.name, kept.step, file), SIDE // 2)
        lines = (*above, *own)
        yield Picture(b"", 0, 0, lines) if image is None else Picture.of(image, *lines)


def table(comparison: Comparison, name: str) -> list[Block]:
    """Return the table of a name, of one run of each group.

    Raises:
        PhospheneError: if no run has a table of that name.
    """
    shown, _ = leading(comparison, MOST_PLOTS)
    found: list[Block] = []
    for group in shown.groups:
        run = next((run for run in group.runs if name in shown.history(run).tables), None)
        if run is None:
            continue
        whose = _whose(comparison, group, run)
        try:
            read = read_table(run.directory.path / shown.history(run).tables[name].file, MOST_ROWS)
        except PhospheneError as error:
            found.append(Paragraph(plain(f"{name}{whose}: {error}."), faint=True))
            continue
        rows = tuple(tuple(map(_cell, row)) for row in read.rows)
        more = (f"The first {MOST_ROWS} of {read.total:,} rows.",) if read.total > len(rows) else ()
        found.append(TableBlock(f"{name}{whose}.", read.columns, rows, more))
    if not found:
        raise PhospheneError(f"no run has a table {name!r}; there are: {', '.join(tables(comparison)) or 'none'}")
    return found


def _cell(text: str) -> str:
    """Return a long number with four significant digits; anything else as it is."""
    if len(text) <= 7:
        return text
    try:
        return wording.figure(float(text))
    except ValueError:
        return text
