"""The workbench's side of a browser: Textual's driver for it, made to end when the server has ended."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Any

from textual import messages
from textual.drivers.web_driver import WebDriver


class BrowserDriver(WebDriver):
    """Speaks with ``phosphene serve`` over stdin and stdout, in packets.

    Frames are written by the app's thread and files by the thread that reads keys, so that a packet is written under a
    lock. The end of stdin ends the app: a server that was killed leaves no process behind.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._writing = threading.Lock()
        self._write = self._write_whole  # type: ignore[assignment]

    def _write_whole(self, data: bytes) -> int:
        with self._writing:
            left = memoryview(data)
            # Nobody may read any more; the end of stdin says so, too, and ends the app in order.
            with contextlib.suppress(BrokenPipeError):
                while left:
                    left = left[os.write(self.fileno, left) :]
        return len(data)

    def run_input_thread(self) -> None:
        """Read keys until stdin ends, and then end the app."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._app.post_message(messages.ExitApp())
