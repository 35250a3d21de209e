"""The command palette: every action with its keys, faint and with the reason where it cannot be done now."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.actions import ACTS
from tui.screens.acting import ActingScreen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tui.actions import Act


class Actions(Provider):
    """The actions of the screen below the palette."""

    async def discover(self) -> Hits:
        """Offer all of them."""
        for act, title, help_, do in self._acts():
            yield DiscoveryHit(title, do, text=act.label, help=help_)

    async def search(self, query: str) -> Hits:
        """Offer those whose label or help the query matches."""
        matcher = self.matcher(query)
        for act, title, help_, do in self._acts():
            score = max(matcher.match(act.label), matcher.match(act.help) * 0.8)
            if score > 0:
                yield Hit(score, title, do, text=act.label, help=help_)

    def _acts(self) -> Iterator[tuple[Act, Content, str, Callable[[], Awaitable[None]]]]:
        screen = self.screen
        if not isinstance(screen, ActingScreen):
            return
        for act in (act for act in ACTS if act.scope in screen.scopes):
            reason = screen.refusal(act)
            place = "" if act.scope in {"app", "workbench", "compare"} else f"{act.scope}: "
            title = f"{place}{act.label}"
            keys = (f"  {screen.keymap.display(act)}", "$text-muted")
            yield (
                act,
                Content.assemble((title, "$text-muted" if reason else ""), keys),
                reason or act.help,
                partial(screen.do, act),
            )
