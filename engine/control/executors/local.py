"""Workers as processes of this machine, started cold, or forked by a warm server. They outlive their starter."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.control.fork_server import FORK, READY, SERVE, TAKEN
from engine.control.threads import waiting_policy
from engine.errors import LaunchError, RunStateError
from engine.record.claim import read_claim
from engine.record.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.control.executors.base import Presence
    from engine.control.order import Order

Role = Literal["--worker", "--controller"]
"""What a process is started for: an attempt of a run, or of a sweep."""
ANSWER_SECONDS = 5.0
"""For so long a fork and the claim of the forked worker may take: tens of milliseconds if all is well."""
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
    """Starts workers here, and keeps a fork server that has imported torch, so that they start at once.

    The server ends when its stdin is closed, so it ends with its owner.

    Args:
        role: of the processes it starts.
    """

    def __init__(self, role: Role = "--worker") -> None:
        self._role: Role = role
        self._server: _Server | None = None
        self._lock = threading.Lock()

    def submit(self, order: Order) -> None:
        """Have the server fork a worker or, while it still imports, become one; start one if that fails.

        A server that seems to hang may have forked a worker nevertheless: the first to claim the order serves it.
        """
        if not self._handed_over(order):
            _claim(order, self._start(order))

    def submit_array(self, orders: Sequence[Order], folder: Path, parallel: int, per_job: int = 1) -> None:
        """Refuse: a queue of this host's devices takes runs one by one.

        Raises:
            LaunchError: always.
        """
        del orders, folder, parallel, per_job
        raise LaunchError("an array needs a scheduler: submit it to Slurm")

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

    def withdraw(self, attempt: Path) -> bool:
        """Return False: a worker of this host is there at once, and waits by itself."""
        del attempt
        return False

    def poll(self, attempt: Path) -> Presence:
        """Say where the worker of an attempt is, from the identity in its claim."""
        claim = read_claim(attempt)
        return claim.worker.presence() if claim else "waiting"

    def warm(self) -> None:
        """Start a server, unless there is one that would start workers as this process does now."""
        with self._lock:
            if self._server is not None and not self._server.is_usable():
                self._server.end()
                self._server = None
            if self._server is None:
                self._server = _Server()

    def close(self) -> None:
        """End the server."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.end()

    def _handed_over(self, order: Order) -> bool:
        """Give the order to the server; return False if there is none, or none any more that can serve it."""
        with self._lock:
            server, self._server = self._server, None
            if server is None:
                return False
            if server.is_usable():
                if not server.is_ready():
                    if server.become(order):
                        _claim(order, server.process)
                        return True
                elif server.fork(order):
                    self._server = server
                    return True
            server.end()
            return False

    def _start(self, order: Order) -> subprocess.Popen[bytes]:
        output = order.folders()[0] / "output.log"
        try:
            with output.open("ab", buffering=0) as file:
                started = command(order.to_json(), role=self._role)
                return _popen(started, stdin=subprocess.DEVNULL, stdout=file.fileno(), stderr=file.fileno())
        except OSError as error:
            raise LaunchError(
                f"the worker could not be started ({error}): try again when the machine is less busy"
            ) from error


class _Server:
    """A fork server as its owner sees it; `fork_server.py` is the other end of its pipes."""

    def __init__(self) -> None:
        self._inherited = _inherited()
        self._ready = False
        self.process = _popen(
            command("--warm"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def is_usable(self) -> bool:
        """Tell whether it lives, and its workers would inherit what one that is started now inherits."""
        return self.process.poll() is None and self._inherited == _inherited()

    def is_ready(self) -> bool:
        """Tell whether it has imported everything and can fork."""
        self._ready = self._ready or self._answers(READY, 0.0)
        return self._ready

    def fork(self, order: Order) -> bool:
        """Have a worker forked; return False if none has claimed the order in time."""
        return self._ask(FORK, order) and self._answers(TAKEN, ANSWER_SECONDS)

    def become(self, order: Order) -> bool:
        """Have the process itself become the worker; return False if it has ended."""
        try:
            return self._ask(SERVE, order)
        finally:
            self._let_go()

    def end(self) -> None:
        """Kill it, which also ends one that hangs; its workers go on."""
        self.process.kill()
        self._let_go()

    def _let_go(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        _reap(self.process)

    def _ask(self, word: str, order: Order) -> bool:
        pipe = self.process.stdin
        with contextlib.suppress(OSError):
            return pipe is not None and pipe.write(f"{word} {order.to_json()}\n".encode()) is not None
        return False

    def _answers(self, answer: bytes, seconds: float) -> bool:
        pipe = self.process.stdout
        if pipe is None:
            return False
        waiting = select.poll()
        waiting.register(pipe, select.POLLIN)
        return bool(waiting.poll(1000 * seconds)) and pipe.read(len(answer)) == answer


def _inherited() -> tuple[object, ...]:
    """Return what decides how a worker runs and is inherited when it starts: variables, folder, umask, processors."""
    status = Path("/proc/self/status").read_text()
    umask = next((line for line in status.splitlines() if line.startswith("Umask:")), "")
    # The link can be read also if the folder is gone.
    return environment(), Path("/proc/self/cwd").readlink(), umask, os.sched_getaffinity(0)


def _claim(order: Order, process: subprocess.Popen[bytes]) -> None:
    """Claim an order for the worker that a process is, so that it is known also if it is killed before its claim."""
    _reap(process)
    with contextlib.suppress(OSError):
        order.claim(Identity.of(process.pid))


def _popen(words: list[str], *, stdin: int, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        words,
        bufsize=0,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        env=environment(),
    )


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Collect the exit status when there is one, so that an ended worker does not stay as a zombie."""
    threading.Thread(target=process.wait, name="reap", daemon=True).start()
