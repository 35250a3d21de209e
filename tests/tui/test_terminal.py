"""The workbench in real terminals: tmux at two sizes, and a pty without colours."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pexpect
import pyte
import pytest

from engine import Workspace

PHOSPHENE = str(Path(sys.executable).with_name("phosphene"))


class Tmux:
    """A tmux server of its own with one window."""

    def __init__(self, width: int, height: int, command: str) -> None:
        self._socket = f"phosphene-{uuid.uuid4().hex[:8]}"
        self._do("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), command)

    def _do(self, *arguments: str) -> str:
        # Not the environment of the C library, in which readline has left the size of another terminal.
        command = ["tmux", "-L", self._socket, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ)).stdout

    def press(self, *keys: str) -> None:
        self._do("send-keys", *keys)

    def screen(self) -> str:
        return self._do("capture-pane", "-p")

    def wait_for(self, pattern: str, seconds: float = 30.0) -> str:
        deadline = time.monotonic() + seconds
        while not re.search(pattern, screen := self.screen()):
            assert time.monotonic() < deadline, f"{pattern!r} did not appear:\n{screen}"
        return screen

    def end(self) -> None:
        self._do("kill-server")


@pytest.fixture
def tmux(home):
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    opened: list[Tmux] = []

    def start(width: int, height: int, command: str = PHOSPHENE) -> Tmux:
        opened.append(Tmux(width, height, f"{command}; echo LEFT; cat"))
        return opened[-1]

    yield start
    for one in opened:
        one.end()


@pytest.mark.parametrize(("width", "height"), [(80, 24), pytest.param(160, 48, marks=pytest.mark.slow)])
def test_runs_an_experiment_from_key_to_chart_in_tmux_and_says_what_goes_on_when_left(tmux, home, width, height):
    terminal = tmux(width, height)
    terminal.wait_for(r"cnn")
    terminal.press("/")
    terminal.wait_for(r"\n filter ")
    terminal.press("-l", "count")
    terminal.wait_for(r"╭─ Count ─")
    terminal.press("Enter")
    terminal.wait_for(r"\? help")
    terminal.press("Escape")
    terminal.wait_for(r"trouble")
    terminal.press("r")
    screen = terminal.wait_for(r"count ✓ finished")
    if width < 104:
        terminal.press("3")
    screen = terminal.wait_for(r"── train +0\.05000")
    assert max(len(line) for line in screen.splitlines()) <= width
    assert "? help" in screen
    terminal.press("q")
    terminal.wait_for("LEFT")
    assert [run.status.state for run in Workspace(home).list()] == ["finished"]


@pytest.mark.slow
def test_a_run_goes_on_when_tmux_is_killed_and_is_found_again(tmux, home):
    home.mkdir()
    remembered = {"experiment": "count", "forms": {"count": {"steps": "400", "pause": "0.01"}}}
    (home / "workbench.json").write_text(json.dumps(remembered))
    terminal = tmux(120, 32)
    terminal.wait_for(r"steps +● 400")
    terminal.press("r")
    terminal.wait_for(r"count ● running")
    terminal.end()
    again = tmux(120, 32)
    again.wait_for(r"(● running|✓ finished)")
    again.wait_for(r"count ✓ finished")
    assert [run.status.state for run in Workspace(home).list()] == ["finished"]


def test_without_colours_it_sends_none(home, album):
    environment = dict(os.environ, NO_COLOR="1", TERM="xterm-256color")
    child = pexpect.spawn(PHOSPHENE, dimensions=(24, 80), env=environment, timeout=20)
    screen = pyte.Screen(80, 24)
    stream = pyte.ByteStream(screen)
    coloured = re.compile(rb"\x1b\[[0-9;]*(?:38;2;(\d+);(\d+);(\d+)|48;2;(\d+);(\d+);(\d+))")
    seen = b""
    deadline = time.monotonic() + 20
    while "k3f" not in "\n".join(screen.display):
        assert time.monotonic() < deadline, "\n".join(screen.display)
        data = child.read_nonblocking(65536, timeout=20)
        seen += data
        stream.feed(data)
    child.send("q")
    child.expect(pexpect.EOF)
    child.close()
    greys = [tuple(part for part in match.groups() if part is not None) for match in coloured.finditer(seen)]
    assert all(len(set(triple)) == 1 for triple in greys), "a colour was sent"


def waiter(child):
    """Return the screen of a process, and a function that waits until a pattern is on it."""
    screen = pyte.Screen(80, 24)
    stream = pyte.ByteStream(screen)

    def wait_for(pattern):
        deadline = time.monotonic() + 30
        while not re.search(pattern, shown := "\n".join(screen.display)):
            assert time.monotonic() < deadline, shown
            with contextlib.suppress(pexpect.TIMEOUT):
                stream.feed(child.read_nonblocking(65536, timeout=0.1))

    return screen, wait_for


def test_bytes_that_are_no_text_are_shown_as_such_and_end_nothing(home, album):
    child = pexpect.spawn(PHOSPHENE, dimensions=(24, 80), env=dict(os.environ, TERM="xterm-256color"))
    _, wait_for = waiter(child)
    wait_for(r"k3f(.|\n)*\? help")
    child.send(b"2\x1b[200~abc\xffdef\x1b[201~")
    wait_for("abc\N{REPLACEMENT CHARACTER}def")
    child.send(b"\x1b")
    wait_for(r"dataset +.digits.")
    child.send(b"\x1b")
    wait_for(r"q quit(.|\n)*\? help")
    child.send(b"?")
    wait_for(r"esc back")
    child.close(force=True)


def test_ctrl_z_gives_the_terminal_back_and_fg_paints_everything_again(home, album):
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    shell = pexpect.spawn(
        "bash", ["--norc", "--noprofile", "-i"], dimensions=(24, 80), env=dict(os.environ, PS1="READY ")
    )
    screen, wait_for = waiter(shell)
    shell.sendline(PHOSPHENE)
    wait_for(r"k3f(.|\n)*\? help")
    shell.send("\x1a")
    wait_for("Stopped")
    shell.sendline("clear; echo $((6 * 7)); jobs")
    wait_for(r"\b42\b(.|\n)*Stopped")
    # What is on the screen from here on was painted after the return.
    screen.reset()
    shell.sendline("fg")
    wait_for(r"─ experiments ─(.|\n)*k3f(.|\n)*\? help")
    screen.reset()
    shell.send("q")
    wait_for("READY")
    shell.close(force=True)
