"""The chart as a widget: when it redraws, and what keys and mouse do. The drawing itself starts in ``frame``."""

from __future__ import annotations

import math
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual.color import Color
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from engine import Trace
from tui.actions import bindings
from tui.widgets.chart.canvas import PALETTE, Ink
from tui.widgets.chart.frame import Frame, draw
from tui.widgets.chart.model import STEP, Curve, Scale, Settings, XAxis
from tui.widgets.chart.viewport import extent, panned, zoomed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.strip import Strip
    from textual.timer import Timer


FAINTNESS = 0.7
"""How much of its colour the raw curve behind a smoothed one keeps."""


class Chart(Widget, can_focus=True):
    """Curves over steps, epochs or time, with zoom, pan, a crosshair and markers.

    `show` may be called as often as data arrives: a frame is drawn at most `REDRAWS_PER_SECOND` times a second,
    only while the chart is displayed, and only rows that changed are sent to the terminal.
    """

    REDRAWS_PER_SECOND: ClassVar[float] = 10
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "chart--axis",
        "chart--label",
        "chart--name",
        "chart--note",
        "chart--marker",
        "chart--crosshair",
        "chart--error",
        *(f"chart--curve-{number}" for number in range(1, PALETTE + 1)),
    }
    DEFAULT_CSS = """
    Chart {
        height: 1fr;
        min-height: 3;
        border: round $border-blurred;
        border-title-color: $foreground;
        border-subtitle-color: $text-muted;

        & > .chart--axis { color: $border-blurred; }
        & > .chart--label { color: $text-muted; }
        & > .chart--name { color: $foreground; }
        & > .chart--note { color: $text-muted; }
        & > .chart--marker { color: $text-muted; }
        & > .chart--crosshair { color: $accent; }
        & > .chart--error { color: $text-error; text-style: bold; }
        & > .chart--curve-1 { color: $text-primary; }
        & > .chart--curve-2 { color: $text-warning; }
        & > .chart--curve-3 { color: $text-success; }
        & > .chart--curve-4 { color: $text-error; }
        & > .chart--curve-5 { color: $foreground; }
        & > .chart--curve-6 { color: $text-secondary; }
        & > .chart--curve-7 { color: $text-muted; }
    }
    Chart:focus {
        border: round $accent;
        border-title-color: $foreground;
    }
    """
    BINDINGS = bindings("charts")

    log_y: reactive[bool] = reactive(False, repaint=False)
    smoothing: reactive[float | None] = reactive[float | None](0.0, repaint=False)
    x_axis: reactive[XAxis] = reactive(STEP, repaint=False)

    def __init__(self, title: str = "", *, name: str | None = None, classes: str | None = None) -> None:
        super().__init__(name=name, classes=classes)
        self.set_title(title)
        self.frames_drawn = 0
        self._curves: tuple[Curve, ...] = ()
        self._traces: dict[str, Trace] = {}
        self._markers: tuple[tuple[float, str], ...] = ()
        self._view: tuple[float, float] | None = None
        self._crosshair: float | None = None
        self._dragged_from: tuple[int, tuple[float, float]] | None = None
        self._dragging = False
        self._frame: Frame | None = None
        self._dirty = False
        self._drawn_at = -math.inf
        self._beside: tuple[Curve, ...] = ()
        self._timer: Timer | None = None
        self._inks: dict[int, Style] = {}
        self._strips: dict[int, Strip] = {}

    # what is shown

    def set_title(self, title: str) -> None:
        """Give the chart a title; markup in it is not interpreted."""
        self.title = title
        self.border_title = Content(title) if title else None

    def show(
        self, curves: Sequence[Curve], markers: Sequence[tuple[float, str]] = (), beside: Sequence[Curve] = ()
    ) -> None:
        """Show curves, which name and label identify, and vertical markers (x, text); cheap to call.

        `beside` are the curves of the other charts in a column: the x axis of this one spans them too.
        """
        self._curves, self._markers, self._beside = tuple(curves), tuple(markers), tuple(beside)
        self._outdate()

    def _full(self) -> Scale | None:
        """Return the scale of x while nothing is zoomed."""
        ends = extent((*self._curves, *self._beside), self.x_axis)
        return Scale(*ends, log=self.x_axis.scale == "log") if ends else None

    @property
    def crosshair(self) -> float | None:
        """Where the crosshair is, in units of x."""
        return self._crosshair

    @crosshair.setter
    def crosshair(self, x: float | None) -> None:
        self._crosshair = x
        self._outdate()

    @property
    def view(self) -> tuple[float, float] | None:
        """The range of x that is zoomed to; None while the chart follows the data."""
        return self._view

    @property
    def weight(self) -> float:
        """The heaviest weight that a curve is smoothed with."""
        return max((weight for _, weight in self.lines), default=0.0)

    @property
    def lines(self) -> list[tuple[Curve, float]]:
        """The curves that the legend names, each with the weight it is smoothed with."""
        weights = self._frame.weights if self._frame is not None else ()
        if self.smoothing is not None or len(weights) != len(self._curves):
            weights = (self.smoothing or 0.0,) * len(self._curves)
        return [(curve, weight) for curve, weight in zip(self._curves, weights, strict=True) if not curve.faint]

    def validate_smoothing(self, smoothing: float | None) -> float | None:
        """Keep the weight between 0 (off) and 0.999; None is automatic."""
        if smoothing is None:
            return None
        return min(max(smoothing, 0.0), 0.999) if not math.isnan(smoothing) else 0.0

    def watch_log_y(self) -> None:
        """Redraw with the other scale."""
        self._outdate()

    def watch_smoothing(self) -> None:
        """Redraw with the new weight."""
        self._outdate()

    def watch_x_axis(self) -> None:
        """Redraw the axis; positions on the former axis mean nothing on the new one."""
        self._view = self._crosshair = None
        self._outdate()

    # zoom and pan

    def zoom(self, factor: float, around: float | None = None) -> None:
        """Show `1 / factor` of the present range, around an x (default: the crosshair, else the middle)."""
        full = self._full()
        if full is not None and factor > 0:
            self._look(zoomed(full, self._view, factor, self._crosshair if around is None else around))

    def pan(self, fraction: float) -> None:
        """Move the view by a fraction of its width, to the right where positive; does nothing while all is shown."""
        full = self._full()
        if full is not None and self._view is not None:
            self._look(panned(full, self._view, fraction))

    def reset_view(self) -> None:
        """Show everything again and follow the data."""
        self._look(None)

    def _look(self, view: tuple[float, float] | None) -> None:
        self._view = view
        self._outdate()

    # keys and mouse

    def action_crosshair(self, cells: int) -> None:
        """Move the crosshair by some cells; the first press shows it at the last point, or else in the middle."""
        last = max((float(c.x[-1]) for c in self._curves if len(c.x)), default=None)
        area = self._frame.area if self._frame is not None else None
        if area is None or not area.width:  # a key that comes before the first paint
            self.crosshair = last if self._crosshair is None else self._crosshair
            return
        at = area.cell_at(self._crosshair) if self._crosshair is not None else None
        if at is None:
            at = area.cell_at(area.x.high if last is None else min(last, area.x.high))
            self.crosshair = area.x_at(at if at is not None else area.left + area.width // 2)
            return
        self.crosshair = area.x_at(min(max(at + cells, area.left), area.left + area.width - 1))

    def action_pan(self, fraction: float) -> None:
        """Pan by a fraction of the view."""
        self.pan(fraction)

    def action_zoom(self, factor: float) -> None:
        """Zoom around the crosshair."""
        self.zoom(factor)

    def action_reset_view(self) -> None:
        """Show everything."""
        self.reset_view()

    def action_hide_crosshair(self) -> None:
        """Hide the crosshair."""
        self.crosshair = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Leave enter and escape to other bindings while there is no crosshair to hide."""
        return self._crosshair is not None if action == "hide_crosshair" else True

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in around the pointer."""
        self._wheel(event, 1.25)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out around the pointer."""
        self._wheel(event, 0.8)

    def _wheel(self, event: events.MouseEvent, factor: float) -> None:
        if self._frame is not None and self._frame.area.width:
            event.stop()
            self.zoom(factor, around=self._frame.area.x_at(event.get_content_offset_capture(self).x))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin a click or a drag."""
        full = self._full()
        if event.button == 1 and full is not None:
            self._dragged_from, self._dragging = (event.screen_x, self._view or (full.low, full.high)), False
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Pan with the pointer while the button is down."""
        full = self._full()
        if self._dragged_from is None or self._frame is None or full is None:
            return
        start, start_view = self._dragged_from
        moved = event.screen_x - start
        self._dragging |= moved != 0
        if self._dragging and self._view is not None and self._frame.area.width:
            self._look(panned(full, start_view, -moved / self._frame.area.width))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """End a drag, or set the crosshair when the pointer did not move."""
        if self._dragged_from is None:
            return
        self.release_mouse()
        self._dragged_from = None
        if not self._dragging and self._frame is not None and self._frame.area.width:
            area, at = self._frame.area, event.get_content_offset_capture(self).x
            self.crosshair = area.x_at(min(max(at, area.left), area.left + area.width - 1))

    def _outdate(self) -> None:
        self._dirty = True
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is not None or not self._dirty or not self.is_mounted or not self._visible:
            return
        wait = self._drawn_at + 1 / self.REDRAWS_PER_SECOND - monotonic()
        self._timer = self.set_timer(max(wait, 0.001), self._redraw, name="chart")

    @property
    def _visible(self) -> bool:
        screen = self.screen
        return self.is_on_screen and (screen.is_active or (screen.is_current and self.app.screen.is_modal))

    def _redraw(self) -> None:
        self._timer = None
        if not self._dirty or not self._visible:
            return  # a paint or a show event schedules the next redraw
        before = self._frame
        self._draw()
        self._tag()
        assert self._frame is not None
        if before is None or before.canvas.characters.shape != self._frame.canvas.characters.shape:
            self.refresh()
        elif regions := self._frame.canvas.changes(before.canvas):
            for region in regions:
                self._strips.pop(region.y, None)
            self.refresh(*regions)

    def _draw(self) -> None:
        items, traces = [], {}
        for number, curve in enumerate(self._curves):
            key = f"{curve.name}\n{curve.label}"
            key = key if key not in traces else f"{key}\n{number}"
            trace = traces[key] = self._traces.get(key) or Trace()
            trace.update(curve.x, curve.y)
            items.append((curve, trace))
        self._traces = traces
        size, full = self.content_size, self._full()
        settings = Settings(
            width=size.width,
            height=size.height,
            title="" if self._bordered else self.title,
            log_y=self.log_y,
            smoothing=self.smoothing,
            x_axis=self.x_axis,
            full=(full.low, full.high) if full is not None else None,
            view=self._view,
            crosshair=self._crosshair,
            markers=self._markers,
        )
        if self._frame is None or self._frame.canvas.characters.shape != (size.height, size.width):
            self._strips.clear()
        self._frame = draw(items, settings)
        self.frames_drawn += 1
        self._dirty = False
        self._drawn_at = monotonic()

    @property
    def _bordered(self) -> bool:
        return self.styles.border_top[0] not in {"", "none", "hidden"}

    def _tag(self) -> None:
        """Write into the border, if there is one, how the curves are shown: log scale, smoothing, zoom."""
        if not self._bordered:
            return
        tags = ["log y"] if self.log_y else []
        if self.weight:
            tags.append(f"smoothed {self.weight:.3g}{' auto' if self.smoothing is None else ''}")
        if self._view is not None and (full := self._full()) is not None:
            tags.append(f"zoom {1 / (full.at(self._view[1]) - full.at(self._view[0])):.3g}x")
        text = " · ".join(tags)
        if text != (self.border_subtitle or ""):
            self.border_subtitle = text or None

    def render_line(self, y: int) -> Strip:
        """Return row y of the present frame; a frame of another size is drawn afresh first."""
        size = self.content_size
        if self._frame is None or self._frame.canvas.characters.shape != (size.height, size.width):
            self._draw()
            self.call_later(self._tag)  # a border that changes while it is painted stays as it was
        elif self._dirty:
            self._schedule()
        assert self._frame is not None
        if (strip := self._strips.get(y)) is None:
            strip = self._strips[y] = self._frame.canvas.strip(y, self._ink)
        return strip

    def notify_style_update(self) -> None:
        """Forget the styles of the former theme or state."""
        super().notify_style_update()
        self._inks.clear()
        self._strips.clear()

    def on_show(self) -> None:
        """Draw the points that came while the chart was hidden."""
        self._schedule()

    def _ink(self, ink: int) -> Style:
        """Return the style of an ink; a faint one is its curve's colour close to the background."""
        if (style := self._inks.get(ink)) is None:
            style = self._inks[ink] = self._mixed(ink)
        return style

    def _mixed(self, ink: int) -> Style:
        if ink == Ink.PLAIN:
            return Style(bgcolor=self.rich_style.bgcolor)
        if ink >= Ink.CROSSED:
            return self._crossed(self._ink(ink - Ink.CROSSED), self._ink(Ink.CROSSHAIR))
        if ink >= Ink.FAINT:
            curve = self._ink(ink - Ink.FAINT + Ink.CURVE)
            if curve.color is None or curve.bgcolor is None or curve.color.triplet is None:
                return curve + Style(dim=True)
            colour = Color.from_rich_color(curve.bgcolor).blend(Color.from_rich_color(curve.color), FAINTNESS)
            return Style(color=colour.rich_color, bgcolor=curve.bgcolor)
        if ink >= Ink.CURVE:
            return self.get_component_rich_style(f"chart--curve-{ink - Ink.CURVE + 1}")
        return self.get_component_rich_style(f"chart--{Ink(ink).name.lower()}")

    @staticmethod
    def _crossed(style: Style, crosshair: Style) -> Style:
        """Return a style on a background between the chart's and the crosshair's colour."""
        if crosshair.color is None or crosshair.bgcolor is None:
            return style
        ground = Color.from_rich_color(crosshair.bgcolor).blend(Color.from_rich_color(crosshair.color), 0.35)
        return style + Style(bgcolor=ground.rich_color)
