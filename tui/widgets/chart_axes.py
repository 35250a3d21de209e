"""Scales, ticks and numbers of a chart: plain arithmetic that holds from subnormals to 1e308."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

XAxis = Literal["step", "epoch", "time"]

_LARGEST = float(np.finfo(np.float64).max)
_CLOCK = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_SUFFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Scale:
    """The range of an axis; `low` < `high`, with `log` both are positive."""

    low: float
    high: float
    log: bool = False

    def position(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where values lie: 0 at `low`, 1 at `high`, NaN for NaN."""
        with np.errstate(all="ignore"):
            if self.log:
                low = np.log10(self.low)
                return np.asarray((np.log10(values) - low) / (np.log10(self.high) - low))
            if not math.isfinite(self.high - self.low):
                return (values / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
            return (values - self.low) / (self.high - self.low)

    def at(self, value: float) -> float:
        """Where one value lies."""
        return float(self.position(np.array([value]))[0])

    @classmethod
    def around(cls, low: float, high: float, *, log: bool, ticks: int) -> Scale:
        """Return a calm scale for values in [low, high]: it ends on half ticks, so that it seldom changes."""
        if log:
            return cls._around_log(low, high)
        if high <= low:
            pad = abs(low) / 2 or 1.0
            return cls(max(low - pad, -_LARGEST), min(low + pad, _LARGEST))._opened()
        step = nice_step(high / ticks - low / ticks) / 2
        if not (0 < step < math.inf):
            return cls(low, high)
        lower, upper = math.floor(low / step) * step, math.ceil(high / step) * step
        return cls(max(min(lower, low), -_LARGEST), min(max(upper, high), _LARGEST))

    @classmethod
    def _around_log(cls, low: float, high: float) -> Scale:
        grain = 4 if math.log10(high) - math.log10(low) > 1 else 16
        lower = math.floor(math.log10(low) * grain) / grain
        upper = math.ceil(math.log10(high) * grain) / grain
        if high <= low:
            lower, upper = math.log10(low) - 0.5, math.log10(low) + 0.5
        bottom = 10.0 ** max(lower, -323)
        top = 10.0**upper if upper < 308.25 else _LARGEST
        return cls(min(bottom, low), max(top, high), log=True)._opened()

    def _opened(self) -> Scale:
        if self.high > self.low:
            return self
        return Scale(self.low, math.nextafter(self.low, math.inf) * 2 + 5e-324, self.log)


def nice_step(raw: float) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that is at least `raw` (0 where `raw` is too small)."""
    if not (0 < raw < math.inf):
        return 0.0
    power = 10.0 ** max(math.floor(math.log10(raw)), -323)
    return next((power * factor for factor in (1, 2, 5) if power * factor >= raw * (1 - 1e-9)), power * 10)


def linear_ticks(low: float, high: float, count: int, *, least: float = 0.0) -> list[float]:
    """Return about `count` round numbers in [low, high], at least `least` apart."""
    step = max(nice_step(high / count - low / count), least)
    if not (0 < step < math.inf):
        return []
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last - first > 4 * count or max(abs(first), abs(last)) > 1e15:
        return []
    return [k * step + 0.0 for k in range(first, last + 1)]


def log_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` ticks in [low, high], both positive: decades, or 1-2-5 within few decades."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = [10.0**k for k in range(max(first, -323), min(last, 308) + 1)]
    inside = [t for t in decades if low <= t <= high]
    if len(inside) > count:
        return inside[:: -(-len(inside) // count)]
    if len(inside) * 3 <= count * 2 or len(inside) < 3:
        fine = [t * m for t in decades for m in (1, 2, 5) if low <= t * m <= high]
        if 3 <= len(fine) <= count * 2:
            return fine
        if len(fine) < 3:
            return [t for t in linear_ticks(low, high, count) if t > 0]
    return inside


def clock_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` ticks in seconds, on round seconds, minutes, hours or days."""
    raw = high / count - low / count
    if raw < 1 or raw > 86400:
        return linear_ticks(low, high, count, least=86400 if raw > 86400 else 0)
    step = next(s for s in _CLOCK if s >= raw)
    return [float(k * step) for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def x_ticks(low: float, high: float, count: int, axis: XAxis) -> list[tuple[float, str]]:
    """Return positions and labels for the x axis."""
    if axis == "time":
        values = clock_ticks(low, high, count)
        return [(v, clock(v, whole=high - low >= 3600)) for v in values]
    values = linear_ticks(low, high, count, least=1 if axis == "step" else 0)
    return list(zip(values, tick_labels(values), strict=True))


def y_ticks(scale: Scale, count: int) -> list[tuple[float, str]]:
    """Return positions and labels for the y axis."""
    if scale.log:
        values = log_ticks(scale.low, scale.high, count)
        steps = {round(math.log10(v) % 1, 3) for v in values}
        labels = [compact(v) for v in values] if steps <= {0, 0.301, 0.699, 1} else tick_labels(values)
    else:
        values = linear_ticks(scale.low, scale.high, count)
        labels = tick_labels(values)
    return list(zip(values, labels, strict=True))


def tick_labels(values: Sequence[float]) -> list[str]:
    """Write evenly spaced ticks with the digits that tell them apart, and no more."""
    if not values:
        return []
    largest = max(abs(v) for v in values)
    step = values[1] - values[0] if len(values) > 1 else largest
    if not (0 < step < math.inf):
        return [compact(v) for v in values]
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if largest < 1e-3 or largest >= 1e15 or digits > 9:
        precision = min(9, max(0, math.floor(math.log10(largest)) - math.floor(math.log10(step) + 1e-9)))
        return [_scientific(v, precision) for v in values]
    if largest >= 1000 and (step >= 100 or largest >= 1e7):
        short = [compact(v, digits=15) for v in values]
        if max(len(label) for label in short) <= 7:
            return short
    return [f"{v:.{digits}f}" for v in values]


def compact(value: float, digits: int = 3) -> str:
    """Write a number briefly: 0.25, 120, 2.3k, 1e-05."""
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-3 or size >= 1e15:
        return _scientific(value, min(digits, 3) - 1, trim=True)
    for unit, suffix in _SUFFIXES:
        if size >= unit:
            return _trimmed(f"{value / unit:.{digits}g}") + suffix
    return _trimmed(f"{value:.{digits}g}")


def _trimmed(text: str) -> str:
    if "e" in text:
        return f"{float(text):.0f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scientific(value: float, precision: int, *, trim: bool = False) -> str:
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{precision}e}".split("e")
    if trim and "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{exponent.removeprefix('+')}"


def clock(seconds: float, *, whole: bool) -> str:
    """Write seconds as h:mm (`whole`: the axis spans hours) or m:ss."""
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    if seconds >= 1e9:
        return sign + compact(seconds / 3600) + "h"
    if whole:
        return f"{sign}{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d}"
    minutes, rest = divmod(round(seconds, 3), 60)
    return f"{sign}{int(minutes)}:{int(rest):02d}" + (f"{rest % 1:.3f}"[1:].rstrip("0") if rest % 1 else "")


def value_label(value: float) -> str:
    """Write a curve's value in seven cells where it fits, with four digits so that decimals line up."""
    size = abs(value)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if size and (size < 1e-3 or size >= 1e15):
        return _scientific(value, 1)
    if size >= 1e5:
        return compact(value, digits=4)
    return f"{value:.0f}" if size >= 1e4 else f"{value:#.4g}"


def position_label(x: float, axis: XAxis) -> str:
    """Write the crosshair's place in full: 1,234 or 12.25 or 1:02:03."""
    if axis == "time" and abs(x) < 1e9:
        total = abs(x)
        sign = "-" if x < 0 else ""
        hours, rest = divmod(int(total), 3600)
        return f"{sign}{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else clock(x // 1, whole=False)
    if abs(x) >= 1e12:
        return compact(x)
    return f"{x:,.0f}" if axis == "step" else f"{x:,.2f}"
