"""A live line chart in braille: plain data in ``model``, modules that draw it above that, the widget on top."""

from __future__ import annotations

from tui.widgets.chart.model import Curve
from tui.widgets.chart.widget import Chart

__all__ = ["Chart", "Curve"]
