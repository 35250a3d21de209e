"""Requests about sweeps: plan, launch, stop, resume, widen. No widget is touched here."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.message import Message

from engine import PhospheneError, wording
from tui.workbench.requests import KILL_SECONDS, RunRequests, Stops

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from textual.screen import Screen

    from engine import Planned, SweepAsked, SweepDirectory, Sweeps

HOW = (
    "a value that begins with * makes a field an axis of a sweep: * 2, 10, 1000 or * log 1e-5..1e-2 or * 8..256:8; "
    "* alone means every choice"
)
"""What is said where a form has no axis."""
SEEDS = 3
"""Of a form without an axis: the plan is then the same configuration with several seeds."""


def asked_of(
    experiment: str, values: Mapping[str, str], options: Mapping[str, str], axes: Mapping[str, str]
) -> SweepAsked:
    """Return the sweep that a form asks for."""
    from engine import SweepAsked

    own = {name: text for name, text in options.items() if name != "name"}
    seeds = 1 if axes else SEEDS
    return SweepAsked(experiment, dict(values), dict(axes), {}, seeds=seeds, options=own, name=options.get("name", ""))


class SweepRequests:
    """Sends requests about sweeps; a message tells the screen how each one ended.

    Args:
        owner: the screen that gets the messages, also those of :class:`RunRequests` that say what was done.
        sweeps: returns the sweeps of the workspace; called with the first request.
    """

    @dataclass
    class Started(Message):
        """A sweep was launched."""

        sweep: SweepDirectory

    def __init__(self, owner: Screen[None], sweeps: Callable[[], Sweeps]) -> None:
        self._owner = owner
        self._sweeps = sweeps
        self._stops = Stops()

    def launch(self, planned: Planned) -> None:
        """Start a sweep."""
        self._send(self._launch(planned))

    def stop(self, sweep: SweepDirectory) -> None:
        """Let the runs of a sweep save and stop; the second request, some seconds later, kills them."""
        self._send(self._stop(sweep))

    def resume(self, sweep: SweepDirectory) -> None:
        """Go on with a sweep."""
        self._send(self._resume(sweep))

    def widen(self, sweep: SweepDirectory, text: str) -> None:
        """Ask for more of a sweep, as in ``nz=5000 seeds=2``; one that has ended goes on."""
        self._send(self._widen(sweep, text))

    def _send(self, request: Coroutine[Any, Any, Message]) -> None:
        self._owner.run_worker(self._answer(request), group="requests")

    async def _answer(self, request: Coroutine[Any, Any, Message]) -> None:
        try:
            self._owner.post_message(await request)
        except PhospheneError as error:
            self._owner.post_message(RunRequests.Failed(str(error)))

    async def _launch(self, planned: Planned) -> Started:
        return self.Started(await self._sweeps().launch(planned))

    async def _stop(self, sweep: SweepDirectory) -> RunRequests.Done:
        attempt = (await asyncio.to_thread(sweep.status)).attempt
        again, kill = self._stops.ask(sweep.id, attempt)
        await self._sweeps().stop(sweep, kill=kill)
        if again:
            return RunRequests.Done()
        self._stops.asked(sweep.id, attempt)
        return RunRequests.Done(
            f"the runs of {wording.short_id(sweep.id)} save and stop; "
            f"press s again after {KILL_SECONDS:.0f} seconds to kill them"
        )

    async def _resume(self, sweep: SweepDirectory) -> RunRequests.Done:
        await self._sweeps().resume(sweep)
        return RunRequests.Done(f"{wording.short_id(sweep.id)} goes on")

    async def _widen(self, sweep: SweepDirectory, text: str) -> RunRequests.Done:
        from engine import sweep_plan

        sweeps = self._sweeps()
        over, more = wider(text)
        before = sweep_plan.total(await asyncio.to_thread(sweep.record))
        widening = await asyncio.to_thread(functools.partial(sweeps.widening, sweep, over, **more))
        record = await sweeps.widen(sweep, widening)
        if (await asyncio.to_thread(sweep.status)).ended:
            await sweeps.resume(sweep)
        further = sweep_plan.total(record) - before
        return RunRequests.Done(f"{further:,} further runs, {before + further:,} in all", wording.short_id(sweep.id))


def wider(text: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the axes, and the seeds, trials and seconds, that a text asks for: ``nz=5000 seeds=2 budget=1h``.

    Raises:
        PhospheneError: saying what cannot be read.
    """
    over: dict[str, str] = {}
    more: dict[str, Any] = {}
    for word in text.split():
        name, mark, value = word.partition("=")
        value = value.removeprefix("+")
        if not (mark and name and value):
            raise PhospheneError(f"{word!r} has no value: write, for example, nz=5000 seeds=2")
        if name in {"seeds", "trials"}:
            if not (value.isascii() and value.isdecimal()):
                raise PhospheneError(f"{name} must be a whole number, got {value!r}")
            more[name] = int(value)
        elif name == "budget":
            try:
                more[name] = wording.seconds_of(value)
            except ValueError as error:
                raise PhospheneError(f"budget: {error}") from None
        else:
            over[name] = value
    return over, more
