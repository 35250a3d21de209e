"""The list of all runs: read again and again, and what follows from it. No widget is touched here."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.message import Message

from engine import PhospheneError, wording

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.screen import Screen

    from engine import Engine, Experiment, Listed, ListedSweep, Sweeps

LIST_SECONDS = 1.0
MOST_NEWS = 20
"""Ended runs named when the workbench opens, at most."""


class RunListing:
    """Lists the runs every second, and at once on demand; never two listings at a time.

    Args:
        owner: the screen that gets the messages.
        engine: returns the engine; called when the first listing begins.
        sweeps: returns the sweeps of the same workspace.
    """

    @dataclass
    class Changed(Message):
        """The runs and the sweeps were listed again."""

        runs: list[Listed]
        sweeps: list[ListedSweep] = field(default_factory=list)

        def can_replace(self, message: Message) -> bool:
            """Let a newer listing replace one that the screen has not looked at yet."""
            return isinstance(message, RunListing.Changed)

    @dataclass
    class Failed(Message):
        """The runs cannot be listed; posted once per reason."""

        reason: str

    def __init__(self, owner: Screen[None], engine: Callable[[], Engine], sweeps: Callable[[], Sweeps]) -> None:
        self._owner = owner
        self._engine = engine
        self._sweeps = sweeps
        self._wanted = asyncio.Event()

    def start(self) -> None:
        """Begin to list, and go on until the screen is closed."""
        self._owner.run_worker(self._keep_listing(), group="listing", exclusive=True)

    def look_again(self) -> None:
        """List at once."""
        self._wanted.set()

    def _listed_sweeps(self) -> list[ListedSweep]:
        """Return the sweeps; what that imports takes longer than a key may, and is not needed where there are none."""
        return self._sweeps().listed() if self._engine().workspace.sweeps.is_dir() else []

    async def _keep_listing(self) -> None:
        reason = ""
        while True:
            try:
                runs = await self._engine().runs()
                self._owner.post_message(self.Changed(runs, await asyncio.to_thread(self._listed_sweeps)))
                reason = ""
            except PhospheneError as error:
                if str(error) != reason:
                    reason = str(error)
                    self._owner.post_message(self.Failed(reason))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LIST_SECONDS):  # unlike wait_for, it never swallows a cancellation
                    await self._wanted.wait()
            self._wanted.clear()


@dataclass(frozen=True)
class News:
    """What happened while the workbench was closed.

    Attributes:
        active: runs that have not ended, those that wait last.
        ended: runs that ended since then.
        best: id of the run to show first; empty if there are no runs.
    """

    active: list[Listed] = field(default_factory=list)
    ended: list[Listed] = field(default_factory=list)
    best: str = ""

    def lines(self) -> list[tuple[str, str]]:
        """Return text and level of the lines that tell it."""
        lines = [(f"{run.id} is {run.status.state}", "info") for run in self.active]
        lines += [("while you were away:", "alarm")] if self.ended else []
        for run in self.ended[:MOST_NEWS]:
            first = list(run.status.result.items())[:2]
            figures = ", ".join(f"{name} {wording.figure(value)}" for name, value in first)
            lines.append((f"  {run.id} {run.status.state} {figures or run.status.reason}", "info"))
        return lines

    @classmethod
    def since(cls, seen: float, runs: Sequence[Listed]) -> News:
        """Compare the runs, newest first, with the time when they were last on a screen; 0 for never."""
        waiting_last = sorted(runs, key=lambda run: run.status.state == "queued")
        active = [run for run in waiting_last if not run.status.ended]
        ended = [run for run in runs if run.status.ended and run.status.changed > seen > 0]
        best = next((run.id for run in [*active, *ended, *runs]), "")
        return cls(active, ended, best)


def last_finished(runs: Sequence[Listed], experiment: Experiment) -> Listed | None:
    """Return the newest finished run of an experiment, if there is one."""
    for run in runs:
        if run.record and run.record.experiment == experiment.name and run.status.state == "finished":
            return run
    return None


def last_time(run: Listed, experiment: Experiment) -> str:
    """Return how a finished run went and how long it was running, ``last .974, 1:05``; its whole log is read."""
    took = wording.clock(run.directory.history().running())
    metric = experiment.headline.result if experiment.headline else ""
    figure = wording.headline(run.status.result, metric)
    return f"last {figure}, {took}" if figure else f"last in {took}"
