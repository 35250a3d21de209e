"""Starting workers: cold, or from the one that waits warm. Both outlive whoever starts them."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

from engine.catalogue import experiment
from engine.control.devices import resolve_device
from engine.control.order import Order
from engine.control.provenance import git_state, versions
from engine.errors import LaunchError, RunStateError
from engine.record.files import disk_errors
from engine.record.identity import Identity
from engine.record.log import set_aside
from engine.record.run_directory import RunDirectory, RunRecord

if TYPE_CHECKING:
    from pathlib import Path

    from engine.declaration import Experiment, Hyperparameters, RunOptions
    from engine.record.workspace import Workspace


class WarmWorker:
    """A worker that has torch imported and waits for its order; gone when its stdin closes, thus with its owner."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start it, unless one is waiting already."""
        with self._lock:
            if self._process is not None and self._process.poll() is not None:
                _close(self._process)
                self._process = None
            if self._process is None:
                self._process = subprocess.Popen(
                    [*_COMMAND, "--warm"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    env=_environment(),
                )

    def give(self, order: Order) -> int | None:
        """Hand the order to the worker and return its process number; None if none waits."""
        with self._lock:
            process, self._process = self._process, None
        if process is None or process.stdin is None:
            return None
        _reap(process)
        try:
            with process.stdin:
                process.stdin.write(order.to_json().encode() + b"\n")
        except OSError:
            return None
        return process.pid

    def close(self) -> None:
        """Let the waiting worker go."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            _close(process)
            _reap(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()


_COMMAND = (sys.executable, "-m", "engine.control.worker")


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Collect the exit status when there is one, so that an ended worker does not stay as a zombie."""
    threading.Thread(target=process.wait, name="reap", daemon=True).start()


def _start(order: Order, output: Path, warm: WarmWorker | None) -> None:
    """Start a worker for a staged directory, then give the directory its name.

    Raises:
        LaunchError: if no process can be started; what was staged is removed.
        RunStateError: if another launcher has taken the name.
    """
    pid = warm.give(order) if warm is not None else None
    if pid is None:
        try:
            with output.open("ab", buffering=0) as file:
                process = subprocess.Popen(
                    [*_COMMAND, order.to_json()],
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=file,
                    start_new_session=True,
                    env=_environment(),
                )
        except OSError as error:
            shutil.rmtree(order.staged, ignore_errors=True)
            raise LaunchError(
                f"the worker could not be started ({error}): try again when the machine is less busy"
            ) from error
        pid = process.pid
        _reap(process)
    # On the worker's behalf, lest one that is killed before it gets there is waited for; it does the same.
    with contextlib.suppress(OSError):
        order.claim(Identity.of(pid))
    if not order.publish():
        shutil.rmtree(order.staged, ignore_errors=True)
        raise RunStateError(f"run {order.run.name} has been resumed by someone else")


def launch(
    workspace: Workspace,
    declared: Experiment,
    hyperparameters: Hyperparameters,
    options: RunOptions,
    parents: tuple[str, ...] = (),
    warm: WarmWorker | None = None,
) -> RunDirectory:
    """Write a run's directory and start its worker.

    Raises:
        WorkspaceError, DiskFull: if the directory cannot be written; nothing is left behind.
        LaunchError: if the worker cannot be started.
    """
    record = RunRecord(
        id="",
        experiment=declared.name,
        hyperparameters=hyperparameters.model_dump(mode="json"),
        seed=options.seed,
        device=resolve_device(options.device),
        created=time.time(),
        name=options.name,
        slots=options.slots,
        parents=parents,
        versions=versions(),
        git=git_state(),
        host=socket.gethostname(),
    )
    record, staged = workspace.prepare(record)
    run = workspace.runs / record.id
    _start(Order(staged, run, run, "0001"), staged / "attempts/0001/output.log", warm)
    return RunDirectory(run)


def resume(run: RunDirectory, warm: WarmWorker | None = None) -> RunDirectory:
    """Start a further worker for a run that stopped, failed or crashed.

    Raises:
        RunStateError: if the run is busy or finished.
        UnknownExperiment, InvalidHyperparameters: if what it ran is no longer declared, or no longer like that.
        WorkspaceError, DiskFull: if the attempt cannot be written.
    """
    status = run.status()
    if status.state not in {"stopped", "failed", "crashed"}:
        raise RunStateError(f"run {run.id} is {status.state}: only a stopped, failed or crashed run can be resumed")
    record = run.record()
    experiment(record.experiment).validate(record.hyperparameters)
    name = f"{status.attempt + 1:04d}"
    staged = run.attempts_folder / f".new-{name}-{secrets.token_hex(3)}"
    with disk_errors(run.path):
        staged.mkdir(parents=True)
        try:
            (staged / "output.log").touch()
            set_aside(staged)
        except OSError:
            shutil.rmtree(staged, ignore_errors=True)
            raise
        # Requests to the worker that is gone are not for the next one.
        for request in run.control.glob("*.json"):
            request.unlink(missing_ok=True)
    _start(Order(staged, run.attempts_folder / name, run.path, name), staged / "output.log", warm)
    return run
