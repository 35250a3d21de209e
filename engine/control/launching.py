"""Launching and resuming runs: an attempt is written under a hidden name, gets a worker, then its name."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import socket
import time
from typing import TYPE_CHECKING

from engine.catalogue import experiment
from engine.control.devices import recorded_device
from engine.control.memory import wish_of
from engine.control.order import Order
from engine.control.provenance import git_state, versions
from engine.control.queue import Queue
from engine.control.threads import thread_count
from engine.errors import LaunchError, PhospheneError, RunStateError
from engine.record.claim import read_claim
from engine.record.files import disk_errors
from engine.record.log import set_aside
from engine.record.run_directory import RunDirectory, RunRecord
from engine.record.workspace import Workspace

if TYPE_CHECKING:
    from engine.control.executors.base import Executor
    from engine.declaration import Experiment, Hyperparameters, RunOptions


def start(order: Order, executor: Executor) -> None:
    """Have a worker started for a staged directory, then give the directory its name.

    Raises:
        LaunchError: if no worker can be started; what was staged is removed.
        RunStateError: if another launcher has taken the name.
    """
    try:
        executor.submit(order)
    except LaunchError:
        shutil.rmtree(order.staged, ignore_errors=True)
        raise
    if not order.publish():
        shutil.rmtree(order.staged, ignore_errors=True)
        raise RunStateError(f"{order.run.name} has been started by someone else")


def _queue_up(order: Order, record: RunRecord) -> None:
    """Draw the ticket of a worker of this machine before the next launch can; without one it draws its own, later."""
    claim = read_claim(order.folders()[1])
    if claim is not None and claim.worker.presence() == "alive":
        workspace = Workspace(order.run.parents[1])
        queue = Queue(workspace.home)
        # Without its devices the worker ends, and says why.
        with contextlib.suppress(OSError, PhospheneError):
            wish = wish_of(workspace, record)
            with queue.door():
                queue.draw(record.id, wish, claim.worker)


def launch(
    workspace: Workspace,
    declared: Experiment,
    hyperparameters: Hyperparameters,
    options: RunOptions,
    parents: tuple[str, ...],
    executor: Executor,
    *,
    run: str = "",
    sweep: str = "",
) -> RunDirectory:
    """Write a run's directory and start its worker.

    Args:
        workspace: where it lies.
        declared: its experiment.
        hyperparameters: with what they name written out.
        options: of the run.
        parents: ids of the earlier runs that it builds on.
        executor: that starts the worker.
        run: the id that was reserved for it; a new one if empty.
        sweep: id of the sweep it belongs to, if any.

    Raises:
        RunStateError: if another launcher has made the reserved run.
        WorkspaceError, DiskFull: if the directory cannot be written; nothing is left behind.
        LaunchError: if the worker cannot be started.
    """
    record = RunRecord(
        id=run,
        experiment=declared.name,
        hyperparameters=hyperparameters.model_dump(mode="json"),
        seed=options.seed,
        device=recorded_device(options.device),
        created=time.time(),
        name=options.name,
        slots=options.slots,
        threads=thread_count(options.threads),
        parents=parents,
        versions=versions(),
        git=git_state(),
        host=socket.gethostname(),
        sweep=sweep,
    )
    record, staged = workspace.prepare(record)
    there = workspace.runs / record.id
    order = Order(staged, there, there, "0001")
    start(order, executor)
    _queue_up(order, record)
    return RunDirectory(there)


def resume(run: RunDirectory, executor: Executor) -> RunDirectory:
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
    Workspace(run.path.parents[1]).require_room()
    _queue_up(further_attempt(run, status.attempt + 1, executor), record)
    return run


def further_attempt(run: RunDirectory, number: int, executor: Executor) -> Order:
    """Start a further worker for a run, or a further controller for a sweep; return its order.

    Raises:
        RunStateError: if somebody else has made an attempt of that number.
        WorkspaceError, DiskFull: if it cannot be written.
        LaunchError: if no process can be started.
    """
    name = f"{number:04d}"
    staged = run.attempts_folder / f".new-{name}-{secrets.token_hex(3)}"
    with disk_errors(run.path):
        staged.mkdir(parents=True)
        try:
            (staged / "output.log").touch()
            set_aside(staged)
        except OSError:
            shutil.rmtree(staged, ignore_errors=True)
            raise
        # Requests that the ended worker did not take are not meant for the next one.
        for request in run.control.glob("*.json"):
            request.unlink(missing_ok=True)
    order = Order(staged, run.attempts_folder / name, run.path, name)
    start(order, executor)
    return order


def kill(run: RunDirectory, executor: Executor) -> None:
    """End the last worker of a run, or the last controller of a sweep, and all its processes at once.

    Raises:
        RunStateError: if it cannot be ended from here.
    """
    attempt = run.attempts()[-1]
    # Before the kill, so that nobody takes it for a crash; on a full disk it is taken for one, but done.
    with contextlib.suppress(OSError):
        attempt.killed.touch()
    try:
        executor.cancel(attempt.path)
    except RunStateError:
        attempt.killed.unlink(missing_ok=True)
        raise
