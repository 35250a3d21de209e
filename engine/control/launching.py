"""Launching and resuming runs: an attempt is written under a hidden name, gets a worker, then its name."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.catalogue import experiment
from engine.control import resolving
from engine.control.devices import recorded_device
from engine.control.memory import wish_of
from engine.control.order import Order
from engine.control.provenance import git_state, versions
from engine.control.queue import Queue
from engine.control.threads import thread_count
from engine.declaration import RunOptions, validate
from engine.errors import PhospheneError, RunStateError
from engine.record.claim import read_claim
from engine.record.files import disk_errors
from engine.record.log import set_aside
from engine.record.run_directory import RunDirectory, RunRecord
from engine.record.workspace import Workspace
from engine.slurm.asking import Asking, Wanted, require
from engine.slurm.job import read_job, write_job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from engine.control.executors.base import Executor
    from engine.declaration import Experiment, Hyperparameters
    from engine.slurm.job import Job


def start(order: Order, executor: Executor) -> None:
    """Have a worker started for a staged directory, then give the directory its name.

    Raises:
        LaunchError, InvalidHyperparameters: if no worker can be started; what was staged is removed.
        RunStateError: if another launcher has taken the name.
    """
    try:
        executor.submit(order)
    except PhospheneError:
        shutil.rmtree(order.staged, ignore_errors=True)
        raise
    if not order.publish():
        shutil.rmtree(order.staged, ignore_errors=True)
        raise RunStateError(f"{order.run.name} has been started by someone else")


def _queue_up(order: Order, record: RunRecord) -> None:
    """Draw the ticket of a worker of this machine before the next launch can; without one it draws its own, later."""
    claim = read_claim(order.folders()[1])
    if read_job(order.folders()[1]):
        return  # Slurm gives devices itself
    if claim is not None and claim.worker.presence() == "alive":
        workspace = Workspace(order.run.parents[1])
        queue = Queue(workspace.home)
        # Without its devices the worker ends, and says why.
        with contextlib.suppress(OSError, PhospheneError):
            wish = wish_of(workspace, record)
            with queue.door():
                queue.draw(record.id, wish, claim.worker)


@dataclass(frozen=True, slots=True)
class Launch:
    """A run as it is to be launched.

    Attributes:
        declared: its experiment.
        hyperparameters: with what they name written out.
        options: of the run.
        parents: ids of the earlier runs that it builds on.
        run: the id that was reserved for it; a new one if empty.
        sweep: id of the sweep it belongs to, if any.
    """

    declared: Experiment
    hyperparameters: Hyperparameters
    options: RunOptions
    parents: tuple[str, ...] = ()
    run: str = ""
    sweep: str = ""


def launch(workspace: Workspace, wanted: Launch, executor: Executor) -> RunDirectory:
    """Write a run's directory and start its worker.

    Raises:
        RunStateError: if another launcher has made the reserved run.
        WorkspaceError, DiskFull: if the directory cannot be written; nothing is left behind.
        LaunchError, InvalidHyperparameters: if the worker cannot be started.
    """
    order, record = _prepared(workspace, wanted, Asking(workspace))
    start(order, executor)
    _queue_up(order, record)
    return RunDirectory(order.run)


def launch_array(
    workspace: Workspace, wanted: Sequence[Launch], executor: Executor, *, folder: Path, parallel: int, per_job: int
) -> None:
    """Write the directories of runs and have one array of Slurm carry them out; those that are there already are not.

    Args:
        workspace: where they lie.
        wanted: the runs.
        executor: that submits the array.
        folder: for what belongs to the array.
        parallel: how many of its jobs run at a time.
        per_job: how many runs a job carries out, one after the other.

    Raises:
        WorkspaceError, DiskFull: if a directory cannot be written.
        LaunchError, InvalidHyperparameters: if it cannot be submitted; nothing is left behind.
    """
    orders: list[Order] = []
    asks = Asking(workspace)
    try:
        # One by one, so that those that were written before an error are known.
        orders.extend(_prepared(workspace, one, asks, per_job)[0] for one in wanted)
        with disk_errors(folder):
            executor.submit_array(orders, folder, parallel, per_job)
    finally:
        for order in orders:
            shutil.rmtree(order.staged, ignore_errors=True)


def _prepared(workspace: Workspace, wanted: Launch, asks: Asking, runs: int = 1) -> tuple[Order, RunRecord]:
    """Write a run's directory under a hidden name, with what Slurm is asked for if it is to carry the run out.

    ``runs`` is how many such runs the time is asked for.
    """
    options, declared = wanted.options, wanted.declared
    at_slurm = Wanted.of(options.model_dump())
    values = wanted.hyperparameters.model_dump(mode="json")
    small = resolving.small(workspace, declared, wanted.hyperparameters)
    # On a host that is not known yet, device and threads are for that one to say: all but the one of small networks.
    device = options.device if at_slurm else recorded_device(options.device)
    record = RunRecord(
        id=wanted.run,
        experiment=declared.name,
        hyperparameters=values,
        seed=options.seed,
        device=device,
        created=time.time(),
        name=options.name,
        slots=options.slots,
        threads=options.threads if at_slurm and not small else thread_count(options.threads, small=small),
        parents=wanted.parents,
        versions=versions(),
        git=git_state(),
        host=socket.gethostname(),
        sweep=wanted.sweep,
        executor=options.on,
        slurm=at_slurm.to_json() if at_slurm else {},
    )
    job = asks.job(at_slurm, declared, values, options.threads, runs) if at_slurm else None
    record, staged = workspace.prepare(record)
    there = workspace.runs / record.id
    order = Order(staged, there, there, "0001")
    if job:
        _ask_for(order, job)
    return order, record


def resume(run: RunDirectory, executor: Executor, elsewhere: Mapping[str, Any] | None = None) -> RunDirectory:
    """Start a further worker for a run that stopped, failed or crashed.

    Args:
        run: to go on with.
        executor: that starts the worker.
        elsewhere: ``on``, ``gpus``, ``time`` and ``slurm`` of the options of a run, where they are to be others.

    Raises:
        RunStateError: if the run is busy or finished.
        UnknownExperiment, InvalidHyperparameters: if what it ran is no longer declared, or no longer like that.
        WorkspaceError, DiskFull: if the attempt cannot be written.
    """
    status = run.status()
    if status.state not in {"stopped", "failed", "crashed"}:
        raise RunStateError(f"run {run.id} is {status.state}: only a stopped, failed or crashed run can be resumed")
    record = run.record()
    declared = experiment(record.experiment)
    declared.validate(record.hyperparameters)
    workspace = Workspace(run.path.parents[1])
    workspace.require_room()
    job = None
    options = validate(RunOptions, {"on": record.executor, **record.slurm, **(elsewhere or {})})
    if wanted := Wanted.of(options.model_dump()):
        require(wanted, record.device, workspace.home)
        job = Asking(workspace).job(wanted, declared, record.hyperparameters, record.threads)
    _queue_up(further_attempt(run, status.attempt + 1, executor, job), record)
    return run


def further_attempt(run: RunDirectory, number: int, executor: Executor, job: Job | None = None) -> Order:
    """Start a further worker for a run, or a further controller for a sweep; return its order.

    Args:
        run: or the controllers of a sweep.
        number: of the attempt.
        executor: that starts it.
        job: to be asked for at Slurm; None for a process of this host.

    Raises:
        RunStateError: if somebody else has made an attempt of that number.
        WorkspaceError, DiskFull: if it cannot be written.
        LaunchError: if no process can be started.
    """
    order = stage_attempt(run, number)
    with disk_errors(run.path):
        # Requests that the ended worker did not take are not meant for the next one.
        for request in run.control.glob("*.json"):
            request.unlink(missing_ok=True)
    if job:
        _ask_for(order, job)
    start(order, executor)
    return order


def stage_attempt(run: RunDirectory, number: int) -> Order:
    """Write the folder of a further attempt under a hidden name; return its order.

    Raises:
        WorkspaceError, DiskFull: if it cannot be written; nothing is left behind.
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
    return Order(staged, run.attempts_folder / name, run.path, name)


def _ask_for(order: Order, job: Job) -> None:
    """Write into a staged attempt that Slurm is to carry it out; on an error what was staged is removed."""
    try:
        with disk_errors(order.staged):
            write_job(order.folders()[0], job)
    except PhospheneError:
        shutil.rmtree(order.staged, ignore_errors=True)
        raise


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


def withdraw(run: RunDirectory, executor: Executor) -> None:
    """Take the last attempt of a run back from its scheduler, if it still waits there.

    Raises:
        RunStateError: if the scheduler does not answer.
    """
    attempt = run.attempts()[-1]
    if executor.withdraw(attempt.path):
        with contextlib.suppress(OSError):
            attempt.killed.touch()
