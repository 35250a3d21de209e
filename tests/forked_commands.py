"""The command line as real processes that need not import it each: one that has done so forks for every command.

What differs from the plain way is the interpreter's start alone,
which tests of the start, of locales and of folders begin as users do.
"""

from __future__ import annotations

import array
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ORDER = 1 << 20
"""Bytes that an order has at most: arguments and environment."""


class Commands:
    """Runs ``phosphene`` in this process's environment and folder, a command at a time."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ORDER)
        command = [sys.executable, str(Path(__file__).resolve()), str(theirs.fileno())]
        plain = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PHOSPHENE_HOME"}}
        self._server = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=ROOT, env=plain, stdin=-3, stdout=-3)
        theirs.close()

    def run(self, arguments: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
        """Run a command to its end.

        Raises:
            subprocess.TimeoutExpired: if it took longer; it is killed.
        """
        order = {"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            files = array.array("i", [out.fileno(), err.fileno()])
            self._socket.settimeout(None)
            self._socket.sendmsg([json.dumps(order).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
            pid = int(self._socket.recv(64))
            self._socket.settimeout(seconds)
            late = False
            try:
                status = int(self._socket.recv(64))
            except TimeoutError:
                late = True
                os.kill(pid, signal.SIGKILL)
                self._socket.settimeout(None)
                status = int(self._socket.recv(64))
            said = [_text(file) for file in (out, err)]
        if late:
            raise subprocess.TimeoutExpired(arguments, seconds, *said)
        return subprocess.CompletedProcess(arguments, status, *said)

    def close(self) -> None:
        """End the process that forks."""
        self._socket.close()
        self._server.wait(10)


def _text(file) -> str:
    file.seek(0)
    return file.read().decode()


def serve(orders: socket.socket) -> None:
    """Fork for each order; return in the fork, when what it is to be has been arranged."""
    import commands.entry
    import commands.main  # noqa: F401
    import engine

    for name in engine.__all__:
        getattr(engine, name)
    assert "torch" not in sys.modules
    path = [*sys.path]
    gc.freeze()
    while True:
        data, ancillary, *_ = orders.recvmsg(ORDER, socket.CMSG_SPACE(8))
        if not data:
            sys.exit()
        files = array.array("i", ancillary[0][2])
        pid = os.fork()
        if not pid:
            break
        for file in files:
            os.close(file)
        orders.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        orders.send(str(os.waitstatus_to_exitcode(status)).encode())
    orders.close()
    order = json.loads(data)
    for file, number in zip(files, (1, 2), strict=True):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    given = os.environ.get("PYTHONPATH", "")
    sys.path[:] = [order["folder"], *(entry for entry in given.split(os.pathsep) if entry), *path]
    sys.argv[:] = ["phosphene", *order["arguments"]]


if __name__ == "__main__":
    del sys.path[0]  # the tests' own folders are called engine, commands and tui
    serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module("phosphene", run_name="__main__", alter_sys=True)
