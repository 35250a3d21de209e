"""What a chart of compared runs shows: a line a run, or a mean with its band a group; drawn by others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from engine.comparison.curves import AXES, Axis, Curve, thinned
from engine.comparison.sheets import Sheet, titled
from engine.comparison.styles import in_order
from engine.curves.smoothing import smooth
from engine.errors import PhospheneError
from engine.provenance import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from engine.comparison.comparison import Comparison
    from engine.comparison.groups import Group
    from engine.comparison.styles import Style


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart, ``[N]`` points.

    Attributes:
        label: for the legend.
        style: numbers of colour and dash.
        x: positions.
        y: values; NaN leaves a gap.
        low: lower edge of a band around it, NaN where there is none; None for a line without a band.
        high: upper edge.
        form: a line, or single points; what is around these is an error bar at each.
        faint: whether it stands behind the others and is not named.
    """

    label: str
    style: Style
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    form: Literal["line", "points"] = "line"
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over a common axis.

    Attributes:
        lines: the first ones behind the others.
        x_label: what x is.
        y_label: what the values are.
        log_y: whether the y axis is logarithmic.
        log_x: whether the x axis is.
        names: of the positions 0, 1, 2 ... where x counts these.
        marks: places on x where something happened, and what: live changes of hyperparameters.
        origin: the runs, and the command that draws the same.
    """

    lines: tuple[Line, ...]
    x_label: str
    y_label: str
    log_y: bool = False
    log_x: bool = False
    names: tuple[str, ...] = ()
    marks: tuple[tuple[float, str], ...] = ()
    origin: Origin = field(default_factory=lambda: Origin(()))

    def sheet(self) -> Sheet:
        """Return every point that is drawn, a row each; of a position that has a name, the name."""
        rows = [
            (line.label, self.names[int(x)] if self.names else _written(x), *map(_written, values))
            for line in self.lines
            for x, *values in zip(line.x, line.y, *_edges(line), strict=True)
        ]
        return Sheet(("line", self.x_label, self.y_label, "low", "high"), tuple(rows))


def _written(value: float) -> str:
    return repr(float(value)) if np.isfinite(value) else ""


def _edges(line: Line) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nothing = np.full(len(line.x), np.nan)
    return (nothing if line.low is None else line.low), (nothing if line.high is None else line.high)


LABELS: dict[Axis, str] = {"step": "step", "epoch": "epoch", "time": "time (s)"}


def chart(
    comparison: Comparison, metric: str, axis: Axis | None = None, weight: float = 0.0, *, log_y: bool = False
) -> Chart:
    """Return the chart of a metric: the mean of each group with its band, each run that stands by itself as it is.

    Args:
        comparison: of the runs.
        metric: its name.
        axis: the natural one if None.
        weight: of smoothing, in [0, 1).
        log_y: whether values are drawn by their logarithms; those that are not positive are left out.

    Raises:
        PhospheneError: if no run has points of the metric, or an argument is out of range.
    """
    if not 0 <= weight < 1:
        raise PhospheneError(f"smoothing {weight:g} must be at least 0 and below 1")
    if axis is not None and axis not in AXES:
        raise PhospheneError(f"there is no axis {axis!r}; there are: {', '.join(AXES)}")
    axis = axis or comparison.natural_axis()
    lines = tuple(line for group in comparison.groups for line in _lines(comparison, group, metric, axis, weight))
    if log_y:
        lines = tuple(_positive(line) for line in lines)
    if not any(np.isfinite(line.y).any() for line in lines):
        shared = ", ".join(comparison.metrics) or "none"
        raise PhospheneError(f"no run has points of {metric!r} to draw over {axis}s; metrics they share: {shared}")
    smoothed = f", smoothed {weight:g}" if weight else ""
    runs = [run.id for run in comparison.runs]
    words: list[object] = ["chart", *runs, "--metric", metric, "--x", axis, f"--group={comparison.grouping}"]
    words += ["--smooth", weight] if weight else []
    words += ["--log-y"] if log_y else []
    marks = comparison.history(comparison.runs[0]).marks if len(comparison.runs) == 1 and axis == "step" else ()
    return Chart(lines, LABELS[axis], f"{metric}{smoothed}", log_y, marks=tuple(marks), origin=Origin.of(runs, *words))


def drawable(comparison: Comparison, metric: str) -> bool:
    """Return whether the chart of a metric has a line of two points at least.

    Runs of one group whose points do not overlap have no mean, and so no line.
    """
    axis = comparison.natural_axis()
    lines = (line for group in comparison.groups for line in _lines(comparison, group, metric, axis, 0.0))
    return any(np.isfinite(line.y).sum() > 1 for line in lines)


def members(comparison: Comparison, metric: str, axis: Axis, weight: float = 0.0) -> tuple[Line, ...]:
    """Return a line for each run of the groups that a chart draws as means, in the style of its group."""
    found = []
    for group in comparison.groups:
        for run in group.runs if len(group.runs) > 1 else ():
            curve = comparison.curve(run, metric, axis, weight)
            if curve is not None:
                drawn = thinned(curve)
                found.append(Line(run.id, comparison.styles[group.key], drawn.x, drawn.y))
    return tuple(found)


def chart_of_curves(
    curves: Sequence[tuple[str, Curve, float]],
    axis: Axis,
    y_label: str,
    marks: Sequence[tuple[float, str]] = (),
    *,
    log_y: bool = False,
) -> Chart:
    """Return the chart of curves of one run, in the colours and dashes of their order.

    Args:
        curves: a label, all points, and the weight of smoothing of each.
        axis: what x is.
        y_label: what y is.
        marks: as those of the chart.
        log_y: as in :func:`chart`.
    """
    lines = []
    for number, (label, curve, weight) in enumerate(curves):
        drawn = thinned(Curve(curve.x, smooth(curve.y, weight)))
        line = Line(f"{label}, smoothed {weight:g}" if weight else label, in_order(number), drawn.x, drawn.y)
        lines.append(_positive(line) if log_y else line)
    return Chart(tuple(lines), LABELS[axis], y_label, log_y, marks=tuple(marks))


def _lines(comparison: Comparison, group: Group, metric: str, axis: Axis, weight: float) -> Iterator[Line]:
    if len(group.runs) == 1:
        curve = comparison.curve(group.runs[0], metric, axis, weight)
        if curve is not None:
            drawn = thinned(curve)
            yield Line(titled(group), comparison.styles[group.key], drawn.x, drawn.y)
        return
    band = comparison.band(group, metric, axis, weight)
    if band is not None:
        label = f"{group.caption} ({band.n})"
        yield Line(label, comparison.styles[group.key], band.x, band.mean, band.low, band.high)


def _positive(line: Line) -> Line:
    """Return a line without values that have no logarithm; a band that reaches below zero ends at the least value."""
    y = np.where(line.y > 0, line.y, np.nan)
    if line.low is None or line.high is None or not np.isfinite(y).any():
        return Line(line.label, line.style, line.x, y, line.low, line.high)
    low = np.where(np.isnan(line.low), np.nan, np.maximum(line.low, np.nanmin(y)))
    return Line(line.label, line.style, line.x, y, np.minimum(low, y), line.high)
