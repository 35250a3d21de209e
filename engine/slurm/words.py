"""How a run that is in Slurm's hands says so, in lists and on its page."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.slurm.job import Job
    from engine.slurm.queue import Seen

INTERRUPTED = "Slurm ended its job"
"""How the reason of a queued run begins whose worker has saved and gone; whether it goes on is Slurm's to say."""


def in_slurm(job: Job, seen: Seen) -> str:
    """Say how far Slurm is with a job that has no worker yet: ``job 12 in Slurm: Resources, to start about 14:05``."""
    name = f"job {job.id} in Slurm" if job.id else "in Slurm"
    if seen.where == "there":
        return f"{name} is starting" if not job.shared else f"{name} carries out others before it"
    told = [seen.reason] if seen.reason else []
    if seen.where == "waiting" and seen.start > time.time():
        told.append(f"to start about {moment(seen.start)}")
    return f"{name}: {', '.join(told)}" if told else name


def moment(t: float) -> str:
    """Write a time of this host's day, ``14:05``; of another day with its date, ``Nov 29 14:05``."""
    then, now = time.localtime(t), time.localtime()
    return time.strftime("%H:%M" if then[:3] == now[:3] else "%b %d %H:%M", then)
