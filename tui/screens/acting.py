"""A screen whose actions come from the registry: the palette offers them, and they are done from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.reactive import Reactive
from textual.screen import Screen

from tui.actions import ACTS
from tui.limits import Limited, limits_of
from tui.screens.ending import Ending
from tui.screens.painting import PaintedOnce

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.actions import Act, Scope
    from tui.keymap import Keymap


class ActingScreen(Limited, Ending, PaintedOnce, Screen[None]):
    """Offers the actions of some scopes, says why one cannot be done, and does the others.

    Args:
        keymap: keys that the user chose.

    Attributes:
        scopes: whose actions it offers.
    """

    scopes: tuple[Scope, ...] = ()
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """As Textual's, but the whole screen is not painted anew when the focus moves: what looks otherwise then is."""

    def __init__(self, keymap: Keymap) -> None:
        super().__init__()
        self.keymap = keymap

    def reason_against(self, act: Act) -> str:
        """Return why an action cannot be done now, or the empty string; what is never done here is not asked for."""
        raise NotImplementedError

    def refusal(self, act: Act) -> str:
        """Return why an action cannot be done, here or now, or the empty string."""
        return limits_of(self).reason_against(act) or self.reason_against(act)

    def refuses(self, act_id: str) -> bool:
        """Say why an action cannot be done now, if so; return whether it cannot."""
        act = next(act for act in ACTS if act.id == act_id)
        reason = self.refusal(act)
        if reason:
            self.complain(reason)
        return bool(reason)

    def prepared(self, act: Act) -> Widget:
        """Return what does an action of one of the scopes, shown and with the focus where it needs that."""
        raise NotImplementedError

    def complain(self, text: str) -> None:
        """Say what could not be done, and why."""
        self.notify(text, severity="error", markup=False)

    async def do(self, act: Act) -> None:
        """Do an action that was chosen in the palette, or say why it cannot be done."""
        if reason := self.refusal(act):
            self.complain(f"{act.label}: {reason}")
        elif act.scope == "app":
            await self.run_action(f"app.{act.name}")
        else:
            await self.prepared(act).run_action(act.name)
