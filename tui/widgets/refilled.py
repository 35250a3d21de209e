"""A widget whose children are replaced all at once, in work that may be ended at any moment."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

from textual.containers import VerticalScroll

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.widget import Widget


class Refilled(VerticalScroll):
    """Ends nothing half-way: who is cancelled while he waits for Textual to remove children cancels what removes them.

    They would stay, dead, and the app would end without a word when their screen goes.
    """

    @cached_property
    def _refilling(self) -> asyncio.Lock:
        return asyncio.Lock()

    async def refill(self, children: Sequence[Widget]) -> None:
        """Put other children in place of those there are; what was begun goes on even if who waits is cancelled."""
        await asyncio.shield(self._refill(children))

    async def _refill(self, children: Sequence[Widget]) -> None:
        async with self._refilling:
            await self.remove_children()
            if self.is_attached:
                await self.mount_all(children)
