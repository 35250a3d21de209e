"""Where the server listens: at a port of loopback, or at a Unix socket of its owner's; and until when."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import stat
from typing import TYPE_CHECKING, Any

from engine import MachineFailure, PhospheneError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path


async def until_told(serving: Coroutine[Any, Any, None]) -> None:
    """Serve until Ctrl-C, or until the process is asked to end or its terminal is closed."""
    task = asyncio.ensure_future(serving)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


@contextlib.contextmanager
def at_port(port: int) -> Iterator[socket.socket]:
    """Listen at a port that nobody else in the network reaches."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
            listening.listen()
        except OSError as error:
            problem = f"port {port} cannot be used ({error.strerror}): choose another one with --port, or --port 0"
            raise MachineFailure(problem) from error
        yield listening


@contextlib.contextmanager
def at_path(path: Path) -> Iterator[socket.socket]:
    """Listen at a socket in a folder that its owner alone can connect to; a dead one is replaced, and ours removed."""
    if _is_alive(path):
        raise PhospheneError(f"{path} is served already: choose another path with --socket")
    with socket.socket(socket.AF_UNIX) as listening:
        before = os.umask(0o177)
        try:
            if path.is_socket():
                path.unlink()
            listening.bind(str(path))
            listening.listen()
        except OSError as error:
            problem = f"{path} cannot be made ({error.strerror or error}): choose another path with --socket"
            raise MachineFailure(problem) from error
        finally:
            os.umask(before)
        made = path.stat()
        try:
            yield listening
        finally:
            with contextlib.suppress(OSError):
                if stat.S_ISSOCK(path.stat().st_mode) and path.stat().st_ino == made.st_ino:
                    path.unlink()


def _is_alive(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as visitor:
        try:
            visitor.connect(str(path))
        except OSError:
            return False
        return True
