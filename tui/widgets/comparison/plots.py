"""Plots of several runs as one: lines over each other, heatmaps subtracted from each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine import PhospheneError, gallery, plots, shortened_captions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine import Style
    from tui.widgets.chart import Curve, XAxis


LONGEST_NAME = 32
"""Letters of a group's caption in the legend of a difference, at most."""


@dataclass(frozen=True)
class Overlaid:
    """Lines of several plots in one chart."""

    curves: tuple[Curve, ...]
    x_axis: XAxis
    title: str
    log_y: bool


def overlaid(kept: Sequence[tuple[str, Style, gallery.Kept]]) -> Overlaid | None:
    """Return the lines of plots over each other; None unless all of them can be read and are lines over like positions.

    Args:
        kept: of each group its caption, its style, and its plot.
    """
    from tui.plots.lines import curves_of

    read = []
    for caption, style, one in kept:
        if not isinstance(one, gallery.Plotted):
            return None
        try:
            plot = one.plot()
        except PhospheneError:
            return None
        if not isinstance(plot, plots.Lines):
            return None
        read.append((caption, style, plot))
    if len({(plot.named, plot.x_scale, plot.y_scale) for _, _, plot in read}) != 1:
        return None
    first = read[0][2]
    axis = replace(curves_of(first)[1], chosen=None)  # each run may have chosen another
    if first.named:
        names = tuple(dict.fromkeys(str(name) for _, _, plot in read for name in plot.x))
        axis = replace(axis, names=names)
    curves = [curve for caption, style, plot in read for curve in _curves(caption, style, plot, axis.names)]
    return Overlaid(tuple(curves), axis, first.y_label, first.y_scale == "log")


def _curves(caption: str, style: Style, plot: plots.Lines, names: Sequence[str]) -> list[Curve]:
    """Return the curves of one plot in the colour of its group; of several, each has a dash of its own."""
    import numpy as np

    from tui.plots.lines import curves_of
    from tui.widgets.comparison.charts import style_number

    found = []
    own = curves_of(plot)[0]
    for number, curve in enumerate(own):
        x, y, error = curve.x, curve.y, curve.error
        if names:
            x = np.array([names.index(str(plot.x[int(place)])) for place in x], dtype=np.float64)
            order = np.argsort(x, kind="stable")
            x, y, error = x[order], y[order], error[order] if error is not None else None
        label = f"{caption} · {curve.name}" if len(own) > 1 else caption
        drawn = style_number(replace(style, dash=style.dash + number))
        found.append(replace(curve, name=label, x=x, y=y, error=error, style=drawn))
    return found


@dataclass(frozen=True, slots=True)
class Subtracted(gallery.Plotted):
    """A heatmap less that of another run."""

    less: gallery.Plotted | None = None

    def plot(self) -> plots.Plot:
        """Return what this heatmap has more, cell by cell.

        Raises:
            PhospheneError: if one of them cannot be read, is not a heatmap, or has other rows or columns.
        """
        assert self.less is not None
        ours, theirs = (gallery.Plotted.plot(one) for one in (self, self.less))
        if not (isinstance(ours, plots.Heatmap) and isinstance(theirs, plots.Heatmap)):
            raise PhospheneError("only pictures and heatmaps have a difference")
        if (ours.rows, ours.columns) != (theirs.rows, theirs.columns):
            raise PhospheneError("the heatmaps have other rows or columns, so that they have no difference")
        pairs = zip(ours.values, theirs.values, strict=True)
        values = tuple(tuple(one - other for one, other in zip(*rows, strict=True)) for rows in pairs)
        one, other = shortened_captions((self.caption, self.less.caption), LONGEST_NAME)
        legend = f"{one} minus {other}"
        return replace(ours, values=values, shade="difference", diagonal=False, legend=legend)


def difference(first: gallery.Kept, second: gallery.Kept, times: int) -> gallery.Shot:
    """Return what the second has more than the first: a picture, amplified, or a heatmap."""
    if isinstance(first, gallery.Plotted) and isinstance(second, gallery.Plotted):
        return Subtracted(second.run, second.name, second.step, second.file, second.caption, first)
    return gallery.Difference(first, second, times)
