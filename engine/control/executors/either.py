"""Which executor an attempt has: Slurm's where a job stands in its folder, else that of this host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.control.executors.local import LocalExecutor
from engine.control.executors.slurm import SlurmExecutor
from engine.slurm.job import read_job

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from engine.control.executors.base import Executor, Presence
    from engine.control.executors.local import Role
    from engine.control.order import Order


class Executors:
    """Does for each attempt what its own executor does. Whoever launches a run writes what it asks Slurm for.

    Args:
        role: of the processes that are started on this host.

    Attributes:
        local: the executor of this host.
    """

    def __init__(self, role: Role = "--worker") -> None:
        self.local = LocalExecutor(role)
        self._slurm = SlurmExecutor()

    def of(self, attempt: Path) -> Executor:
        """Return the executor of an attempt."""
        return self.local if read_job(attempt) is None else self._slurm

    def submit(self, order: Order) -> None:
        """Have a worker started for a staged order; see the executors."""
        self.of(order.folders()[0]).submit(order)

    def submit_array(self, orders: Sequence[Order], folder: Path, parallel: int, per_job: int = 1) -> None:
        """Submit one array of Slurm for many orders; see :meth:`SlurmExecutor.submit_array`."""
        self._slurm.submit_array(orders, folder, parallel, per_job)

    def cancel(self, attempt: Path) -> None:
        """End the worker of an attempt at once."""
        self.of(attempt).cancel(attempt)

    def withdraw(self, attempt: Path) -> bool:
        """Take an attempt back that its scheduler has not started; return whether that was done."""
        return self.of(attempt).withdraw(attempt)

    def poll(self, attempt: Path) -> Presence:
        """Say where the worker of an attempt is."""
        return self.of(attempt).poll(attempt)

    def warm(self) -> None:
        """Be ready to start workers on this host."""
        self.local.warm()

    def close(self) -> None:
        """Let go of what was made ready."""
        self.local.close()
