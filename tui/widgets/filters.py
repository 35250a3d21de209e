"""The fields that filter lists while the user types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from tui.widgets import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine import Completion

OFFERED = 12
"""Completions that are named under the field, at most."""


class FilterField(Input):
    """The filter of the list below it; it stays on the screen while it holds anything.

    Args:
        target: id of the list.
        hint: what it says while it is empty.
    """

    BINDINGS: ClassVar = [("escape", "drop", "show all"), ("down", "keep", "to the list")]

    @dataclass
    class Left(Message):
        """The user goes on to the list; the filter stays in force or was cleared."""

        target: str

    def __init__(self, target: str, hint: str) -> None:
        super().__init__(placeholder=hint, id=f"filter-{target}", classes="field filter", compact=True)
        self.target = target
        self.display = False

    def open(self) -> None:
        """Show the filter and go to it."""
        self.display = True
        self.focus()

    def clear_and_close(self) -> None:
        """Show everything again."""
        self.value = ""
        self.display = False

    async def on_key(self, event: events.Key) -> None:
        """Leave before the next key is typed; one that came here all the same is handed on to the list."""
        if self.screen.focused is self:
            await in_order.act(self, event)
            return
        event.stop()
        event.prevent_default()
        self.app.post_message(events.Key(event.key, event.character))

    def action_drop(self) -> None:
        """Clear the filter and go to the list."""
        self.clear_and_close()
        self._leave()

    def action_keep(self) -> None:
        """Keep the filter and go to the list."""
        self._leave()

    async def action_submit(self) -> None:
        """Keep the filter and go to the list."""
        self._leave()

    def _leave(self) -> None:
        self.screen.set_focus(self.screen.query_one(f"#{self.target}"))
        self.post_message(self.Left(self.target))

    def on_blur(self) -> None:
        """Hide the filter if it holds nothing."""
        self.display = bool(self.value)


class RunFilter(FilterField):
    """The filter of the runs, in the filter language; tab completes fields, operators and values.

    Args:
        complete: returns what the piece of a text that ends at the cursor may become.
    """

    BINDINGS: ClassVar = [
        ("tab", "complete(1)", "complete"),
        Binding("shift+tab", "complete(-1)", "the one before", show=False),
    ]

    @dataclass
    class Offered(Message):
        """One of several completions was taken; tab takes the next one."""

        offers: Sequence[Completion]
        taken: int

    def __init__(self, complete: Callable[[str, int], Sequence[Completion]]) -> None:
        super().__init__("runs", "filter runs")
        self._complete = complete
        self._offers: Sequence[Completion] = ()
        self._taken = 0
        self._typed, self._rest, self._completed = "", "", ""

    def action_complete(self, offset: int) -> None:
        """Take the next completion (1) or the one before (-1); where there is none, the key goes on to the pane."""
        if len(self._offers) < 2 or self.value != self._completed:
            cursor = self.cursor_position
            self._typed, self._rest = self.value[:cursor], self.value[cursor:]
            self._offers, self._taken = self._complete(self.value, cursor), -1 if offset > 0 else 0
        if not self._offers:
            raise SkipAction
        self._taken = (self._taken + offset) % len(self._offers)
        offer = self._offers[self._taken]
        before = self._typed[: offer.start] + offer.value
        self.value = self._completed = before + self._rest
        self.cursor_position = len(before)
        self.post_message(self.Offered(self._offers, self._taken))


class FilterNote(Static):
    """What is wrong with a filter, or how it may go on; hidden while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__(id="filter-note")
        self.display = False

    def complain(self, problem: str) -> None:
        """Say what is wrong; nothing, if the problem is empty."""
        self._say(Content.styled(problem, "$text-error"))

    def offer(self, offers: Sequence[Completion], taken: int) -> None:
        """Name the completions around the taken one, that one in reverse, with its meaning."""
        if len(offers) < 2:
            return
        first = min(max(0, taken - OFFERED // 2), max(0, len(offers) - OFFERED))
        parts: list[tuple[str, str]] = []
        for number, offer in enumerate(offers[first : first + OFFERED], first):
            parts += [(offer.value, "reverse" if number == taken else ""), (" ", "")]
        meaning = offers[taken].meaning
        self._say(Content.assemble(*parts, (f"({meaning})" if meaning else "", "$text-muted")))

    def _say(self, text: Content) -> None:
        self.display = bool(text)
        self.update(text)
