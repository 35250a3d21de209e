"""Workers as jobs of Slurm, which says of them whether they wait; all else is read from the run directory."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.control.executors.local import command, environment
from engine.errors import LaunchError, RunStateError
from engine.record.claim import read_claim
from engine.record.run_directory import RunDirectory
from engine.slurm import asking, tools
from engine.slurm.job import Job, read_job, write_job
from engine.slurm.queue import QUEUE
from engine.slurm.tools import Refused, Silent

if TYPE_CHECKING:
    from pathlib import Path

    from engine.control.executors.base import Presence
    from engine.control.order import Order

SCRIPT = "job.sh"


class SlurmExecutor:
    """Hands workers to Slurm. What a job needs stands in the attempt's ``job.json`` before it is submitted.

    The directory gets its name before the job is submitted, because a job may wait for days: nobody may take its
    directory for what a dead launcher left behind. The job's own name stands in it by then, so that a launcher that is
    killed before it knows the number leaves a job that is found by its name.
    """

    def submit(self, order: Order) -> None:
        """Submit a job that carries out the order.

        Raises:
            InvalidHyperparameters: if Slurm will not take it, in Slurm's words.
            LaunchError: if Slurm does not answer.
            RunStateError: if somebody else has taken the directory's name.
        """
        staged, there = order.folders()
        asked = read_job(staged) or Job()
        job = replace(asked, name=_name(order), submitted=time.time(), user=os.getuid())
        write_job(staged, job)
        (staged / SCRIPT).write_text(_script(order), encoding="utf-8", errors="surrogateescape")
        if not order.publish():
            raise RunStateError(f"{order.run.name} has been started by someone else")
        try:
            number = self._sbatch(job, there)
        except BaseException:
            with contextlib.suppress(OSError):
                order.published.rename(order.staged)
            raise
        with contextlib.suppress(FileNotFoundError):  # somebody was quick to remove it
            write_job(there, replace(job, id=number, submitted=time.time()))
        QUEUE.forget()

    def _sbatch(self, job: Job, attempt: Path) -> str:
        """Submit an attempt's job and return its number."""
        output = str(attempt / "output.log").replace("%", "%%")
        words = ["sbatch", "--parsable", "--export=ALL", *job.options, f"--job-name={job.name}", f"--output={output}"]
        words += ["--open-mode=append", str(attempt / SCRIPT)]
        try:
            said = tools.call(*words, seconds=tools.SUBMIT_SECONDS, environment=environment())
        except Refused as error:
            raise asking.refusal(error) from error
        except Silent as error:
            raise LaunchError(f"{error}: try again later") from error
        return said.strip().splitlines()[-1].partition(";")[0]

    def cancel(self, attempt: Path) -> None:
        """Take an attempt's job out of the queue, or end its processes at once; those that were told go first.

        Raises:
            RunStateError: if Slurm does not answer, or may not be told.
        """
        job = read_job(attempt)
        if job is None or self.poll(attempt) == "dead" or (job.shared and read_claim(attempt) is None):
            return
        try:
            if not job.id:
                tools.call("scancel", f"--jobname={job.name}")
            else:
                # Only the worker, and without a word: a job that is cancelled is told before, and would save.
                with contextlib.suppress(Refused):
                    tools.call("scancel", "--batch", "--signal=KILL", job.id)
                if not job.shared:
                    tools.call("scancel", job.id)
        except Silent as error:
            raise RunStateError(f"its job cannot be cancelled now: {error}") from error
        except Refused as error:
            if "invalid job id" not in str(error).casefold():
                raise RunStateError(f"its job cannot be cancelled: {error}") from error
        finally:
            QUEUE.forget()

    def withdraw(self, attempt: Path) -> bool:
        """Take an attempt's job out of the queue if it has not started.

        Raises:
            RunStateError: if Slurm does not answer, or may not be told.
        """
        job = read_job(attempt)
        if job is None or (job.shared and read_claim(attempt) is None):
            return job is not None
        try:
            tools.call("scancel", "--state=PENDING", job.id or f"--jobname={job.name}")
        except (Silent, Refused) as error:
            raise RunStateError(f"its job cannot be cancelled now: {error}") from error
        finally:
            QUEUE.forget()
        return QUEUE.look(job).where == "gone"

    def poll(self, attempt: Path) -> Presence:
        """Say where the worker of an attempt is."""
        claim, job = read_claim(attempt), read_job(attempt)
        if claim is not None:
            status = RunDirectory(attempt.parents[1]).status()
            presence = claim.worker.presence()
            if status.ended:
                return "dead"
            if presence == "alive":
                return "alive"
        if job is None:
            return "waiting"
        seen = QUEUE.look(job)
        if claim is None or seen.where == "waiting":
            return "dead" if seen.where == "gone" else "waiting"
        return "alive" if seen.where == "there" else "elsewhere"

    def warm(self) -> None:
        """Do nothing: it is for Slurm to say where workers start."""

    def close(self) -> None:
        """Do nothing: nothing is held."""


def _name(order: Order) -> str:
    """Return a name for an attempt's job that no other job has."""
    return f"{order.run.name}.{int(order.attempt)}.{secrets.token_hex(2)}"


def _script(order: Order) -> str:
    """Return the script of a job. When Slurm starts it again, the worker makes the next attempt."""
    lines = [
        "#!/bin/sh",
        f"# Carries out {order.run.name}. When it is started again, the run goes on from its last checkpoint.",
        # Ignored until the worker has its own answer, also across exec: by itself it would end the worker.
        "trap '' USR1",
        'export OMP_NUM_THREADS="${OMP_NUM_THREADS:-${SLURM_CPUS_PER_TASK:-${SLURM_CPUS_ON_NODE:-1}}}"',
        f"exec {shlex.join(command(order.to_json()))}",
    ]
    return "\n".join(lines) + "\n"
