"""Requests to the engine: launch, stop, resume, change, save, remove. No widget is touched here."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message

from engine import PhospheneError, wording

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from textual.screen import Screen

    from engine import Engine, Experiment, Run

KILL_SECONDS = 3.0
"""Seconds after which a second `stop` kills a run that has not stopped by itself."""

CHECK_SECONDS = 0.2
"""Seconds that a form must stay as it is before it is checked."""


class RunRequests:
    """Sends requests; a message tells the screen how each one ended.

    Args:
        owner: the screen that gets the messages.
        engine: returns the engine; called with the first request.
    """

    @dataclass
    class Started(Message):
        """A run was launched or resumed."""

        run: Run

    @dataclass
    class Refused(Message):
        """The form holds values that the experiment does not accept; why, by field."""

        problems: Mapping[str, str]

    @dataclass
    class Checked(Message):
        """Why a launch of a form would be refused, by field; what is no field's stands under the empty name."""

        experiment: str
        problems: Mapping[str, str]

    @dataclass
    class Done(Message):
        """A request has been carried out; there may be something to tell the user."""

        text: str = ""
        title: str = ""

    @dataclass
    class Failed(Message):
        """A request could not be carried out."""

        reason: str

    def __init__(self, owner: Screen[None], engine: Callable[[], Engine]) -> None:
        self._owner = owner
        self._engine = engine
        self._stopped: tuple[str, int, float] = ("", 0, 0.0)

    def warm(self) -> None:
        """Have a worker ready, so that the next launch is quick; it does not matter if that fails."""
        self._owner.run_worker(self._warm(), group="warm")

    def launch(self, experiment: Experiment, values: Mapping[str, str], options: Mapping[str, str]) -> None:
        """Start a run with the values of a form."""
        self._send(self._launch(experiment, values, options))

    def check(self, experiment: Experiment, values: Mapping[str, str], options: Mapping[str, str]) -> None:
        """Ask whether a launch of a form would be refused; the newest question alone is answered."""

        async def look() -> None:
            await asyncio.sleep(CHECK_SECONDS)
            problems = await self._engine().check(experiment, values, options)
            self._owner.post_message(self.Checked(experiment.name, problems))

        self._owner.run_worker(look, group="check", exclusive=True)  # type: ignore[arg-type]

    def stop(self, run: Run, attempt: int) -> None:
        """Let a run save and stop; the second request for the same attempt, some seconds later, kills it."""
        self._send(self._stop(run, attempt))

    def resume(self, run: Run) -> None:
        """Go on with a run from its last checkpoint."""
        self._send(self._resume(run))

    def set_live(self, run: Run, values: Mapping[str, str]) -> None:
        """Change live hyperparameters of a run."""
        self._send(self._set_live(run, values))

    def save_checkpoint(self, run: Run) -> None:
        """Let a run save a checkpoint after its present step."""
        self._send(self._save_checkpoint(run))

    def remove(self, name: str) -> None:
        """Move a run into the trash."""
        self._send(self._remove(name))

    def _send(self, request: Coroutine[Any, Any, Message]) -> None:
        self._owner.run_worker(self._answer(request), group="requests")

    async def _answer(self, request: Coroutine[Any, Any, Message]) -> None:
        try:
            self._owner.post_message(await request)
        except PhospheneError as error:
            self._owner.post_message(self.Failed(str(error)))

    async def _warm(self) -> None:
        with contextlib.suppress(PhospheneError, OSError):
            await self._engine().warm()

    async def _launch(
        self, experiment: Experiment, values: Mapping[str, str], options: Mapping[str, str]
    ) -> Started | Refused:
        try:
            return self.Started(await self._engine().launch(experiment, values, options))
        except PhospheneError as error:
            if not error.problems:
                raise
            return self.Refused(error.problems)

    async def _stop(self, run: Run, attempt: int) -> Done:
        again = self._stopped[:2] == (run.id, attempt)
        await self._engine().stop(run, kill=again and time.monotonic() - self._stopped[2] > KILL_SECONDS)
        if again:
            return self.Done()
        self._stopped = (run.id, attempt, time.monotonic())
        return self.Done(
            f"{wording.short_id(run.id)} saves and stops; press s again after {KILL_SECONDS:.0f} seconds to kill it"
        )

    async def _resume(self, run: Run) -> Started:
        return self.Started(await self._engine().resume(run))

    async def _set_live(self, run: Run, values: Mapping[str, str]) -> Done:
        await self._engine().set(run, values)
        changes = ", ".join(f"{name} {value}" for name, value in values.items())
        return self.Done(f"{changes} from the next step on")

    async def _save_checkpoint(self, run: Run) -> Done:
        await self._engine().checkpoint(run)
        return self.Done()

    async def _remove(self, name: str) -> Done:
        engine = self._engine()
        where = await engine.remove(await engine.find(name))
        return self.Done(f"{name} is in {where} now", "removed")
