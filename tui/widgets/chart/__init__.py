"""A live line chart in braille: plain data in ``model``, modules that draw it above that, the widget on top."""

from __future__ import annotations

from tui.widgets.chart.model import EPOCH, STEP, TIME, Curve, XAxis
from tui.widgets.chart.widget import Chart

__all__ = ["EPOCH", "STEP", "TIME", "Chart", "Curve", "XAxis"]
