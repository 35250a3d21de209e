"""What the shown run and the workbench have to say, newest last."""

from __future__ import annotations

import time

from rich.text import Text
from textual.widgets import RichLog


class Console(RichLog):
    """Lines with their time; alarms stand out."""

    BORDER_TITLE = "console"

    def __init__(self) -> None:
        super().__init__(id="console", max_lines=2_000, wrap=True, markup=False, min_width=10)

    def say(self, text: str, level: str = "info", t: float | None = None) -> None:
        """Add a line."""
        clock = time.strftime("%H:%M:%S ", time.localtime(t))
        style = {"alarm": "bold yellow", "error": "bold red", "output": "dim"}.get(level, "")
        self.write(Text.assemble((clock, "dim"), (text, style)))
