"""The form of an experiment: its values, the list of its fields, the field that is typed in, and what is offered."""

from __future__ import annotations

from tui.widgets.form.panel import HyperparameterForm
from tui.widgets.form.values import AXIS

__all__ = ["AXIS", "HyperparameterForm"]
