"""The job of an attempt: what Slurm was asked for and under which name and number it knows it, in ``job.json``."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from engine.record.files import write_json

if TYPE_CHECKING:
    from pathlib import Path

NAME = "job.json"
OUTPUT = "PHOSPHENE_JOB_OUTPUT"
"""The variable that tells a worker where Slurm writes what it has to say of the worker's job."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job at Slurm that carries out an attempt; an attempt without one has a worker of the launcher's own host.

    Attributes:
        name: that no other job has; empty until it is submitted.
        id: Slurm's number, ``123`` or ``123_4`` in an array; numbers are used again, so only with the name it means
            this job. Empty until Slurm has answered.
        user: number of the user whose job it is.
        submitted: when, in seconds since the epoch.
        options: what Slurm was asked for, as words of its command line.
        task: of an array, which all have one name; empty for a job of its own.
        shared: whether the job carries out other runs, too, so that it is not cancelled while this one waits.
    """

    name: str = ""
    id: str = ""
    user: int = field(default_factory=os.getuid)
    submitted: float = 0.0
    options: tuple[str, ...] = ()
    task: str = ""
    shared: bool = False

    @property
    def partition(self) -> str:
        """The partition that was asked for; empty for Slurm's choice."""
        named = [word.partition("=")[2] for word in self.options if word.startswith("--partition=")]
        return named[-1] if named else ""

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def read_job(attempt: Path) -> Job | None:
    """Return the job of an attempt; None if it has none, or if what stands there is damaged."""
    try:
        values = json.loads((attempt / NAME).read_bytes())
        known = {name: values[name] for name in Job.__dataclass_fields__ if name in values}
        return Job(**known | {"options": tuple(map(str, known.get("options", ())))})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def write_job(attempt: Path, job: Job) -> None:
    """Write down the job of an attempt.

    Raises:
        FileNotFoundError: if the attempt's folder is not there (any more).
        OSError: if the disk refuses.
    """
    write_json(attempt / NAME, job.to_json())
