"""What the shown run and the workbench have to say, newest last."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import RichLog

if TYPE_CHECKING:
    from textual import events

KEPT = 2_000
STYLES = {"alarm": "bold yellow", "error": "bold red", "output": "dim"}


class Console(RichLog):
    """Lines with their time; alarms stand out. Written anew when there is another width to fill."""

    BORDER_TITLE = "console"

    def __init__(self) -> None:
        super().__init__(id="console", max_lines=KEPT, wrap=True, markup=False, min_width=10)
        self._said: deque[Text] = deque(maxlen=KEPT)
        self._filled = 0

    def say(self, text: str, level: str = "info", t: float | None = None) -> None:
        """Add a line."""
        clock = time.strftime("%H:%M:%S ", time.localtime(t))
        self._said.append(Text.assemble((clock, "dim"), (text, STYLES.get(level, ""))))
        if self._filled:
            self.write(self._said[-1])

    def forget(self) -> None:
        """Remove all lines."""
        self._said.clear()
        self.clear()

    def on_resize(self, event: events.Resize) -> None:
        """Fill the new width."""
        del event
        width = self.scrollable_content_region.width
        if width and width != self._filled:
            self._filled = width
            self.clear()
            for line in self._said:
                self.write(line)
