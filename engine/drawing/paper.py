"""Plots on paper: any declared plot drawn by matplotlib, as PNG, SVG or PDF. No screen, no torch."""

from __future__ import annotations

import io
import math
import warnings
from typing import TYPE_CHECKING, Any

from engine import plots, wording
from engine.errors import PhospheneError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL.Image import Image

    from engine.provenance import Origin

INK, PAPER = "#282a36", "#ffffff"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""The palette of Okabe and Ito, which colour-blind readers can tell apart; dashes and marks say the same again."""
LESS, MORE = COLOURS[0], COLOURS[1]
"""Ends of the scale of a difference, blue and vermilion: colour-blind readers can tell these apart, too."""
DASHES = ("-", "--", "-.", ":")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
DPI = 150
FORMATS: dict[str, dict[str, Any]] = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
"""Endings of files, with the metadata that leave out the date, so that the same plot gives the same bytes."""
VECTORS = tuple(ending for ending in FORMATS if ending != ".png")
"""Formats that only plots can be written in; a picture has nothing but its pixels."""
ENDINGS = ("", *FORMATS)


def write(plot: plots.Plot, path: Path, origin: Origin) -> None:
    """Write a plot that carries where it came from; the ending of the path names one of `FORMATS`, none means PNG.

    Raises:
        PhospheneError: if the path ends otherwise.
        OSError: if the disk refuses.
    """
    save(lambda: figure(plot), path, origin)


def save(draw: Callable[[], Figure], path: Path, origin: Origin) -> None:
    """Write what a function draws; the same figure gives the same bytes. Ending and errors as in :func:`write`."""
    if path.suffix.lower() not in ENDINGS:
        raise PhospheneError(f"{path.name} must end in {' or '.join(FORMATS)}")
    path.write_bytes(encoded(draw, path.suffix.lower() or ".png", origin))


def encoded(draw: Callable[[], Figure], ending: str, origin: Origin | None = None) -> bytes:
    """Return what a function draws as the bytes of a file of that ending, one of `FORMATS`, with its origin if any."""
    from matplotlib import rc_context

    buffer = io.BytesIO()
    carried = origin.metadata(ending) if origin is not None else {}
    with rc_context({"svg.hashsalt": "phosphene", "pdf.fonttype": 42}), warnings.catch_warnings():
        # A name may hold a letter that the font lacks; it becomes a box.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        draw().savefig(buffer, format=ending.removeprefix("."), metadata=FORMATS[ending] | carried)
    return buffer.getvalue()


def literal(text: str) -> str:
    """Return a text of the user as a label that shows it as it is: no formula, nothing that cannot be printed."""
    return wording.printable(text).replace("$", r"\$")


def image(plot: plots.Plot) -> Image:
    """Return a plot as a picture in RGB."""
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    figure(plot).savefig(buffer, format="png")
    with Pillow.open(buffer) as picture:
        return picture.convert("RGB")


def figure(plot: plots.Plot) -> Figure:
    """Return a plot as a matplotlib figure."""
    return _DRAWN[plot.kind](plot)


def axes_of_size(width: float, height: float) -> tuple[Figure, Axes]:
    """Return an empty figure of some inches, with axes open above and on the right."""
    from matplotlib.figure import Figure

    drawn = Figure((width, height), dpi=DPI, facecolor=PAPER, layout="constrained")
    axes = drawn.add_subplot(facecolor=PAPER)
    axes.spines[["top", "right"]].set_visible(False)
    return drawn, axes


def _lines(plot: plots.Lines) -> Figure:
    drawn, axes = axes_of_size(max(6.4, 0.28 * len(plot.x)) if plot.named else 6.4, 4.2)
    places: Any = range(len(plot.x)) if plot.named else plot.x
    for number, (name, values) in enumerate(plot.series.items()):
        axes.errorbar(
            places,
            values,
            yerr=plot.errors.get(name),
            color=COLOURS[number % len(COLOURS)],
            linestyle=DASHES[number % len(DASHES)],
            marker=MARKS[number % len(MARKS)] if len(plot.x) <= 60 else None,
            label=name,
            markersize=4,
            linewidth=1.5,
            capsize=2,
        )
    if plot.named:
        names = [str(name) for name in plot.x]
        axes.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
    else:
        axes.set_xscale(plot.x_scale)
    axes.set_yscale(plot.y_scale)
    if plot.marked is not None and plot.marked in plot.x:
        axes.axvline(places[list(plot.x).index(plot.marked)], color=INK, linewidth=0.8, linestyle=":")
    axes.set_xlabel(plot.x_label)
    axes.set_ylabel(plot.y_label)
    axes.grid(axis="y", alpha=0.25)
    if len(plot.series) > 1:
        axes.legend(frameon=False)
    return drawn


def _heatmap(plot: plots.Heatmap) -> Figure:
    import numpy as np

    numbers = np.asarray(plot.values, dtype=float).reshape(len(plot.rows), len(plot.columns))
    cell = 0.42 + 0.08 * plot.digits
    drawn, axes = axes_of_size(max(4.8, 1.9 + cell * len(plot.columns)), max(3.2, 1.3 + 0.3 * len(plot.rows)))
    shades = shares(plot)
    sign = "+" if plot.shade == "difference" else ""
    cells = axes.imshow(shades, cmap=_colours(plot), aspect="auto", vmin=0, vmax=1)
    for (row, column), value in np.ndenumerate(numbers):
        if np.isfinite(value) and (value or plot.shade == "value"):
            dark = _dark(plot, float(shades[row, column]))
            mistake = plot.diagonal and row != column
            colour = "white" if dark else "#a02020" if mistake else "black"
            text = f"{value:{sign}.{plot.digits}f}"
            axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    axes.set_xticks(range(len(plot.columns)), plot.columns, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    axes.set_yticks(range(len(plot.rows)), plot.rows, fontsize=8)
    axes.set_xlabel(plot.column_label)
    axes.set_ylabel(plot.row_label)
    if plot.shade == "difference":
        bar = drawn.colorbar(cells, ax=axes, ticks=[0, 0.5, 1])
        bar.ax.set_yticklabels([f"{share * farthest(plot):+.{plot.digits}f}" if share else "0" for share in (-1, 0, 1)])
    if plot.legend:
        axes.set_title(plot.legend, fontsize=8, wrap=True)
    return drawn


def _colours(plot: plots.Heatmap) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    if plot.shade == "difference":
        return LinearSegmentedColormap.from_list("difference", (LESS, PAPER, MORE))
    return "viridis" if plot.shade == "value" else "Blues"


def _dark(plot: plots.Heatmap, share: float) -> bool:
    """Tell whether text on the colour of a share must be white."""
    if plot.shade == "difference":
        return abs(share - 0.5) > 0.35
    return share > 0.5 if plot.shade == "row" else share <= 0.5


def farthest(plot: plots.Heatmap) -> float:
    """Return how far the farthest value of a heatmap lies from zero; 1 if all are zero, or none is finite."""
    return max((abs(value) for row in plot.values for value in row if math.isfinite(value)), default=0.0) or 1.0


def shares(plot: plots.Heatmap) -> Any:
    """Return how full the colour of each cell is, float64 ``[R, C]`` in [0, 1]; NaN where the value is not finite.

    Of a difference zero is 0.5, and the value that lies farthest from it 0 or 1.
    """
    import numpy as np

    numbers = np.asarray(plot.values, dtype=float).reshape(len(plot.rows), len(plot.columns))
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    if not np.isfinite(numbers).any():
        return numbers
    if plot.shade == "difference":
        return plots.shares_between(numbers, -farthest(plot), farthest(plot))
    if plot.shade == "row":
        largest = np.nan_to_num(np.abs(numbers)).max(axis=1, keepdims=True)
        parts = numbers / np.where(largest > 0, largest, 1)
        total = np.nansum(parts, axis=1, keepdims=True)
        return np.clip(parts / np.where(total > 0, total, 1), 0, 1)
    low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    return plots.shares_between(numbers, low, high) if high > low else np.where(np.isnan(numbers), np.nan, 0.5)


def _bars(plot: plots.Bars) -> Figure:
    from matplotlib.ticker import EngFormatter

    drawn, axes = axes_of_size(6.4, max(2.4, 0.8 + 0.22 * len(plot.names)))
    axes.barh(range(len(plot.names)), plot.values, xerr=plot.errors or None, color=COLOURS[0], capsize=2)
    axes.set_yticks(range(len(plot.names)), plot.names, fontsize=8)
    axes.invert_yaxis()
    if max((abs(value) for value in plot.values if math.isfinite(value)), default=0) >= 1e4:
        axes.xaxis.set_major_formatter(EngFormatter())
    axes.set_xlabel(plot.label)
    axes.grid(axis="x", alpha=0.25)
    return drawn


def _scatter(plot: plots.Scatter) -> Figure:
    from matplotlib import colormaps
    from matplotlib.lines import Line2D

    drawn, axes = axes_of_size(6.4, 4.8)
    groups, forms = sorted(set(plot.groups)), sorted(set(plot.shapes))
    palette = COLOURS if len(groups) <= len(COLOURS) else colormaps["tab20"].colors  # type: ignore[attr-defined]
    colour = {name: palette[number % len(palette)] for number, name in enumerate(groups)}
    mark = {name: MARKS[number % len(MARKS)] for number, name in enumerate(forms)}
    for form in forms or [""]:
        own = [n for n in range(len(plot.points)) if not plot.shapes or plot.shapes[n] == form]
        axes.scatter(
            [plot.points[n][0] for n in own],
            [plot.points[n][1] for n in own],
            c=[colour[plot.groups[n]] for n in own],
            marker=mark.get(form, "o"),
            s=12,
            alpha=0.75,
            linewidths=0,
        )
    handles = [Line2D([], [], marker="o", linestyle="", color=colour[name], label=name) for name in groups]
    handles += [Line2D([], [], marker=mark[name], linestyle="", color=INK, label=name) for name in forms]
    axes.legend(handles=handles, frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    axes.set_xlabel(plot.x_label)
    axes.set_ylabel(plot.y_label)
    if not plot.x_label and not plot.y_label:
        axes.set_xticks([])
        axes.set_yticks([])
    return drawn


def _tiles(plot: plots.Tiles) -> Figure:
    from matplotlib.figure import Figure

    from engine.drawing.pixels import pixels

    count = max(1, len(plot.pictures))
    columns = min(plot.columns or math.ceil(math.sqrt(count * 1.6)), count)
    rows = -(-count // columns)
    lines = max((len(own) for own in plot.captions), default=0)
    drawn = Figure((1.3 * columns, (1.3 + 0.16 * lines) * rows), dpi=DPI, facecolor=PAPER, layout="constrained")
    for number, (picture, caption) in enumerate(zip(plot.pictures, plot.captions, strict=True)):
        axes = drawn.add_subplot(rows, columns, number + 1)
        shown = pixels(picture)
        axes.imshow(shown, interpolation="nearest" if max(shown.shape[:2]) < 128 else "antialiased")
        axes.set_title("\n".join(caption), fontsize=6, y=-0.02, va="top", pad=0)  # the pad would lift it into the tile
        axes.axis("off")
    return drawn


_DRAWN: dict[str, Callable[[Any], Figure]] = {
    "lines": _lines,
    "heatmap": _heatmap,
    "bars": _bars,
    "scatter": _scatter,
    "tiles": _tiles,
}
