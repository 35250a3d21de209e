"""One picture of a chart, drawn on a canvas from curves and settings; knows nothing of widgets, keys or timers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tui.widgets import braille
from tui.widgets.chart_axes import Scale, XAxis, position_label, x_ticks, y_ticks
from tui.widgets.chart_canvas import Canvas, Ink
from tui.widgets.chart_legend import legend_rows, write_legend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine import Columns, Trace

_FARTHEST = 8e307  # an x beyond this is out of view, so that no width overflows
_LADDER = 16  # the right end of a growing chart moves in steps of 2 ** (1 / 16), so that columns stay put between
NAN_MARK = "\N{MULTIPLICATION SIGN}"
_CROWDED = 5  # dots in a cell above which a line in front replaces what is behind instead of joining it


@dataclass(frozen=True)
class Curve:
    """A named line: `x` non-decreasing and `y`, float64 `[N]`; y may hold NaN and infinities.

    `style` is its place in the cycles of colours and dashes and stays with the series; `label` is shown instead of
    the name. Raises ValueError when x and y are not of one length.
    """

    name: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    style: int = 0
    label: str = ""

    def __post_init__(self) -> None:
        if self.x.ndim != 1 or self.x.shape != self.y.shape:
            raise ValueError(f"Curve {self.name}: x {self.x.shape} and y {self.y.shape} must be [N] both.")


@dataclass(frozen=True)
class Settings:
    """How to draw; sizes in cells, `view` and `crosshair` in units of x (None: all of it; none).

    `full` is what "all of it" spans, where that is more than the curves drawn.
    """

    width: int
    height: int
    title: str = ""
    log_y: bool = False
    smoothing: float = 0.0
    x_axis: XAxis = "step"
    full: tuple[float, float] | None = None
    view: tuple[float, float] | None = None
    crosshair: float | None = None
    markers: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True)
class Plot:
    """Where the curves are on the canvas, in cells, and the x they span; `width` 0 when nothing is plotted."""

    left: int = 0
    top: int = 0
    width: int = 0
    height: int = 0
    low: float = 0.0
    high: float = 1.0

    def x_at(self, cell: float) -> float:
        """Return the x at the middle of a column of cells, counted from the canvas's left edge."""
        return self.low + (cell - self.left + 0.5) / max(self.width, 1) * (self.high - self.low)

    def cell_at(self, x: float) -> int | None:
        """Return the column of cells, from the canvas's left edge, that shows x."""
        if not self.width or not self.low <= x <= self.high:
            return None
        return self.left + min(int((x - self.low) / (self.high - self.low) * self.width), self.width - 1)


@dataclass(frozen=True)
class Frame:
    """A drawn canvas and where its plot is."""

    canvas: Canvas
    plot: Plot = field(default_factory=Plot)


def extent(curves: Sequence[Curve]) -> tuple[float, float] | None:
    """Return the range of x that shows every curve, rounded so that it stays put while they grow a little."""
    ends = [(float(c.x[0]), float(c.x[-1])) for c in curves if len(c.x)]
    ends = [(a, b) for a, b in ends if math.isfinite(a) and math.isfinite(b)]
    if not ends:
        return None
    low = min(max(min(a for a, _ in ends), -_FARTHEST), _FARTHEST)
    high = max(min(max(b for _, b in ends), _FARTHEST), low)
    if 0 < low <= (high - low) / 20:
        low = 0.0
    span = high - low
    if span <= abs(low) * 1e-12:
        pad = max(abs(low) * 1e-6, 0.5)
        return low - pad, high + pad
    if 1e-300 < span < 1e300:
        span = 2 ** (math.ceil(math.log2(span) * _LADDER - 1e-6) / _LADDER)
    return low, max(min(low + span, _FARTHEST), high, math.nextafter(low, math.inf))


def draw(items: Sequence[tuple[Curve, Trace]], settings: Settings) -> Frame:
    """Draw the curves, each with its trace of past work; never raises for any values or sizes."""
    canvas = Canvas(max(settings.width, 0), max(settings.height, 0))
    if not canvas.width or not canvas.height:
        return Frame(canvas)
    own = extent([curve for curve, _ in items])
    full = settings.full or own
    if own is None or full is None:
        _centre(canvas, "no data yet", Ink.NOTE)
        return Frame(canvas)
    view = settings.view or full
    range_y = _range_y(items, settings, view)
    small = canvas.width < 16 or canvas.height < 3
    if range_y is None:
        rows = [] if small else legend_rows(items, settings)
        write_legend(canvas, rows)
        words = "no value > 0 on the log scale" if _hidden(items, settings, view) else "every value is NaN"
        if any(np.isinf(c.y).any() for c, _ in items):
            words = "no finite value"
        words = words if _any_in_view(items, view) else "no points in view"
        _centre(canvas, words, Ink.NOTE if "NaN" not in words and "finite" not in words else Ink.ERROR)
        return Frame(canvas)
    if small:
        plot = Plot(0, 0, canvas.width, canvas.height, *view)
        scale = Scale.around(*range_y, log=settings.log_y, ticks=2)
        _draw_curves(canvas, plot, scale, items, settings)
        return Frame(canvas, plot)
    return _draw_full(canvas, items, settings, view, range_y)


