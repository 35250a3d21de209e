"""The protocol of executors. One starts workers on this machine; others may hand them to a scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.control.order import Order

Presence = Literal["waiting", "alive", "dead", "elsewhere"]
"""Of a worker: its scheduler has not started it yet, it lives, it is gone, or it cannot be seen from here."""


class Executor(Protocol):
    """Starts one worker for each order, and says what became of it.

    ``submit`` leaves in the attempt's folder what is needed to find the worker again: the local executor writes the
    identity of a process, another one may write the number of a job. So any process that sees the run directory can
    cancel the worker or look for it, also after the process that submitted has ended. An executor keeps nothing that
    matters in its own memory. What a worker does is read from the run directory, never from an executor.

    Every executor passes ``ExecutorContract`` in the tests.
    """

    def submit(self, order: Order) -> None:
        """Start a worker for a staged order, or have a scheduler do so. The worker is in a session of its own.

        Raises:
            LaunchError: if no worker can be started; nothing of it is left running.
        """

    def submit_array(self, orders: Sequence[Order], folder: Path, parallel: int, per_job: int = 1) -> None:
        """Have a scheduler carry out many staged orders as one array, and publish them; nobody else does that.

        Args:
            orders: of runs.
            folder: for what belongs to the array.
            parallel: how many of its jobs run at a time.
            per_job: how many runs a job carries out, one after the other.

        Raises:
            InvalidHyperparameters, LaunchError: if it cannot be submitted; no directory is published.
        """

    def cancel(self, attempt: Path) -> None:
        """End the worker of an attempt and all its processes at once; do nothing if it is gone.

        Raises:
            RunStateError: if it cannot be ended from here.
        """

    def withdraw(self, attempt: Path) -> bool:
        """Take an attempt back that its scheduler has not started; return False if none has it, or it has started.

        Raises:
            RunStateError: if the scheduler does not answer.
        """

    def poll(self, attempt: Path) -> Presence:
        """Say where the worker of an attempt is."""

    def warm(self) -> None:
        """Be ready to start workers quickly, where that is possible."""

    def close(self) -> None:
        """Let go of what was made ready. Workers that have their order go on."""
