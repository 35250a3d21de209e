"""Following one run: its log and its output are read as they grow. No widget is touched here."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.message import Message

from engine import PhospheneError, wording

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.screen import Screen

    from engine import Engine
    from engine.wording import Line
    from tui.shown import ShownRun

FAILED = ("failed", "crashed")
AT_ONCE = 5_000
"""Events read between two chances for the screen to handle keys."""
MOST_LINES = 200
"""Console lines posted of one batch of events, at most: the last ones."""
MOST_CHARACTERS = 500
"""Characters shown of a line that a program printed, at most."""
MOST_OUTPUT_LINES = 50
"""Lines of the program's output posted at once, at most: the last ones."""


class RunFollower:
    """Follows the run that is on the screen; following another one ends that.

    Args:
        owner: the screen that gets the messages.
        engine: returns the engine; called when a run is followed.
    """

    @dataclass
    class Opened(Message):
        """Another run, or another attempt of the same one, is followed from now on.

        Attributes:
            shown: the run.
        """

        shown: ShownRun

    @dataclass
    class Advanced(Message):
        """The run got new events; they are in ``shown`` already."""

        shown: ShownRun

        def can_replace(self, message: Message) -> bool:
            """Let the screen draw once for several batches."""
            return isinstance(message, RunFollower.Advanced)

    @dataclass
    class Said(Message):
        """Lines for the console: from the run's events, or printed by its program."""

        lines: list[Line]

    @dataclass
    class Failed(Message):
        """The run cannot be followed any more."""

        reason: str

    @dataclass
    class Ended(Message):
        """The run has ended, and all its events are read; why, if it failed while it was followed."""

        run: str
        failure: str = ""

    def __init__(self, owner: Screen[None], engine: Callable[[], Engine]) -> None:
        self._owner = owner
        self._engine = engine
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a run is being followed at this moment."""
        return self._task is not None

    def follow(self, name: str, pause: float = 0.0) -> None:
        """Follow a run from its first event, after a pause in which the user may still move on to another."""
        # A coroutine made here would never be awaited if its worker were ended before it begins.
        work = partial(self._follow, name, pause)
        self._owner.run_worker(work, group="follow", exclusive=True)  # type: ignore[arg-type]

    async def _follow(self, name: str, pause: float) -> None:
        from tui.shown import ShownRun

        task = self._task = asyncio.current_task()
        failure = ""
        try:
            await asyncio.sleep(pause)
            run = await self._engine().find(name)
            shown = ShownRun(run, await asyncio.to_thread(run.record))
            self._owner.post_message(self.Opened(shown))
            went_on = not (await asyncio.to_thread(run.status)).ended
            await self._read(shown)
            status = await asyncio.to_thread(run.status)
            failure = status.reason if went_on and status.state in FAILED else ""
        except (PhospheneError, OSError) as error:
            self._owner.post_message(self.Failed(f"{name}: {error}"))
        finally:
            if self._task is task:
                self._task = None
        self._owner.post_message(self.Ended(name, failure))

    async def _read(self, shown: ShownRun) -> None:
        output = shown.run.output()
        async for events in self._engine().batches(shown.run):
            for start in range(0, len(events), AT_ONCE):
                if lines := shown.take(events[start : start + AT_ONCE]):
                    self._owner.post_message(self.Said(lines[-MOST_LINES:]))
                self._owner.post_message(self.Advanced(shown))
                await asyncio.sleep(0)
            if lines := _printed(await asyncio.to_thread(output.poll), output.skipped):
                self._owner.post_message(self.Said(lines))
            output.skipped = 0


def _printed(lines: list[str], skipped: int) -> list[Line]:
    """Return the end of what a program printed, after a line that says how many bytes are missing before it."""
    now = time.time()
    missing = [f"… {skipped / 1024:,.0f} KiB of output skipped, all of it is in output.log"] if skipped else []
    return [wording.Line(now, text[:MOST_CHARACTERS], "output") for text in (*missing, *lines[-MOST_OUTPUT_LINES:])]
