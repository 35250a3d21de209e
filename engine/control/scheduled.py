"""The runs of a workspace that are in Slurm's hands, as the queue shows them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from engine.control.waiting import Place
from engine.errors import RunStateError
from engine.slurm.job import read_job

if TYPE_CHECKING:
    from engine.record.run_directory import RunDirectory
    from engine.record.workspace import Workspace
    from engine.slurm.job import Job


def job_of(run: RunDirectory) -> Job | None:
    """Return the job of Slurm that carries out the run's last attempt; None if it has none."""
    attempts = run.attempts()
    return read_job(attempts[-1].path) if attempts else None


def waits(run: RunDirectory) -> bool:
    """Tell whether a run waits in Slurm."""
    return job_of(run) is not None and run.status().state == "queued"


def scheduled(workspace: Workspace) -> list[Place]:
    """Return the runs that jobs carry out: those that run, then those that wait, in the order of their submission."""
    running, waiting = [], []
    for listed in workspace.list():
        job = None if listed.status.ended else job_of(listed.directory)
        if job is None:
            continue
        device = f"slurm:{job.partition}" if job.partition else "slurm"
        if listed.status.state == "queued":
            waiting.append((job.submitted, device, listed))
        else:
            claim = listed.directory.attempts()[-1].claim()
            since = claim.t if claim else job.submitted
            running.append(Place(device, listed.id, 0, since, "", f"job {job.id}"))
    waiting.sort(key=lambda one: one[0])
    behind = itertools.count(1)
    places = [Place(device, one.id, next(behind), at, "", one.status.reason) for at, device, one in waiting]
    return [*running, *places]


def require_ours(run: RunDirectory) -> None:
    """Check that it is for us to say when a run starts.

    Raises:
        RunStateError: if it is for Slurm.
    """
    if waits(run):
        raise RunStateError(f"run {run.id} waits in Slurm, which orders its queue itself: see scontrol top")
