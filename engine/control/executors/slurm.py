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
from engine.record.files import disk_errors
from engine.record.run_directory import RunDirectory
from engine.slurm import asking, tools
from engine.slurm.job import OUTPUT, Job, read_job, write_job
from engine.slurm.queue import QUEUE
from engine.slurm.tools import Refused, Silent

if TYPE_CHECKING:
    from collections.abc import Sequence
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
        name = f"{order.run.name}.{int(order.attempt)}.{secrets.token_hex(2)}"
        job = replace(asked, name=name, submitted=time.time(), user=os.getuid())
        output = there / "output.log"
        with disk_errors(order.run):
            write_job(staged, job)
            _write_script(staged / SCRIPT, output, [f"exec {shlex.join(command(order.to_json()))}"])
        if not order.publish():
            raise RunStateError(f"{order.run.name} has been started by someone else")
        self._submit([(order, job)], ["sbatch", *_words(job, _literal(output)), str(there / SCRIPT)])

    def submit_array(self, orders: Sequence[Order], folder: Path, parallel: int, per_job: int = 1) -> None:
        """Submit one array of jobs for many orders, which each hold the job that is asked for.

        An order whose directory somebody else has made meanwhile is left to that one.

        Args:
            orders: of runs; their directories are staged.
            folder: that is made for the script, the tasks' orders and what Slurm says.
            parallel: how many tasks run at a time.
            per_job: how many runs a task carries out, one after the other.

        Raises:
            InvalidHyperparameters, LaunchError: as :meth:`submit` does; then no directory is left.
        """
        name = f"{folder.parent.name}.{secrets.token_hex(2)}"
        folder = folder / name
        folder.mkdir(parents=True)
        asked = asking.longest([read_job(order.folders()[0]) or Job() for order in orders])
        jobs = []
        for at, order in enumerate(orders):
            task = str(at // per_job)
            job = replace(asked, name=name, task=task, shared=per_job > 1, submitted=time.time(), user=os.getuid())
            write_job(order.folders()[0], job)
            with (folder / task).open("a", encoding="utf-8") as file:
                file.write(f"{order.to_json()}\n")
            jobs.append((order, job))
        published = [(order, job) for order, job in jobs if order.publish()]
        if not published:
            return
        _write_script(folder / SCRIPT, folder / "$SLURM_ARRAY_TASK_ID.out", _tasks(folder, per_job))
        last = (len(orders) - 1) // per_job
        words = _words(published[0][1], f"{_literal(folder)}/%a.out")
        words += [f"--array=0-{last}%{parallel}", str(folder / SCRIPT)]
        self._submit(published, ["sbatch", *words])

    @staticmethod
    def _submit(jobs: Sequence[tuple[Order, Job]], words: list[str]) -> None:
        """Submit, and write down the number; if that fails, the directories lose their names again."""
        try:
            said = tools.call(*words, seconds=tools.SUBMIT_SECONDS, environment=environment())
        except (Refused, Silent) as error:
            for order, _ in jobs:
                with contextlib.suppress(OSError):
                    order.published.rename(order.staged)
            if isinstance(error, Refused):
                raise asking.refusal(error) from error
            raise LaunchError(f"{error}: try again later") from error
        number = said.strip().splitlines()[-1].partition(";")[0]
        for order, job in jobs:
            own = f"{number}_{job.task}" if job.task else number
            with contextlib.suppress(FileNotFoundError):  # somebody was quick to remove it
                write_job(order.folders()[1], replace(job, id=own, submitted=time.time()))
        QUEUE.forget()

    def cancel(self, attempt: Path) -> None:
        """Take an attempt's job out of the queue, or end its processes at once, those of a whole pack of runs too.

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
                if read_claim(attempt) is not None:
                    # Without a word first: a worker whose job is cancelled is told before, and would save.
                    with contextlib.suppress(Refused):
                        tools.call("scancel", "--batch", "--signal=KILL", job.id)
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
        QUEUE.forget()
        seen = QUEUE.look(job)
        if seen.where == "unknown":
            raise RunStateError(f"its job cannot be taken back now: {seen.reason}")
        if seen.where != "waiting":
            return False
        try:
            # Not with --state=PENDING, which takes the whole array of a task that waits. One that has started since is
            # told before it ends.
            tools.call("scancel", job.id or f"--jobname={job.name}")
        except (Silent, Refused) as error:
            raise RunStateError(f"its job cannot be cancelled now: {error}") from error
        finally:
            QUEUE.forget()
        return True

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


def _words(job: Job, output: str) -> list[str]:
    """Return what `sbatch` is told of a job, besides its script."""
    ours = [f"--job-name={job.name}", f"--output={output}", "--open-mode=append"]
    return ["--parsable", "--export=ALL", *job.options, *ours]


def _literal(path: Path) -> str:
    """Return a path for Slurm, to which a percent sign begins a pattern."""
    return str(path).replace("%", "%%")


def _write_script(path: Path, output: Path, lines: Sequence[str]) -> None:
    """Write the script of a job. When Slurm starts it again, its workers make the next attempts."""
    head = [
        "#!/bin/sh",
        "# Carries out runs of Phosphene. When it is started again, they go on from their last checkpoints.",
        # Ignored until the worker has its own answer, also across exec: by itself it would end the worker.
        "trap '' USR1",
        'export OMP_NUM_THREADS="${OMP_NUM_THREADS:-${SLURM_CPUS_PER_TASK:-${SLURM_CPUS_ON_NODE:-1}}}"',
        f"export {OUTPUT}={shlex.quote(str(output.parent))}/{output.name}",
    ]
    path.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8", errors="surrogateescape")


def _tasks(folder: Path, per_job: int) -> list[str]:
    """Return the lines of a script that carry out the orders of one task of an array, one after the other."""
    worker, orders = shlex.join(command()), f"{shlex.quote(str(folder))}/$SLURM_ARRAY_TASK_ID"
    if per_job == 1:
        return [f'exec {worker} "$(cat {orders})"']
    return [
        "over=",
        # The worker that is at work saves, and has the whole job started again: those that follow wait for that.
        "trap 'over=1; kill -USR1 \"$worker\" 2>/dev/null' USR1",
        "trap over=1 TERM",
        'while [ -z "$over" ] && read -r order; do',
        f"    (trap '' USR1; exec {worker} \"$order\" < /dev/null) &",
        "    worker=$!",
        '    while kill -0 "$worker" 2>/dev/null; do wait "$worker"; done',
        f"done < {orders}",
    ]
