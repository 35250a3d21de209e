"""How quickly the faces are there: `--help`, and the first paint of the workbench."""

from __future__ import annotations

import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

PHOSPHENE = str(Path(sys.executable).with_name("phosphene"))


def run_once(command: list[str]) -> float:
    """Return how long a command takes."""
    began = time.perf_counter()
    pid = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)],
    )
    os.waitpid(pid, 0)
    return time.perf_counter() - began


def first_paint() -> float:
    """Return how long it takes from the start of the process until the panes' frames are on the terminal."""
    began = time.perf_counter()
    pid, master = pty.fork()
    if pid == 0:
        ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))
        # Not the environment of the C library, in which readline has left the size of another terminal.
        os.execve(PHOSPHENE, [PHOSPHENE], os.environ | {"TERM": "xterm-256color"})
    seen = b""
    try:
        while b"console" not in seen:
            assert time.perf_counter() - began < 20, seen[-500:]
            if select.select([master], [], [], 1)[0]:
                seen += os.read(master, 65536)
        return time.perf_counter() - began
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(master)


def test_help_against_importing_typer_and_rich(home, in_turn, report):
    ours, base = in_turn(
        lambda: run_once([PHOSPHENE, "--help"]), lambda: run_once([sys.executable, "-c", "import typer, rich"]), 15
    )
    report(f"{ours * 1000:.0f} ms, {ours / base:.2f}x `import typer, rich` ({base * 1000:.0f} ms); goal 1.5x")


def test_first_paint_against_importing_textual(home, in_turn, report):
    ours, base = in_turn(first_paint, lambda: run_once([sys.executable, "-c", "import textual.app"]), 9)
    report(f"{ours * 1000:.0f} ms, {ours / base:.2f}x `import textual.app` ({base * 1000:.0f} ms); goal 2x")
