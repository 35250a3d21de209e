"""Numbers of a chart as text: ticks, values in the legend, the place of the crosshair."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.chart.model import XAxis

_SUFFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


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
    """Write the crosshair's place in full: 1,234 or 12.25 or 1:02:03 or a name."""
    if axis.names:
        return axis.names[min(max(round(x), 0), len(axis.names) - 1)]
    if axis.ticks == "clock" and abs(x) < 1e9:
        total = abs(x)
        sign = "-" if x < 0 else ""
        hours, rest = divmod(int(total), 3600)
        return f"{sign}{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else clock(x // 1, whole=False)
    if abs(x) >= 1e12:
        return compact(x)
    if axis.scale == "log":
        return compact(x)
    return f"{x:,.0f}" if axis.ticks == "whole" else f"{x:,.2f}"
