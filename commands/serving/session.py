"""One tab of a browser and the process behind it. Runs do not belong to it: they go on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import PIPE, Process
from typing import TYPE_CHECKING, Any

from textual_serve.app_service import AppService

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from textual_serve.download_manager import DownloadManager

ENDING_SECONDS = 10.0
"""For so long the app may take to leave, before it is killed."""
FIRST_PACKET = b"__GANGLION__\n"
"""What Textual's driver for browsers writes before its first packet."""
COLUMNS, ROWS = (10, 1000), (5, 500)
"""The smallest and the largest size that a browser is believed to have."""
_OF_THE_TERMINAL = (
    *("TMUX", "STY", "LINES", "COLORFGBG", "COLORTERM"),
    *("KITTY_WINDOW_ID", "GHOSTTY_RESOURCES_DIR", "TEXTUAL_DRIVER"),
)
"""Variables that tell of the terminal of the server, in which the app does not draw."""


class Session(AppService):
    """Starts the app, hands packets to and fro, and sees to it that the app has ended when the tab has.

    Args:
        command: that starts the app, word by word.
        write_bytes: sends what the app draws.
        write_str: sends what the app says to the page.
        close: closes the tab's socket, with the reason that the page shows.
        download_manager: hands out the files that the app delivers.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        write_bytes: Callable[[bytes], Coroutine[Any, Any, None]],
        write_str: Callable[[str], Coroutine[Any, Any, None]],
        close: Callable[[str], Coroutine[Any, Any, None]],
        download_manager: DownloadManager,
    ) -> None:
        super().__init__(
            command[0],
            write_bytes=write_bytes,
            write_str=write_str,
            close=self._left,
            download_manager=download_manager,
        )
        self._words = command
        self._close = close
        self._reason = "The workbench ended by a mistake of its own: the terminal of phosphene serve shows which."

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        environment = super()._build_environment(_within(width, COLUMNS), _within(height, ROWS))
        for name in _OF_THE_TERMINAL:
            environment.pop(name, None)
        return environment | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        # A session of its own: ctrl+c in the terminal is for the server, which lets the app leave in order.
        self._process = process = await asyncio.create_subprocess_exec(
            *self._words,
            stdin=PIPE,
            stdout=PIPE,
            env=self._build_environment(width, height),
            start_new_session=True,
        )
        self._stdin = process.stdin
        return process

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Tell the app the size of the page in characters."""
        await super().set_terminal_size(_within(width, COLUMNS), _within(height, ROWS))

    async def _left(self) -> None:
        self._reason = "You have left the workbench; runs go on."

    async def run(self) -> None:
        """Hand on what the app writes until it ends; then close the tab's socket."""
        assert self._process is not None
        assert self._process.stdout is not None
        stdout = self._process.stdout
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionResetError):
            await stdout.readuntil(FIRST_PACKET)
            while True:
                header = await stdout.readexactly(5)
                payload = await stdout.readexactly(int.from_bytes(header[1:], "big"))
                if header[:1] == b"D":
                    await self.on_data(payload)
                elif header[:1] == b"M":
                    await self.on_meta(payload)
                elif header[:1] == b"P":
                    await self.on_packed(payload)
        with contextlib.suppress(ConnectionResetError):
            await self._close(self._reason)

    async def stop(self) -> None:
        """Let the app leave, reading what it still writes, so that it is not held up; kill it if it does not."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            if self._task is not None:
                self._task.cancel()
                await asyncio.wait([self._task])
            await self._download_manager.cancel_app_downloads(self.app_service_id)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ENDING_SECONDS):
                    await self.send_meta({"type": "quit"})
                    await process.communicate()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()


def _within(value: int, limits: tuple[int, int]) -> int:
    return min(max(value, limits[0]), limits[1])
