"""Requests to the engine: launch, stop, move, resume, change, save, annotate, remove. No widget is touched here."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from textual.message import Message

from engine import PhospheneError, wording

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from textual.screen import Screen

    from engine import Engine, Experiment, Run

KILL_SECONDS = 3.0
"""Seconds after which a second `stop` kills a run that has not stopped by itself."""

RESTORE_SECONDS = 15.0
"""Seconds for which it is offered to bring removed runs back; it can be done as long as the workbench is open."""

CHECK_SECONDS = 0.2
"""Seconds that a form must stay as it is before it is checked."""


class Stops:
    """What was asked to stop last: asked again, some seconds later, it is killed."""

    def __init__(self) -> None:
        self._last: tuple[str, int, float] = ("", 0, 0.0)

    def ask(self, name: str, attempt: int) -> tuple[bool, bool]:
        """Return whether this attempt was asked to stop last, and whether it is to be killed now."""
        again = self._last[:2] == (name, attempt)
        return again, again and time.monotonic() - self._last[2] > KILL_SECONDS

    def asked(self, name: str, attempt: int) -> None:
        """Remember that it was asked."""
        self._last = (name, attempt, time.monotonic())


SLOW_SECONDS = 0.7
"""After which a launch that is still being prepared is said to be, so that nobody asks for it again."""


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
        """Why a launch of a form would be refused, by field; what is no field's stands under the empty name.

        Attributes:
            experiment: its name.
            problems: for which it would be refused.
            doubts: what it would take and is hardly meant.
        """

        experiment: str
        problems: Mapping[str, str]
        doubts: Mapping[str, str]

    @dataclass
    class Done(Message):
        """A request has been carried out; there may be something to tell the user, for some seconds."""

        text: str = ""
        title: str = ""
        seconds: float | None = None

    @dataclass
    class Failed(Message):
        """A request could not be carried out."""

        reason: str

    def __init__(self, owner: Screen[None], engine: Callable[[], Engine]) -> None:
        self._owner = owner
        self._engine = engine
        self._stops = Stops()
        self._removed: list[list[str]] = []
        # Runs wait in the order in which they were launched, and are moved in that of the keys.
        self._in_turn = asyncio.Lock()

    def warm(self) -> None:
        """Have a fork server ready, so that launches are quick; it does not matter if that fails."""
        self._owner.run_worker(self._warm(), group="warm")

    def launch(self, experiment: Experiment, values: Mapping[str, str], options: Mapping[str, str]) -> None:
        """Start a run with the values of a form."""
        self._send(self._launch(experiment, values, options))

    def check(
        self,
        experiment: Experiment,
        values: Mapping[str, str],
        options: Mapping[str, str],
        axes: Mapping[str, str],
    ) -> None:
        """Ask whether a launch of a form would be refused; the newest question alone is answered."""

        async def look() -> None:
            from engine import InvalidHyperparameters, sweep_axes

            await asyncio.sleep(CHECK_SECONDS)
            problems = await self._engine().check(experiment, values, options)
            try:
                sweep_axes.axes(experiment, axes, {}, values)
            except InvalidHyperparameters as error:
                problems = {**problems, **error.problems}
            doubts = self._engine().doubts(experiment, values)
            self._owner.post_message(self.Checked(experiment.name, problems, doubts))

        self._owner.run_worker(look, group="check", exclusive=True)  # type: ignore[arg-type]

    def stop(self, run: Run, attempt: int) -> None:
        """Let a run save and stop; the second request for the same attempt, some seconds later, kills it."""
        self._send(self._stop(run, attempt))

    def move(self, run: Run, where: Literal["up", "down"]) -> None:
        """Move a run that waits in the queue."""
        self._send(self._move(run, where))

    def cancel(self, runs: Sequence[Run]) -> None:
        """Let runs that wait stop before they start."""
        self._send(self._cancel(runs))

    def resume(self, run: Run) -> None:
        """Go on with a run from its last checkpoint."""
        self._send(self._resume(run))

    def set_live(self, run: Run, values: Mapping[str, str]) -> None:
        """Change live hyperparameters of a run."""
        self._send(self._set_live(run, values))

    def save_checkpoint(self, run: Run) -> None:
        """Let a run save a checkpoint after its present step."""
        self._send(self._save_checkpoint(run))

    def remove(self, runs: Sequence[Run]) -> None:
        """Move runs into the trash."""
        self._send(self._remove(runs))

    def restore(self) -> None:
        """Bring back the runs that were removed last; asked again, those before."""
        self._send(self._restore())

    def annotate(self, runs: Sequence[Run], write: Callable[[Run], None]) -> None:
        """Write something into runs, in a thread."""
        self._send(self._annotate(runs, write))

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
        said = self.Done(f"{experiment.name} is being looked up and prepared", "launch")
        saying = asyncio.get_running_loop().call_later(SLOW_SECONDS, self._owner.post_message, said)
        try:
            async with self._in_turn:
                return self.Started(await self._engine().launch(experiment, values, options))
        except PhospheneError as error:
            if not error.problems:
                raise
            return self.Refused(error.problems)
        finally:
            saying.cancel()

    async def _stop(self, run: Run, attempt: int) -> Done:
        again, kill = self._stops.ask(run.id, attempt)
        waited = (await asyncio.to_thread(run.status)).state == "queued"
        await self._engine().stop(run, kill=kill)
        if again:
            return self.Done()
        if waited and (await asyncio.to_thread(run.status)).ended:
            return self.Done(wording.short_id(run.id), "taken out of the queue")
        self._stops.asked(run.id, attempt)
        return self.Done(
            f"{wording.short_id(run.id)} saves and stops; press s again after {KILL_SECONDS:.0f} seconds to kill it"
        )

    async def _move(self, run: Run, where: Literal["up", "down"]) -> Done:
        async with self._in_turn:
            place = await self._engine().move(run, where)
        behind = wording.short_id(place.behind)
        return self.Done(f"{wording.short_id(run.id)} is {wording.place(place.position, behind)}", "queue")

    async def _cancel(self, runs: Sequence[Run]) -> Done:
        cancelled: list[str] = []
        for run in runs:
            try:
                await self._engine().cancel(run)
                cancelled.append(wording.short_id(run.id))
            except PhospheneError as error:
                self._owner.post_message(self.Failed(str(error)))
        return self.Done(", ".join(cancelled), "taken out of the queue")

    async def _resume(self, run: Run) -> Started:
        return self.Started(await self._engine().resume(run))

    async def _set_live(self, run: Run, values: Mapping[str, str]) -> Done:
        await self._engine().set(run, values)
        changes = ", ".join(f"{name} {value}" for name, value in values.items())
        return self.Done(f"{changes} from the next step on")

    async def _save_checkpoint(self, run: Run) -> Done:
        await self._engine().checkpoint(run)
        return self.Done()

    async def _remove(self, runs: Sequence[Run]) -> Done:
        removed: list[str] = []
        for run in runs:
            try:
                if where := await self._engine().remove(run):
                    removed.append(where.name)
            except PhospheneError as error:
                self._owner.post_message(self.Failed(str(error)))
        if not removed:
            return self.Done()
        self._removed.append(removed)
        what = "the run lies" if len(removed) == 1 else f"{len(removed):,} runs lie"
        return self.Done(f"{what} in the trash; ctrl+z in the list of runs undoes it", "removed", RESTORE_SECONDS)

    async def _restore(self) -> Done:
        if not self._removed:
            return self.Done("no run was removed here; phosphene restore brings back those in the trash")
        back = [await self._engine().restore(name) for name in self._removed.pop()]
        return self.Done(", ".join(run.id for run in back), "back from the trash")

    async def _annotate(self, runs: Sequence[Run], write: Callable[[Run], None]) -> Done:
        await self._engine().annotate(runs, write)
        return self.Done()
