"""A list of runs of which those that wait in the queue can be moved and cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from textual.message import Message

from engine import wording
from tui.limits import Limited
from tui.widgets.choices import Choices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine import Listed, Run
    from tui.actions import Scope

ACTIONS = {"move_run": "moved", "cancel": "cancelled"}
"""What is done to runs that wait alone: by its action, as it is worded."""


class QueuedRuns(Limited, Choices):
    """Knows what can be done to runs that wait; which runs are meant is for its child to say."""

    @dataclass
    class MoveRequested(Message):
        """The user wants this run, which waits, one place further ``up`` or ``down`` in the queue."""

        run: Run
        where: Literal["up", "down"]

    @dataclass
    class CancellationRequested(Message):
        """The user wants these runs, which wait, not to start."""

        runs: list[Run]

    acts_of: ClassVar[Scope] = "runs"
    _offered: tuple[bool, ...] = (False, False)

    @property
    def pointed(self) -> Sequence[Listed]:
        """The run under the highlight, if there is one."""
        raise NotImplementedError

    @property
    def meant(self) -> Sequence[Listed]:
        """The runs that a key is about: the selected ones, or else the highlighted one."""
        raise NotImplementedError

    def reason_against(self, action: str) -> str:
        """Return why an action cannot be done now, or the empty string."""
        if action not in ACTIONS:
            return ""
        runs = self.pointed if action == "move_run" else self.meant
        # Of several that wait, one may have started while they were selected.
        return "" if any(map(_waits, runs)) else wording.only_waiting(ACTIONS[action])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys of what cannot be done to those around the list."""
        return False if self.reason_against(action) else super().check_action(action, parameters)

    def offer(self) -> None:
        """Let the footer name what can be done now."""
        offered = tuple(not self.reason_against(action) for action in ACTIONS)
        if offered != self._offered:
            self._offered = offered
            self.refresh_bindings()

    def watch_highlighted(self, highlighted: int | None) -> None:
        """Offer what can be done to the run under the highlight."""
        super().watch_highlighted(highlighted)
        self.offer()

    def action_move_run(self, where: Literal["up", "down"]) -> None:
        """Request that the highlighted run is moved in the queue."""
        for run in self.pointed:
            self.post_message(self.MoveRequested(run.directory, where))

    def action_cancel(self) -> None:
        """Request that those of the meant runs that wait do not start; nothing is lost, so nothing is asked."""
        self.post_message(self.CancellationRequested([run.directory for run in self.meant if _waits(run)]))


def _waits(run: Listed) -> bool:
    return run.status.state == "queued"
