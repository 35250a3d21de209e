"""The errors a user can cause, one family: each is a sentence that says what to do.

PhospheneError
├── InvalidHyperparameters      a value is missing, of the wrong type, out of range or of an unknown name
├── UnknownExperiment           no experiment of that name is declared
├── UnknownRun                  no run, or more than one, answers to that name
├── RunStateError               the run is not in a state that allows the request
├── WorkspaceError              the workspace cannot be read or written
├── DataUnavailable             a data set or weights file is not there and cannot be fetched
├── DiskFull                    the disk under the workspace is full
└── LaunchError                 the worker process could not be started
"""

from __future__ import annotations


class PhospheneError(Exception):
    """Base of every error that a user can cause; its text is the sentence shown to them."""


class InvalidHyperparameters(PhospheneError):
    """One or more values were refused.

    Attributes:
        problems: sentence by field name, without the field's name in front.
    """

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(f"{field}: {problem}" for field, problem in problems.items()))


class UnknownExperiment(PhospheneError):
    """No experiment of that name is declared."""


class UnknownRun(PhospheneError):
    """No run, or more than one, answers to the name given."""


class RunStateError(PhospheneError):
    """The run is not in a state that allows the request."""


class WorkspaceError(PhospheneError):
    """The workspace, or a run in it, cannot be read or written."""


class DataUnavailable(PhospheneError):
    """A data set or a weights file is not there and cannot be fetched."""


class DiskFull(PhospheneError):
    """The disk under the workspace is full."""


class LaunchError(PhospheneError):
    """The worker process could not be started."""


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, or its kind if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
