"""Keys in turn: what is typed ahead, or comes in a burst over a slow line, goes where the key before it led."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

from textual import events

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode

    from engine import Listed

    Part = App[list[Listed]]
else:
    Part = object  # Textual finds the style sheets of one base alone that is a DOMNode

SETTLED_SECONDS = 5.0
"""After which the next key is not held back any more, whatever the last one is still about."""


class KeysInTurn(Part):
    """An app that looks at a key, or at what was pasted, only when the one before it has done what it does.

    Textual hands all keys of a burst to what has the focus when the burst is read: of ``/probe`` only the first key
    opened the filter, and the letters were keys of the list.
    """

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self._typed: deque[events.Event] = deque()
        self._settling: asyncio.Task[None] | None = None

    @property
    def settled(self) -> bool:
        """Whether every key and all that was pasted has done what it does."""
        return self._settling is None and not self._typed

    async def on_event(self, event: events.Event) -> None:
        """Take a key now, or when its turn has come; keys behind the one that leaves the app go nowhere."""
        if not isinstance(event, events.Key | events.Paste):
            await super().on_event(event)
        elif not self.screen_stack:
            self._typed.clear()
        elif event.is_forwarded:
            await super().on_event(event)
        elif self._settling is not None or self._typed:
            self._typed.append(event)
        else:
            await self._take(event)

    async def _take(self, event: events.Event) -> None:
        focused: DOMNode = self.focused or self.screen
        await super().on_event(event)
        self._settling = asyncio.create_task(self._settle([*focused.ancestors_with_self, self]))

    async def _settle(self, way: list[DOMNode]) -> None:
        """Wait until all that a key passes on its way up have seen to it, then take the next one.

        The app comes twice at the end of the way: it moves the focus after it has seen to the key.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLED_SECONDS):
                for node in way:
                    done = asyncio.Event()
                    if node.call_later(done.set):
                        await done.wait()
        self._settling = None
        self.call_later(self._next)

    async def _next(self) -> None:
        if self._typed and self._settling is None and self.screen_stack:
            await self._take(self._typed.popleft())
