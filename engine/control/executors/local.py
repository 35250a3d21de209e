"""Workers as processes of this machine, started cold, or one that waits warm. They outlive their starter."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.control.threads import waiting_policy
from engine.errors import LaunchError, RunStateError
from engine.record.claim import read_claim
from engine.record.identity import Identity

if TYPE_CHECKING:
    from engine.control.executors.base import Presence
    from engine.control.order import Order

Role = Literal["--worker", "--controller"]
"""What a process is started for: an attempt of a run, or of a sweep."""
_START = Path(__file__).resolve().parents[3] / "phosphene.py"


def command(*arguments: str, role: Role = "--worker") -> list[str]:
    """Return the command line of a worker. ``-P``: what lies in the current folder is nothing that it imports."""
    return [sys.executable, "-P", str(_START), role, *arguments]


def environment() -> dict[str, str]:
    """Return the environment in which a worker starts.

    ``PYTHONPATH`` goes by another name, because a ``types.py`` on it would stop the interpreter before our first line.
    `phosphene.py` takes it back.
    """
    variables = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"} | waiting_policy()
    folders = variables.pop("PYTHONPATH", "")
    if folders and not sys.flags.ignore_environment:
        variables["PHOSPHENE_PYTHONPATH"] = folders
    return variables


class LocalExecutor:
    """Starts workers here; keeps one warm, which has imported torch and waits for its order.

    The warm worker ends when its stdin is closed, so it ends with its owner.

    Args:
        role: of the processes it starts.
    """

    def __init__(self, role: Role = "--worker") -> None:
        self._role: Role = role
        self._waiting: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def submit(self, order: Order) -> None:
        """Give the order to the warm worker, or to a new one if none waits."""
        process = self._give(order) or self._start(order)
        _reap(process)
        # The launcher writes the claim for the worker, so that a worker killed early is still known.
        with contextlib.suppress(OSError):
            order.claim(Identity.of(process.pid))

    def cancel(self, attempt: Path) -> None:
        """Kill the session of an attempt's worker."""
        claim = read_claim(attempt)
        presence = self.poll(attempt)
        if presence == "dead":
            return
        if claim is None or presence != "alive":
            where = f"on {claim.worker.host}" if claim else "not there yet"
            raise RunStateError(f"its worker is {where} and cannot be killed from here")
        try:
            os.killpg(claim.worker.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise RunStateError("its worker is another user's and cannot be killed by you") from error

    def poll(self, attempt: Path) -> Presence:
        """Say where the worker of an attempt is, from the identity in its claim."""
        claim = read_claim(attempt)
        return claim.worker.presence() if claim else "waiting"

    def warm(self) -> None:
        """Start a worker that waits, unless one does already."""
        with self._lock:
            if self._waiting is not None and self._waiting.poll() is not None:
                _close(self._waiting)
                self._waiting = None
            if self._waiting is None:
                self._waiting = _popen(command("--warm"), stdin=subprocess.PIPE, output=subprocess.DEVNULL)

    def close(self) -> None:
        """Let the warm worker go."""
        with self._lock:
            process, self._waiting = self._waiting, None
        if process is not None:
            _close(process)
            _reap(process)

    def _give(self, order: Order) -> subprocess.Popen[bytes] | None:
        """Give the order to the warm worker; return None if none waits."""
        with self._lock:
            process, self._waiting = self._waiting, None
        if process is None or process.stdin is None:
            return None
        try:
            with process.stdin:
                process.stdin.write(order.to_json().encode() + b"\n")
        except OSError:
            _reap(process)
            return None
        return process

    def _start(self, order: Order) -> subprocess.Popen[bytes]:
        output = order.folders()[0] / "output.log"
        try:
            with output.open("ab", buffering=0) as file:
                started = command(order.to_json(), role=self._role)
                return _popen(started, stdin=subprocess.DEVNULL, output=file.fileno())
        except OSError as error:
            raise LaunchError(
                f"the worker could not be started ({error}): try again when the machine is less busy"
            ) from error


def _popen(command: list[str], *, stdin: int, output: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, stdin=stdin, stdout=output, stderr=output, start_new_session=True, env=environment()
    )


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Collect the exit status when there is one, so that an ended worker does not stay as a zombie."""
    threading.Thread(target=process.wait, name="reap", daemon=True).start()
