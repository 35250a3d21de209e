"""The async face of sweeps: plan, launch, list, look at, stop, resume, widen and remove them. It keeps no state."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine import catalogue
from engine.catalogue import experiment as find_experiment
from engine.control import launching, requests
from engine.control.background import in_thread
from engine.control.executors.either import Executors
from engine.control.leave import changes
from engine.control.order import Order
from engine.errors import PhospheneError, RunStateError, UnknownRun, WorkspaceError
from engine.record.annotations import LAST
from engine.record.histories import Histories
from engine.record.run_directory import RunDirectory, Status
from engine.record.workspace import SWEEP, Workspace, meant
from engine.sweep import axes
from engine.sweep.asking import direction, planned
from engine.sweep.record import SweepDirectory, SweepRecord, Widening
from engine.sweep.trials import ACTIVE, Trials

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from engine.sweep.asking import Asked, Planned


@dataclass(frozen=True, slots=True)
class ListedSweep:
    """A sweep as lists show it; ``record`` is None and ``status.reason`` says why if it cannot be read."""

    directory: SweepDirectory
    record: SweepRecord | None
    status: Status

    @property
    def id(self) -> str:
        """The sweep's id."""
        return self.directory.id


class Sweeps:
    """The sweeps of a workspace.

    Args:
        home: the workspace's folder; ``PHOSPHENE_HOME`` or the user's data folder if None.
        workspace: that lists the runs already, so that they need not be read again; a new one if None.
        read_only: whether they may only be looked at: whatever would change one, or start one, raises ReadOnly.
    """

    def __init__(
        self, home: Path | None = None, workspace: Workspace | None = None, *, read_only: bool = False
    ) -> None:
        self.workspace = workspace or Workspace(home)
        self.read_only = read_only
        self._executor = Executors("--controller")

    async def plan(self, asked: Asked) -> Planned:
        """Return what a sweep would be; nothing is written.

        Raises:
            UnknownExperiment, InvalidHyperparameters, DataUnavailable, PhospheneError: naming every mistake.
        """
        return await in_thread(planned, self.workspace, asked)

    @changes
    async def launch(self, planned: Planned) -> SweepDirectory:
        """Start a sweep's controller. It goes on when this process ends.

        Raises:
            WorkspaceError, DiskFull, LaunchError: with nothing left behind.
        """
        return await in_thread(self._launch, planned.record)

    @changes
    async def resume(self, sweep: SweepDirectory, again: Collection[str] = ()) -> SweepDirectory:
        """Go on with a sweep whose controller has ended: what is missing is run, what was stopped is resumed.

        Args:
            sweep: to go on with.
            again: the states, ``failed`` or ``removed``, of trials that are run again as well.

        Raises:
            RunStateError: if its controller is busy.
        """
        return await in_thread(self._resume, sweep, again)

    @changes
    async def widen(self, sweep: SweepDirectory, by: Widening) -> SweepRecord:
        """Ask for more of a sweep; a controller that is busy sees it, otherwise the sweep is to be resumed.

        Raises:
            PhospheneError: if it cannot be widened so.
        """
        return await in_thread(sweep.widen, by)

    @changes
    async def stop(self, sweep: SweepDirectory, *, kill: bool = False) -> None:
        """Ask a sweep to stop: its runs save and stop, then its controller ends. Or end all of them at once.

        Raises:
            RunStateError: if it has ended already, or lives on another host and cannot be killed.
        """
        await in_thread(functools.partial(self._stop, sweep, kill=kill))

    @changes
    async def remove(self, sweep: SweepDirectory, *, purge: bool = False) -> None:
        """Remove a sweep that has ended; its runs stay.

        Raises:
            RunStateError: if its controller is busy.
        """
        await in_thread(functools.partial(self._remove, sweep, purge=purge))

    async def sweeps(self) -> list[ListedSweep]:
        """Return all sweeps, newest first."""
        return await in_thread(self.listed)

    async def find(self, name: str) -> SweepDirectory:
        """Return the sweep that a name means: an id, a part of one, the sweep's name, or ``last``.

        Raises:
            UnknownRun: if there is none, or several.
        """
        return await in_thread(self.meant, name)

    # -- without async ------------------------------------------------------------------------------------------------

    def trials(self, sweep: SweepDirectory, record: SweepRecord, histories: Histories | None = None) -> Trials:
        """Return a fold of a sweep's trials; nothing is read yet.

        Args:
            sweep: whose trials they are.
            record: of it, perhaps with another metric.
            histories: of runs that were read before.
        """
        return Trials(self.workspace, sweep, record, histories or Histories())

    def judged(self, sweep: SweepDirectory, metric: str = "") -> SweepRecord:
        """Return what is asked for, with another column by which trials are judged if one is named.

        Raises:
            PhospheneError: if it is no column.
        """
        record = sweep.record()
        if not metric:
            return record
        declared = catalogue.experiments().get(record.experiment)
        return replace(record, metric=metric, better=direction(declared, metric))

    def widening(self, sweep: SweepDirectory, over: Mapping[str, str], **more: Any) -> Widening:
        """Return what widens a sweep, checked by the declaration of its experiment.

        Args:
            sweep: that is to be widened.
            over: further values of axes, as typed, by the names of their fields.
            **more: ``trials``, ``seeds`` and ``budget`` of :class:`Widening`.

        Raises:
            InvalidHyperparameters, PhospheneError: if it cannot be widened so.
        """
        record = sweep.record()
        names = {axis.name: axis for axis in record.axes}
        if strange := [name for name in over if name not in names]:
            raise PhospheneError(f"{strange[0]} is no axis of this sweep; it has: {', '.join(names)}")
        further = axes.further(find_experiment(record.experiment), names, over, record.fixed)
        return Widening(axes=further, **more)

    def directories(self) -> list[SweepDirectory]:
        """Return the directories of all sweeps, unsorted."""
        try:
            names = [name for name in os.listdir(self.workspace.sweeps) if not name.startswith(".")]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise WorkspaceError(f"{self.workspace.sweeps} cannot be read: {error.strerror}") from error
        return [SweepDirectory(self.workspace.sweeps / name) for name in names]

    def listed(self) -> list[ListedSweep]:
        """Return all sweeps, newest first."""
        found = []
        for directory in self.directories():
            status = directory.status()
            try:
                found.append(ListedSweep(directory, directory.record(), status))
            except WorkspaceError as error:
                found.append(ListedSweep(directory, None, replace(status, state="crashed", reason=str(error))))
        return sorted(found, key=lambda sweep: (sweep.record.created if sweep.record else 0.0, sweep.id), reverse=True)

    def meant(self, name: str) -> SweepDirectory:
        """Return the sweep that a name means; see :meth:`find`."""
        listed = {sweep.id: sweep for sweep in self.listed()}
        if not listed:
            raise UnknownRun("there are no sweeps yet; start one: phosphene sweep cnn --over lr=1e-4,1e-3")
        if name == LAST:
            return next(iter(listed.values())).directory

        def own_name(sweep: str) -> str:
            record = listed[sweep].record
            return record.name if record else ""

        return listed[meant(name, listed, own_name, "sweep")].directory

    def _launch(self, record: SweepRecord) -> SweepDirectory:
        self.workspace.require_room()
        path = self.workspace.sweeps / record.id
        staged = self.workspace.stage(path, ("control",), SWEEP, record.to_json())
        launching.start(Order(staged, path, path, "0001"), self._executor)
        return SweepDirectory(path)

    def _resume(self, sweep: SweepDirectory, again: Collection[str]) -> SweepDirectory:
        status = sweep.status()
        if not status.ended:
            raise RunStateError(f"sweep {sweep.id} is {status.state}: its controller is at work")
        find_experiment(sweep.record().experiment)
        self.workspace.require_room()
        trials = self.trials(sweep, sweep.record()).read() if again else []
        if wanted := tuple(trial.run for trial in trials if trial.state in again):
            sweep.widen(Widening(again=wanted))
        launching.further_attempt(sweep.controller, status.attempt + 1, self._executor)
        return sweep

    def _stop(self, sweep: SweepDirectory, *, kill: bool) -> None:
        status = sweep.status()
        if status.ended:
            raise RunStateError(f"sweep {sweep.id} is not running any more: it is {status.state}")
        if not kill:
            requests.send(sweep.controller.control, "stop")
            return
        launching.kill(sweep.controller, self._executor)
        for trial in self.trials(sweep, sweep.record()).read():
            if trial.state in ACTIVE:
                launching.kill(RunDirectory(self.workspace.runs / trial.run), Executors())

    def _remove(self, sweep: SweepDirectory, *, purge: bool) -> None:
        status = sweep.status()
        if not status.ended:
            raise RunStateError(f"sweep {sweep.id} is {status.state}: stop it first (phosphene sweep stop {sweep.id})")
        self.workspace.remove(sweep.controller, purge=purge)
