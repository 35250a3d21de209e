"""What a chart shows, as plain data: curves, settings, scales, and the place of the plot. Nothing here draws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine import Better, Trace


@dataclass(frozen=True)
class XAxis:
    """What x is.

    Attributes:
        label: its name, with its unit; a clock's is replaced by its format.
        ticks: whole numbers only, any numbers, or seconds written as a clock.
        scale: how x is spread; a logarithmic axis leaves out x <= 0.
        names: text of the positions 0, 1, 2 ...; then x counts them, and all of them are shown.
        chosen: the x that a plot points out: without a crosshair, the legend names the values there.
    """

    label: str = ""
    ticks: Literal["whole", "any", "clock"] = "any"
    scale: Literal["linear", "log"] = "linear"
    names: tuple[str, ...] = ()
    chosen: float | None = None


STEP = XAxis("step", "whole")
EPOCH = XAxis("epoch")
TIME = XAxis("time", "clock")


@dataclass(frozen=True)
class Curve:
    """A named line.

    Attributes:
        name: of the series; a chart recognises a curve that has grown by it.
        x: float64 `[N]`, non-decreasing.
        y: float64 `[N]`; may hold NaN and infinities.
        style: number of the curve in the cycles of colours and dashes; it stays with the series.
        label: shown instead of the name.
        marks: whether each point is marked while there is room between them.
        error: half the height of an error bar at each point, `[N]`; NaN for none.
        band: lower and upper edge of a band around the curve, `[N]` each; NaN for none.
        faint: whether it stands behind all others, in a faint colour, and is not in the legend.
        better: which of its values are the better ones; the legend names the best.
        points: whether its points stand alone, with no line between them.

    Raises:
        ValueError: if the arrays differ in length.
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    style: int = 0
    label: str = ""
    marks: bool = False
    error: NDArray[np.float64] | None = None
    band: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    faint: bool = False
    better: Better = "neither"
    points: bool = False

    def __post_init__(self) -> None:
        if self.x.ndim != 1 or self.x.shape != self.y.shape:
            raise ValueError(f"Curve {self.name}: x {self.x.shape} and y {self.y.shape} must both be [N].")
        if self.error is not None and self.error.shape != self.y.shape:
            raise ValueError(f"Curve {self.name}: error {self.error.shape} must have the shape of y, {self.y.shape}.")
        if self.band is not None and any(edge.shape != self.y.shape for edge in self.band):
            raise ValueError(f"Curve {self.name}: both edges of a band must have the shape of y, {self.y.shape}.")

    @property
    def spread(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """The ends of its error bars or of its band, whichever it has."""
        return self.band if self.error is None else (self.y - self.error, self.y + self.error)


Item = tuple[Curve, "Trace"]
"""A curve, and what was computed for its earlier points."""


@dataclass(frozen=True)
class Settings:
    """How to draw.

    Attributes:
        width: of the canvas in cells.
        height: of the canvas in cells.
        title: written before the legend.
        log_y: whether the y axis is logarithmic.
        smoothing: weight of the moving average; 0 for none, None for what suits each curve.
        x_axis: what x is.
        full: the range of x while nothing is zoomed; None for that of the curves.
        view: the range of x that is zoomed to.
        crosshair: the x that is pointed at.
        markers: vertical lines, each an x and a text.
    """

    width: int
    height: int
    title: str = ""
    log_y: bool = False
    smoothing: float | None = 0.0
    x_axis: XAxis = STEP
    full: tuple[float, float] | None = None
    view: tuple[float, float] | None = None
    crosshair: float | None = None
    markers: tuple[tuple[float, str], ...] = ()

    @property
    def pointed(self) -> float | None:
        """The x whose values are named: the crosshair's, or else the chosen one; None for the last of each."""
        return self.x_axis.chosen if self.crosshair is None else self.crosshair


@dataclass(frozen=True)
class Scale:
    """The range of an axis; `low` < `high`, and both are positive where it is logarithmic."""

    low: float
    high: float
    log: bool = False

    def position(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where values lie: 0 at `low`, 1 at `high`, NaN for NaN."""
        with np.errstate(all="ignore"):
            if self.log:
                low = np.log10(self.low)
                return np.asarray((np.log10(values) - low) / (np.log10(self.high) - low))
            if not math.isfinite(self.high - self.low):
                return (values / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
            return (values - self.low) / (self.high - self.low)

    def at(self, value: float) -> float:
        """Return where one value lies."""
        return float(self.position(np.array([value]))[0])

    def value(self, position: float) -> float:
        """Return the value at a position."""
        if self.log:
            low = math.log10(self.low)
            return float(10.0 ** (low + position * (math.log10(self.high) - low)))
        return self.low + position * (self.high - self.low)

    def edges(self, count: int) -> NDArray[np.float64]:
        """Return the edges `[count + 1]` of columns that are equally wide on the screen."""
        spaced = np.geomspace if self.log else np.linspace
        return np.asarray(spaced(self.low, self.high, count + 1))


@dataclass(frozen=True)
class PlotArea:
    """Where the curves are on the canvas, in cells; `width` is 0 while nothing is plotted.

    Attributes:
        x: scale of the x axis, from the left edge to the right one.
        y: scale of the y axis, from the lower edge to the upper one.
        axis: whether a row under the area holds the line of the x axis.
        label_rows: rows under that for the labels of the x axis.
    """

    left: int = 0
    top: int = 0
    width: int = 0
    height: int = 0
    x: Scale = Scale(0.0, 1.0)
    y: Scale = Scale(0.0, 1.0)
    axis: bool = False
    label_rows: int = 1

    def x_at(self, cell: float) -> float:
        """Return the x at the middle of a column of cells, counted from the canvas's left edge."""
        return self.x.value((cell - self.left + 0.5) / max(self.width, 1))

    def cell_at(self, x: float) -> int | None:
        """Return the column of cells, counted from the canvas's left edge, that shows x."""
        if not self.width or not self.x.low <= x <= self.x.high:
            return None
        return self.left + min(int(self.x.at(x) * self.width), self.width - 1)

    def row_at(self, y: float) -> int:
        """Return the row of cells, counted from the canvas's upper edge, that shows y; the nearest if none does."""
        bottom = self.height * 4 - 1
        return self.top + min(max(round((1 - self.y.at(y)) * bottom), 0), bottom) // 4


@dataclass(frozen=True)
class Scene:
    """Everything that a part of the picture is drawn from; each item is smoothed with the weight at its place."""

    items: tuple[Item, ...]
    settings: Settings
    area: PlotArea
    weights: tuple[float, ...]
