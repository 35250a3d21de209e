"""The messages of the shown run and of the workbench, newest last."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import RichLog

if TYPE_CHECKING:
    from textual import events

MOST_LINES = 2_000
STYLES = {"alarm": "bold bright_yellow", "error": "bold bright_red", "output": "dim"}


class Console(RichLog):
    """Lines with their time; alarms stand out. All lines are wrapped anew when the width changes."""

    BORDER_TITLE = "console"

    def __init__(self) -> None:
        super().__init__(id="console", max_lines=MOST_LINES, wrap=True, markup=False, min_width=10)
        self._lines: deque[Text] = deque(maxlen=MOST_LINES)
        self._width = 0

    def say(self, text: str, level: str = "info", t: float | None = None) -> None:
        """Add a line."""
        clock = time.strftime("%H:%M:%S ", time.localtime(t))
        self._lines.append(Text.assemble((clock, "dim"), (text, STYLES.get(level, ""))))
        if not self._width or self.scrollable_content_region.width != self._width:
            self._width = 0  # while it is hidden, the log would wrap at a width of its own
            return
        self.write(self._lines[-1])

    def forget(self) -> None:
        """Remove all lines."""
        self._lines.clear()
        self.clear()

    def on_resize(self, event: events.Resize) -> None:
        """Wrap the lines at the new width."""
        del event
        self._wrap()

    def on_show(self) -> None:
        """Wrap the lines that came while the console was hidden."""
        self._wrap()

    def _wrap(self) -> None:
        width = self.scrollable_content_region.width
        if width and width != self._width:
            self._width = width
            self.clear()
            for line in self._lines:
                self.write(line)
