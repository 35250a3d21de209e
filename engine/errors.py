"""The errors that end in one sentence instead of a traceback. The class decides the exit status of the command.

PhospheneError                  a mistake that the user can put right: exit status 2
├── InvalidHyperparameters      a value is missing, of the wrong type, out of range or of an unknown name
├── UnknownExperiment           no experiment of that name is declared
├── UnknownRun                  no run has that name, or several have it
├── InvalidFilter               a filter of runs cannot be read
├── RunStateError               the run is not in a state that allows the request
├── ReadOnly                    something would change that may only be looked at
├── DataUnavailable             a data set or weights file is not there and cannot be fetched
└── MachineFailure              the machine cannot do what was asked: exit status 1
    ├── WorkspaceError          the workspace, or a run in it, cannot be read or written
    ├── DiskFull                the disk under the workspace is full
    └── LaunchError             the worker process could not be started
"""

from __future__ import annotations

import errno
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


class PhospheneError(Exception):
    """Base of all our errors; its text is the sentence that the user reads.

    Attributes:
        exit_status: with which the command ends: 2 for the user's mistake, 1 for the machine's failure.
        problems: sentence by field, without the field's name in front, where fields of a run are to blame.
    """

    exit_status: ClassVar[int] = 2
    problems: Mapping[str, str] = MappingProxyType({})

    def of(self, field: str) -> Self:
        """Return the same error that says which field is to blame."""
        error = type(self)(f"{field}: {self}")
        error.problems = {field: str(self)}
        return error


class InvalidHyperparameters(PhospheneError):
    """One or more values were refused; ``problems`` names every one."""

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems.items()))


class UnknownExperiment(PhospheneError):
    """No experiment of that name is declared."""


class UnknownRun(PhospheneError):
    """No run has the name given, or several have it."""


class InvalidFilter(PhospheneError):
    """A filter of runs cannot be read.

    Attributes:
        problem: what is wrong and what could stand there.
        position: how many characters stand before the mistake.
    """

    def __init__(self, problem: str, position: int) -> None:
        self.problem = problem
        self.position = position
        super().__init__(f"at {position + 1}: {problem}")


class ReadOnly(PhospheneError):
    """Something would change that may only be looked at."""


class RunStateError(PhospheneError):
    """The run is not in a state that allows the request."""


class DataUnavailable(PhospheneError):
    """A data set or a weights file is not there and cannot be fetched."""


class MachineFailure(PhospheneError):
    """The machine cannot do what was asked, though it was asked rightly."""

    exit_status = 1


class WorkspaceError(MachineFailure):
    """The workspace, or a run in it, cannot be read or written."""


class DiskFull(MachineFailure):
    """The disk under the workspace is full."""


class LaunchError(MachineFailure):
    """The worker process could not be started."""


def is_full_disk(error: BaseException) -> bool:
    """Tell whether an error is a disk's that has no room left, or whose user has none."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, or the name of its class if it has no text."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