def _draw_full(
    canvas: Canvas,
    items: Sequence[tuple[Curve, Trace]],
    settings: Settings,
    view: tuple[float, float],
    range_y: tuple[float, float],
) -> Frame:
    rows = legend_rows(items, settings) if canvas.height >= 4 else []
    with_axis = canvas.height >= 7
    height = canvas.height - len(rows) - 1 - with_axis
    count = max(2, min(8, height // 3))
    scale = Scale.around(*range_y, log=settings.log_y, ticks=count)
    ticks = y_ticks(scale, count)
    labels = max((len(label) for _, label in ticks), default=0)
    left = min(labels + 1, canvas.width // 2)
    plot = Plot(left, len(rows), canvas.width - left, height, *view)
    write_legend(canvas, rows)
    _draw_y_axis(canvas, plot, scale, ticks)
    _draw_x_axis(canvas, plot, settings, with_axis=with_axis)
    counts = _draw_curves(canvas, plot, scale, items, settings)
    _draw_marks(canvas, plot, counts, axis_row=plot.top + plot.height - (not with_axis))
    _draw_markers(canvas, plot, settings)
    _draw_crosshair(canvas, plot, settings)
    hidden = int(sum(c.dropped.sum() for c in counts))
    if hidden:
        note = f"{hidden:,} point{'s' * (hidden > 1)} ≤ 0 not shown"
        note = note if len(note) < plot.width else f"{hidden:,} ≤ 0"
        canvas.write(canvas.width - len(note), plot.top, note, Ink.NOTE)
    return Frame(canvas, plot)


def _centre(canvas: Canvas, text: str, ink: int) -> None:
    text = text[: canvas.width]
    canvas.write((canvas.width - len(text)) // 2, canvas.height // 2, text, ink)


def _range_y(
    items: Sequence[tuple[Curve, Trace]], settings: Settings, view: tuple[float, float]
) -> tuple[float, float] | None:
    lows, highs = [], []
    for _, trace in items:
        for weight in {0.0, settings.smoothing}:
            column = trace.columns(np.array(view), weight=weight, positive=settings.log_y)
            if column.filled[0]:
                lows.append(float(column.low[0]))
                highs.append(float(column.high[0]))
    return (min(lows), max(highs)) if lows else None


def _any_in_view(items: Sequence[tuple[Curve, Trace]], view: tuple[float, float]) -> bool:
    return any(np.searchsorted(c.x, view[0]) < np.searchsorted(c.x, view[1], side="right") for c, _ in items)


def _hidden(items: Sequence[tuple[Curve, Trace]], settings: Settings, view: tuple[float, float]) -> bool:
    columns = (trace.columns(np.array(view), positive=settings.log_y) for _, trace in items)
    return any(bool(c.dropped.any()) for c in columns)


def _edges(plot: Plot) -> NDArray[np.float64]:
    """Edges of the dot columns, with one column for all that is left of the view and one for all right of it."""
    inside = np.linspace(plot.low, plot.high, plot.width * 2 + 1)
    inside[-1] = math.nextafter(plot.high, math.inf)
    return np.concatenate([[-np.inf], inside, [np.inf]])


def _bits(columns: Columns, plot: Plot, scale: Scale, dash: int) -> NDArray[np.uint8]:
    bottom_row = plot.height * 4 - 1
    values = (columns.high, columns.low, columns.first, columns.last)
    rows = tuple((1 - scale.position(v)) * bottom_row for v in values)
    span = plot.high - plot.low
    with np.errstate(all="ignore"):
        places = tuple((x - plot.low) / span * plot.width * 2 + 1 for x in (columns.first_x, columns.last_x))
    top, bottom, present = braille.trace_line(columns, rows, places)
    return braille.cells(top[1:-1], bottom[1:-1], present[1:-1], plot.height, dash)


def _draw_curves(
    canvas: Canvas, plot: Plot, scale: Scale, items: Sequence[tuple[Curve, Trace]], settings: Settings
) -> list[Columns]:
    """Draw every curve and return the raw curves' columns inside the view."""
    edges, positive = _edges(plot), settings.log_y
    raw = [trace.columns(edges, positive=positive) for _, trace in items]
    layers: list[tuple[int, NDArray[np.uint8]]] = []
    if settings.smoothing:
        layers = [(Ink.faint(c.style), _bits(r, plot, scale, 0)) for (c, _), r in zip(items, raw, strict=True)]
    main = [
        trace.columns(edges, weight=settings.smoothing, positive=positive) if settings.smoothing else columns
        for (_, trace), columns in zip(items, raw, strict=True)
    ]
    front = [(Ink.curve(c.style), _bits(m, plot, scale, c.style)) for (c, _), m in zip(items, main, strict=True)]
    layers += sorted(front, key=lambda layer: -int(np.bitwise_count(layer[1]).sum()))
    area = np.s_[plot.top : plot.top + plot.height, plot.left : plot.left + plot.width]
    dots = np.zeros((plot.height, plot.width), np.uint8)
    inks = np.zeros_like(dots)
    for ink, bits in layers:
        drawn = bits > 0
        replaced = drawn & ((np.bitwise_count(dots) >= _CROWDED) | (inks >= Ink.FAINT))
        dots = np.where(replaced, bits, dots | bits)
        inks = np.where(drawn, np.uint8(ink), inks)
    filled = dots > 0
    canvas.characters[area] = np.where(filled, dots.astype(np.uint32) + braille.BLANK, canvas.characters[area])
    canvas.inks[area] = np.where(filled, inks, canvas.inks[area])
    return [_inside(columns) for columns in raw]


def _inside(columns: Columns) -> Columns:
    return type(columns)(**{name: values[1:-1] for name, values in vars(columns).items()})


def _draw_y_axis(canvas: Canvas, plot: Plot, scale: Scale, ticks: list[tuple[float, str]]) -> None:
    column = plot.left - 1
    for y in range(plot.top, plot.top + plot.height):
        canvas.write(column, y, "│", Ink.AXIS)
    for value, label in ticks:
        place = scale.at(value)
        if not -0.01 <= place <= 1.01:
            continue
        y = plot.top + min(max(round((1 - place) * (plot.height * 4 - 1)), 0), plot.height * 4 - 1) // 4
        if canvas.blank(0, y, column):
            canvas.write(column, y, "┤", Ink.AXIS)
            canvas.write(column - len(label), y, label, Ink.LABEL)


def _draw_x_axis(canvas: Canvas, plot: Plot, settings: Settings, *, with_axis: bool) -> None:
    axis, row = plot.top + plot.height, plot.top + plot.height + with_axis
    if with_axis:
        canvas.write(plot.left - 1, axis, "└" + "─" * plot.width, Ink.AXIS)
    name: str = settings.x_axis
    if settings.x_axis == "time":
        name = "h:mm" if plot.high - plot.low >= 3600 else "m:ss"
    room = canvas.width
    if plot.width >= 30:
        canvas.write(canvas.width - len(name), row, name, Ink.NOTE)
        room -= len(name) + 1
    busy = 0
    if settings.crosshair is not None and (cell := plot.cell_at(settings.crosshair)) is not None:
        label = position_label(settings.crosshair, settings.x_axis)
        start = max(0, min(cell - len(label) // 2, room - len(label)))
        canvas.write(start, row, label, Ink.CROSSHAIR)
    for value, label in x_ticks(plot.low, plot.high, max(2, plot.width // 12), settings.x_axis):
        at = plot.cell_at(value)
        if at is None:
            continue
        start = max(0, at - len(label) // 2)
        if with_axis:
            canvas.write(at, axis, "┬", Ink.AXIS)
        padded = max(start - 1, 0)
        end = min(start + len(label) + 1, canvas.width)
        if start >= busy and start + len(label) <= room and canvas.blank(padded, row, end - padded):
            busy = canvas.write(start, row, label, Ink.LABEL) + 1


def _draw_marks(canvas: Canvas, plot: Plot, counts: list[Columns], *, axis_row: int) -> None:
    for name, sign, row in (
        ("nan", NAN_MARK, axis_row),
        ("above", "↑", plot.top),
        ("below", "↓", plot.top + plot.height - 1),
    ):
        dots = np.sum([getattr(columns, name) for columns in counts], axis=0)
        for cell in np.flatnonzero(dots.reshape(-1, 2).any(axis=1)):
            canvas.write(plot.left + int(cell), row, sign, Ink.ERROR)


def _draw_line(canvas: Canvas, plot: Plot, column: int, sign: str, ink: int) -> None:
    for y in range(plot.top, plot.top + plot.height):
        if canvas.blank(column, y):
            canvas.write(column, y, sign, ink)


def _draw_markers(canvas: Canvas, plot: Plot, settings: Settings) -> None:
    for x, text in settings.markers:
        column = plot.cell_at(x)
        if column is None:
            continue
        _draw_line(canvas, plot, column, "┊", Ink.MARKER)
        start = column + 1 if column + 1 + len(text) <= canvas.width else column - len(text)
        upper = range(plot.top, plot.top + max(1, plot.height // 2))
        row = next((y for y in upper if canvas.blank(start, y, len(text))), None)
        if row is not None and start >= plot.left:
            canvas.write(start, row, text, Ink.MARKER)


def _draw_crosshair(canvas: Canvas, plot: Plot, settings: Settings) -> None:
    if settings.crosshair is None:
        return
    column = plot.cell_at(settings.crosshair)
    if column is not None:
        _draw_line(canvas, plot, column, "│", Ink.CROSSHAIR)
