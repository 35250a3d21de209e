"""The job of Slurm in which a worker runs: which device it was given, when it is to leave, how it is started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from engine.control.devices import ANY, AUTO, CPU, device_set
from engine.errors import PhospheneError
from engine.record.events import ENDED, StateChanged
from engine.record.log import last_event
from engine.record.output import OutputReader
from engine.record.run_directory import Attempt, RunDirectory
from engine.slurm import tools
from engine.slurm.job import OUTPUT, read_job, write_job
from engine.slurm.tools import Refused, Silent
from engine.slurm.words import INTERRUPTED

if TYPE_CHECKING:
    from engine.control.context import Context
    from engine.control.order import Order
    from engine.record.events import State
    from engine.slurm.job import Job

_GIVEN = ("SLURM_JOB_GPUS", "SLURM_STEP_GPUS", "SLURM_GPUS_ON_NODE")
"""Variables of which one tells a job that it was given GPUs."""
_SENT_AWAY = ("DUE TO TIME LIMIT", "DUE TO PREEMPTION")
"""What Slurm writes into the output of a job that may go on another time."""


def begin(order: Order) -> Order | None:
    """Claim an order for this process; the next attempt's, if this is a job that Slurm has started again.

    Returns:
        The order that is to be carried out, its directory published; None if there is nothing to do: another worker
        has it, a user has cancelled it meanwhile, or the run had ended before the job was started again.
    """
    attempts = RunDirectory(order.run).attempts()
    if Attempt(order.folders()[1]).killed.exists() or (attempts and attempts[-1].path.name > order.attempt):
        # Somebody took it back, or has gone on elsewhere, while it waited.
        return None if "SLURM_RESTART_COUNT" not in os.environ else _again(order)
    begun = order if order.claim_for_this() else _again(order)
    return begun if begun is not None and begun.publish() else None


def _again(order: Order) -> Order | None:
    """Claim the attempt that follows those of an earlier start of this job."""
    attempts = RunDirectory(order.run).attempts()
    if not attempts or "SLURM_RESTART_COUNT" not in os.environ:
        return None
    last = attempts[-1]
    allotment = Allotment.of(last.path)
    ended = last_event(last.events, (StateChanged,))
    if allotment is None or last.killed.exists() or (isinstance(ended, StateChanged) and ended.state in ENDED):
        return None
    from engine.control.launching import stage_attempt

    with contextlib.suppress(PhospheneError, OSError):
        following = stage_attempt(RunDirectory(order.run), last.number + 1)
        write_job(following.staged, allotment.job)
        if following.claim_for_this() and following.publish():
            return replace(following, code=order.code)
        shutil.rmtree(following.staged, ignore_errors=True)
    return None


class Allotment:
    """A worker's job.

    Attributes:
        job: as the attempt's folder describes it, with its number.
    """

    def __init__(self, job: Job, attempt: Path) -> None:
        self.job = job
        self._output = OutputReader(Path(os.environ.get(OUTPUT, str(attempt / "output.log"))))
        # What stands there is of an earlier start of the job.
        self._output.poll()

    @classmethod
    def of(cls, attempt: Path) -> Allotment | None:
        """Return the job that this process carries out an attempt in; None if it is no job's."""
        job = read_job(attempt)
        if job is None or os.environ.get("SLURM_JOB_NAME") != job.name:
            return None
        array, task = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
        number = f"{array}_{task}" if array and task else os.environ.get("SLURM_JOB_ID", "")
        if job.id == number:
            return cls(job, attempt)
        # Its launcher was killed before it could write down what Slurm answered.
        job = replace(job, id=number)
        with contextlib.suppress(OSError):
            write_job(attempt, job)
        return cls(job, attempt)

    def device(self, name: str) -> str:
        """Return the queue name of the device that a name means in this job; none is waited for.

        Slurm has chosen among the GPUs, so that their numbers mean nothing here. A job that got none computes on the
        CPU, also where it could see the GPUs of others.

        Raises:
            DataUnavailable, MachineFailure: as :func:`engine.control.devices.device_set` does.
        """
        given = any(os.environ.get(variable) for variable in _GIVEN)
        if name == AUTO:
            return device_set(name)[0] if given else CPU
        return device_set(name if name == CPU or not given else ANY)[0]

    def says(self, device: str) -> str:
        """Return a line about where this is."""
        wanted = any(os.environ.get(variable) for variable in _GIVEN) and device == "cpu"
        none = "; Slurm gave it a GPU, but none answers here" if wanted else ""
        return f"job {self.job.id} on {socket.gethostname()}, device {device}{none}"

    def leave(self, context: Context | None, run: RunDirectory, restored: int, *, told: bool) -> tuple[State, str]:
        """Return the state, and its reason, of a run whose job ends before the run does.

        Args:
            context: of the program; None if it has not started.
            run: whose job it is.
            restored: the step from which this worker went on.
            told: whether the job is told before its time is over; otherwise Slurm ends it already.
        """
        step = max(restored, context.done if context else 0)
        after = f"after step {step:,}" if step else "before its first step"
        if not told:
            return "queued", f"{INTERRUPTED} {after}"
        longer = "resume it with a longer one, as in --time 4h"
        if step <= restored:
            return "stopped", f"its time was over before it had done a step: {longer}"
        if run.last_checkpoint() is None:
            return "stopped", f"its time was over {after}, and it saves nothing to go on from: {longer}"
        return "queued", f"{INTERRUPTED} {after}, because its time was over"

    def requeue(self, *, told: bool) -> str:
        """Have Slurm start this job again later; return why it does not, empty if it does or if that is not meant.

        Without being told before, that is done where Slurm says that it ends the job for want of time or of room: a
        job that somebody has cancelled is over.
        """
        if not told and not any(sign in line for line in self._output.poll() for sign in _SENT_AWAY):
            return ""
        try:
            tools.call("scontrol", "requeue", self.job.id)
        except (Refused, Silent) as error:
            return "" if "pending execution" in str(error).casefold() else str(error)
        return ""
