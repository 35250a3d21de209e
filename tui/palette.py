"""The command palette: every action with its keys, faint and with the reason where it cannot be done now."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.actions import ACTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.actions import Act


class Actions(Provider):
    """The actions of the screen below the palette.

    That screen has ``keymap``, ``scopes`` (whose actions it offers), ``reason_against(act)`` and ``do(act)``.
    """

    async def discover(self) -> Hits:
        """Offer all of them."""
        for act, title, help_ in self._acts():
            yield DiscoveryHit(title, partial(self.screen.do, act), text=act.label, help=help_)  # type: ignore[attr-defined]

    async def search(self, query: str) -> Hits:
        """Offer those whose label or help the query matches."""
        matcher = self.matcher(query)
        for act, title, help_ in self._acts():
            score = max(matcher.match(act.label), matcher.match(act.help) * 0.8)
            if score > 0:
                yield Hit(score, title, partial(self.screen.do, act), text=act.label, help=help_)  # type: ignore[attr-defined]

    def _acts(self) -> Iterator[tuple[Act, Content, str]]:
        screen = self.screen
        for act in ACTS:
            if act.scope not in getattr(screen, "scopes", ()):
                continue
            reason = screen.reason_against(act)  # type: ignore[attr-defined]
            place = "" if act.scope in {"app", "workbench"} else f"{act.scope}: "
            title = f"{place}{act.label}"
            keys = (f"  {screen.keymap.display(act)}", "$text-muted")  # type: ignore[attr-defined]
            yield act, Content.assemble((title, "$text-muted" if reason else ""), keys), reason or act.help
