"""The list of runs: which of them are shown, in which order, and how each one looks."""

from __future__ import annotations

from tui.widgets.runs.panel import RunList

__all__ = ["RunList"]
