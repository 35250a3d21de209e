"""Plots for reports: curves, heatmaps and bars, drawn by matplotlib without a screen. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, PAPER = "#282a36", "#fafaf8"
COLOURS = ("#266ea0", "#c8463c", "#5b8c3e", "#8a5aa8", "#c98a1b", "#4a4a4a")
DPI = 100


def _figure(width: float, height: float) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure((width, height), dpi=DPI, facecolor=PAPER, layout="constrained")
    axes = figure.add_subplot(facecolor=PAPER)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def curves(
    x: Sequence[Any],
    series: Mapping[str, Sequence[float]],
    *,
    x_label: str,
    y_label: str,
    logarithmic: bool = False,
    marked: str = "",
) -> Figure:
    """Draw curves over numbers, or over names in their order.

    Args:
        x: positions, one for each value; texts become ticks.
        series: values by the name in the legend; NaN leaves a gap.
        x_label: below.
        y_label: at the left.
        logarithmic: whether the x axis is.
        marked: a name of ``x`` that is pointed out.
    """
    named = bool(x) and isinstance(x[0], str)
    figure, axes = _figure(max(6.4, 0.28 * len(x)) if named else 6.4, 4.2)
    places = range(len(x)) if named else x
    for colour, (name, values) in zip(COLOURS, series.items(), strict=False):
        axes.plot(places, values, "o-", color=colour, label=name, markersize=4, linewidth=1.5)
    if named:
        axes.set_xticks(range(len(x)), x, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
        if marked in x:
            axes.axvline(list(x).index(marked), color=INK, linewidth=0.8, linestyle=":")
    if logarithmic:
        axes.set_xscale("log")
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(axis="y", alpha=0.25)
    if len(series) > 1:
        axes.legend(frameon=False)
    return figure


def heatmap(
    values: Sequence[Sequence[float]], rows: Sequence[str], columns: Sequence[str], *, row_label: str, column_label: str
) -> Figure:
    """Draw a table of numbers as shades with the numbers in them; NaN stays blank."""
    import numpy as np

    numbers = np.asarray(values, dtype=float)
    figure, axes = _figure(max(4.8, 1.9 + 0.62 * len(columns)), max(3.2, 1.3 + 0.3 * len(rows)))
    axes.imshow(numbers, cmap="viridis", aspect="auto")
    middle = (np.nanmin(numbers) + np.nanmax(numbers)) / 2
    for (row, column), value in np.ndenumerate(numbers):
        if np.isfinite(value):
            colour = "black" if value > middle else "white"
            axes.text(column, row, f"{value:.3f}", ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(len(columns)), columns, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    axes.set_xlabel(column_label)
    axes.set_ylabel(row_label)
    return figure


def scatters(places: Mapping[str, Any], colours: Mapping[str, Sequence[str]]) -> Figure:
    """Draw points in the plane: a column for each way of placing them, a row for each way of colouring them.

    Args:
        places: ``[N, 2]`` by the title of the column.
        colours: the name of each point's group, by the title of the row; a legend names the groups.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure((4.4 * len(places), 3.8 * len(colours)), dpi=DPI, facecolor=PAPER, layout="constrained")
    for row, (what, groups) in enumerate(colours.items()):
        names = list(dict.fromkeys(groups))
        names = sorted(names) if len(names) > len(COLOURS) else names
        shades = COLOURS if len(names) <= len(COLOURS) else colormaps["tab20"].colors
        for column, (title, points) in enumerate(places.items()):
            axes = figure.add_subplot(len(colours), len(places), row * len(places) + column + 1, facecolor=PAPER)
            for number, name in enumerate(names):
                own = [place for place, group in enumerate(groups) if group == name]
                shade = shades[number % len(shades)]
                axes.scatter(*points[own].T, s=9, color=shade, label=name, alpha=0.75, linewidths=0)
            axes.set_title(f"{title}, by {what}", fontsize=10)
            axes.set_xticks([])
            axes.set_yticks([])
        axes.legend(frameon=False, fontsize=8, markerscale=2, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def bars(names: Sequence[str], values: Sequence[float], *, label: str) -> Figure:
    """Draw one horizontal bar for each name, the first on top."""
    from matplotlib.ticker import EngFormatter

    figure, axes = _figure(6.4, max(2.4, 0.8 + 0.22 * len(names)))
    axes.barh(range(len(names)), values, color=COLOURS[0])
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter(EngFormatter())
    axes.set_xlabel(label)
    axes.grid(axis="x", alpha=0.25)
    return figure
