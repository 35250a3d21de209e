"""The async Engine: launch, follow, stop, queue, resume, set, remove and list runs. It keeps no state: runs do."""

from __future__ import annotations

import asyncio
import functools
import time
from typing import TYPE_CHECKING, Any, TypeVar

from engine.catalogue import experiment as find_experiment
from engine.control import launching, requests, resolving, scheduled, waiting
from engine.control.background import aside, in_thread
from engine.control.executors.either import Executors
from engine.control.launching import Launch
from engine.control.leave import changes
from engine.control.threads import usable_cores
from engine.declaration import fields_of
from engine.errors import InvalidHyperparameters, RunStateError
from engine.record.events import Event, StateChanged
from engine.record.workspace import Listed, Workspace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from engine.control.executors.base import Executor
    from engine.control.queue import Where
    from engine.control.waiting import Place
    from engine.declaration import Experiment, Hyperparameters, RunOptions
    from engine.record.history import History
    from engine.record.run_directory import RunDirectory, Status
    from engine.record.series import Points

T = TypeVar("T")

FOLLOW_SECONDS = (0.02, 0.2)
"""The shortest and the longest pause between two reads of a log that is followed."""


class Engine:
    """Runs experiments in worker processes that depend on nothing of this one.

    Args:
        home: the workspace's folder; ``PHOSPHENE_HOME`` or the user's data folder if None.
        read_only: whether runs may only be looked at: whatever would change one, or start one, raises ReadOnly.
    """

    def __init__(self, home: Path | None = None, *, read_only: bool = False) -> None:
        self.workspace = Workspace(home)
        self.read_only = read_only
        self._executor: Executor = Executors()

    @changes
    async def warm(self) -> None:
        """Start a process that imports torch and waits, so that the next launches show their first points at once."""
        # The first launch would wait for it. It also sets variables, and workers start with those that the server had.
        await in_thread(usable_cores)
        await in_thread(self._executor.warm)

    def close(self) -> None:
        """End the process that waits. Runs go on."""
        self._executor.close()

    @changes
    async def launch(
        self,
        experiment: str | Experiment,
        hyperparameters: Hyperparameters | Mapping[str, Any] | None = None,
        options: RunOptions | Mapping[str, Any] | None = None,
        parents: tuple[str, ...] = (),
    ) -> RunDirectory:
        """Start a run. It goes on when this process ends, and also if this call is cancelled.

        Raises:
            UnknownExperiment, InvalidHyperparameters, DataUnavailable: before anything is written; with several
                problems, all of them.
            WorkspaceError, DiskFull, LaunchError: with nothing left behind.
        """
        declared = find_experiment(experiment) if isinstance(experiment, str) else experiment
        values, chosen, named = await in_thread(
            resolving.ready, self.workspace, declared, hyperparameters or {}, options or {}
        )
        wanted = Launch(declared, values, chosen, (*parents, *named))
        return await in_thread(launching.launch, self.workspace, wanted, self._executor)

    async def check(
        self, experiment: Experiment, hyperparameters: Mapping[str, Any], options: Mapping[str, Any]
    ) -> dict[str, str]:
        """Return why a launch would be refused now, by field; what is no field's stands under the empty name.

        That may ask disks and servers: nobody waits for an answer when the caller is cancelled, or its process ends.
        """
        return await aside(resolving.problems, self.workspace, experiment, hyperparameters, options)

    @staticmethod
    def doubts(experiment: Experiment, hyperparameters: Mapping[str, Any]) -> dict[str, str]:
        """Return what a launch would take and is hardly meant, by field; see :class:`engine.Hyperparameters`."""
        return resolving.doubts(experiment, hyperparameters)

    @changes
    async def resume(self, run: RunDirectory, elsewhere: Mapping[str, Any] | None = None) -> RunDirectory:
        """Go on with a stopped, failed or crashed run from its last checkpoint.

        Args:
            run: to go on with.
            elsewhere: ``on``, ``gpus``, ``time`` and ``slurm`` of the options of a run, where they are to be others
                than those it was launched with.

        Raises:
            RunStateError: if it is busy or finished.
            InvalidHyperparameters, LaunchError: if it cannot be started there; it stays as it is.
        """
        return await in_thread(launching.resume, run, self._executor, elsewhere or {})

    async def follow(self, run: RunDirectory) -> AsyncIterator[Event]:
        """Yield every event of a run: those in its log, then new ones as they come, until the run has ended.

        No worker can log its own crash, nor that it is killed: such an end is yielded as a last ``StateChanged``.
        """
        reader = run.reader()
        async for events in self._batches(run, reader.poll):
            for event in events:
                yield event

    async def batches(self, run: RunDirectory) -> AsyncIterator[list[Event | Points]]:
        """Yield the same as :meth:`follow`, all at once that came since the last look, metrics column by column."""
        reader = run.reader()
        async for events in self._batches(run, reader.poll_points):
            yield events

    async def _batches(self, run: RunDirectory, poll: Callable[[], list[T]]) -> AsyncIterator[list[T | StateChanged]]:
        shortest, longest = FOLLOW_SECONDS
        pause, looked = shortest, 0.0
        status: Status | None = None
        told = ""
        while True:
            # The state is read before the log, so that the log holds all that an ended worker wrote.
            if time.monotonic() - looked >= longest:
                looked = time.monotonic()
                status = await asyncio.to_thread(run.status)
            events: list[T | StateChanged] = [*await asyncio.to_thread(poll)]
            if status is not None and status.ended:
                if status.inferred:
                    noticed = time.time() if status.state == "crashed" else status.changed
                    events.append(
                        StateChanged(noticed, status.state, status.reason, status.step, attempt=status.attempt)
                    )
                yield events
                return
            if status is not None and (waits := status.reason if status.inferred else "") != told:
                # No worker can log that its job waits, nor why.
                told = waits
                if told:
                    events.append(StateChanged(time.time(), status.state, told, status.step, attempt=status.attempt))
            if events:
                yield events
                looked = 0.0 if isinstance(events[-1], StateChanged) and not told else looked
            pause = shortest if events else min(longest, pause * 1.5)
            await asyncio.sleep(pause)

    @changes
    async def stop(self, run: RunDirectory, *, kill: bool = False) -> None:
        """Ask a run to save and stop after its present step, or end its processes at once.

        Raises:
            RunStateError: if it has ended already, or is to be killed but lives on another host.
        """
        await in_thread(functools.partial(_stop, run, self._executor, kill=kill))

    @changes
    async def set(self, run: RunDirectory, values: Mapping[str, Any]) -> None:
        """Change live hyperparameters of a running run.

        Raises:
            InvalidHyperparameters: if one is unknown, out of range or not live.
            RunStateError: if the run has ended.
        """
        await in_thread(_set, run, values)

    async def queue(self) -> list[Place]:
        """Return who runs and who waits on each device of this host, and in Slurm.

        See :func:`engine.control.waiting.places` and :func:`engine.control.scheduled.scheduled`.
        """
        here = await in_thread(waiting.places, self.workspace.home)
        return [*here, *await in_thread(scheduled.scheduled, self.workspace)]

    @changes
    async def move(self, run: RunDirectory, where: Where) -> Place:
        """Move a waiting run among those that wait for its device: ``up``, ``down``, ``first`` or ``last``.

        Raises:
            RunStateError: if it does not wait on this host.
            WorkspaceError: if it is another user's who keeps it where it is.
        """
        await in_thread(scheduled.require_ours, run)
        return await in_thread(waiting.move, run, where)

    @changes
    async def cancel(self, run: RunDirectory) -> None:
        """Let a waiting run stop before it starts; it can be resumed.

        Raises:
            RunStateError: if it waits neither on this host nor in Slurm.
        """
        if await in_thread(scheduled.waits, run):
            await in_thread(functools.partial(_stop, run, self._executor, kill=False))
        else:
            await in_thread(waiting.cancel, run)

    @changes
    async def checkpoint(self, run: RunDirectory) -> None:
        """Ask a running run to save after its present step."""
        await in_thread(_require_busy, run)
        await in_thread(requests.send, run.control, "checkpoint")

    @changes
    async def remove(self, run: RunDirectory, *, purge: bool = False) -> Path | None:
        """Move a run that has ended into the trash (returning where it is), or delete it for good.

        Raises:
            RunStateError: if it is queued or running.
        """
        status = await in_thread(run.status)
        if not status.ended:
            raise RunStateError(f"run {run.id} is {status.state}: stop it first (phosphene stop {run.id})")
        return await in_thread(functools.partial(self.workspace.remove, run, purge=purge))

    @changes
    async def restore(self, name: str) -> RunDirectory:
        """Bring a removed run back from the trash; see :meth:`Workspace.restore`."""
        return await in_thread(self.workspace.restore, name)

    @changes
    async def annotate(self, runs: Sequence[RunDirectory], write: Callable[[RunDirectory], None]) -> None:
        """Let ``write`` put tags, a note or a name into each of some runs, in a thread."""

        def write_all() -> None:
            for run in runs:
                write(run)

        await in_thread(write_all)

    async def runs(self) -> list[Listed]:
        """Return all runs, newest first."""
        return await in_thread(self.workspace.list)

    async def find(self, name: str) -> RunDirectory:
        """Return the run of that name; see :meth:`Workspace.find`."""
        return await in_thread(self.workspace.find, name)

    async def history(self, run: RunDirectory) -> History:
        """Return what the run's events say up to now."""
        return await in_thread(run.history)


def _require_busy(run: RunDirectory) -> Status:
    status = run.status()
    if status.ended:
        raise RunStateError(f"run {run.id} is not running any more: it is {status.state}")
    return status


def _stop(run: RunDirectory, executor: Executor, *, kill: bool) -> None:
    status = _require_busy(run)
    requests.send(run.control, "stop")
    try:
        if kill:
            launching.kill(run, executor)
        elif status.state == "queued":
            # One that no worker serves yet would find the request perhaps in days.
            launching.withdraw(run, executor)
    except RunStateError as error:
        raise RunStateError(f"run {run.id} was asked to stop after its present step, but {error}") from error


def _set(run: RunDirectory, values: Mapping[str, Any]) -> None:
    _require_busy(run)
    record = run.record()
    declared = find_experiment(record.experiment)
    checked = declared.validate(record.hyperparameters | dict(values))
    live = [view.name for view in fields_of(declared.hyperparameters) if view.live]
    fixed = {
        name: f"cannot be changed while the run is going; these can: {', '.join(live) or 'none'}"
        for name in values
        if name not in live
    }
    if fixed:
        raise InvalidHyperparameters(fixed)
    requests.send(run.control, "set", **{name: getattr(checked, name) for name in values})
