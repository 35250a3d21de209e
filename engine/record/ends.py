"""What became of a worker that logged no end: said by its absence, its last words, and Slurm if it was a job's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from engine.record.identity import kills_for_memory
from engine.slurm.queue import QUEUE
from engine.slurm.words import INTERRUPTED, in_slurm

if TYPE_CHECKING:
    from engine.record.claim import Claim
    from engine.record.events import State
    from engine.record.run_directory import Attempt
    from engine.slurm.job import Job
    from engine.slurm.queue import Seen

UNCLAIMED_AFTER = 20.0
"""Seconds after which an attempt that no worker has claimed counts as crashed."""
KILLED = "ended by you at once, without saving"
"""The reason of a run whose worker a user has killed."""
CANCELLED = "cancelled by you while it waited"
"""The reason of a run whose job a user has cancelled before a worker began with it."""
NEVER_STARTED = "its worker never started"
"""How the reason of a run begins whose worker has not claimed it."""
WITHOUT_A_WORD = "its worker ended without a word (killed, or crashed in compiled code)"
"""How the reason of a crash begins of which nobody but perhaps the output says why."""
SAYS = "it says"
"""What stands in such a reason before the cause that the interpreter or the worker left in the output."""
TELLING = ("Fatal Python error:", "the program ended the process itself", "slurmstepd")
"""Beginnings of the lines, left by the interpreter, by the worker or by Slurm, that name the cause of a crash."""


def last_words(attempt: Attempt, reason: str) -> str:
    """Return the reason of a crash with what the worker printed last, or with the line that names the cause."""
    words = attempt.output_tail(200)
    cause = next((line for line in reversed(words) if line.startswith(TELLING)), "")
    if cause or words:
        return f"{reason}; {SAYS if cause else 'last output'}: {(cause or words[-1])[:300]}"
    return reason


def ended_here(attempt: Attempt, claim: Claim) -> tuple[State, str]:
    """Return how a worker of this host has ended that logged no end."""
    if attempt.killed.exists():
        return "stopped", KILLED
    if kills_for_memory() > claim.kills_for_memory:
        return "crashed", last_words(attempt, "the system killed its worker, probably because memory ran out")
    return "crashed", last_words(attempt, WITHOUT_A_WORD)


def lost(attempt: Attempt, job: Job, seen: Seen) -> tuple[State, str]:
    """Return what became of an attempt whose job has left Slurm's queue before a worker claimed it."""
    if not job.id:
        if time.time() - job.submitted <= UNCLAIMED_AFTER:
            return "queued", in_slurm(job, seen)
        return "crashed", "its job was never submitted, because its launcher was ended: resume it"
    never = last_words(attempt, NEVER_STARTED)
    if never == NEVER_STARTED and seen.state in {"", "CANCELLED"}:
        return "stopped", f"job {job.id} left Slurm's queue before it started: it was cancelled, or Slurm lost it"
    return "crashed", f"{never} ({seen.state})" if seen.state else never


def left_by(attempt: Attempt, job: Job, waits: str, *, dead: bool) -> tuple[State | None, str]:
    """Return what became of a run whose worker was a job's and is gone: Slurm may start the job again.

    Args:
        attempt: the last one.
        job: of the attempt.
        waits: why the run is queued by its log; empty if it is not.
        dead: whether the worker is known to be gone; otherwise it has only been silent.
    """
    seen = QUEUE.look(job)
    if attempt.killed.exists() and (dead or seen.where == "gone" or seen.state == "COMPLETING"):
        return "stopped", CANCELLED if waits else KILLED
    if seen.where == "waiting":
        return "queued", in_slurm(job, seen)
    if seen.where == "unknown":
        return None, in_slurm(job, seen)
    if seen.where == "there":
        return None, waits
    if waits.startswith(INTERRUPTED):
        return "stopped", f"{waits}: resume it"
    reason = last_words(attempt, WITHOUT_A_WORD)
    return "crashed", f"{reason} ({seen.state})" if seen.state and "; " not in reason else reason
