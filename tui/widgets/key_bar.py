"""The keys of what has the focus, in one line: as many as fit, and always the key for help."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.screen import Screen

HELP = ("help", "app.help")
"""The action of the key for help, as the app and as a modal screen have it."""


class KeyBar(Footer):
    """Textual's footer, with the key for help at the right end, where Textual has the one for its palette."""

    DEFAULT_CSS = "KeyBar.-compact FooterKey.-command-palette { margin: 0; padding-left: 1; border: none; }"

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)
        self._laid_out: list[tuple[object, ...]] = []

    def compose(self) -> ComposeResult:
        """Lay out the keys that have room, from the first on, and the one for help at the end."""
        self._laid_out = self._keys() if self._bindings_ready else []
        keys = [key for key in super().compose() if isinstance(key, FooterKey)]
        last = [key for key in keys if key.action in HELP]
        room = self.size.width - sum(map(_width, last)) if self.size.width else math.inf
        for key in last:
            key.add_class("-command-palette")
        for key in keys:
            if key in last:
                continue
            room -= _width(key)
            if room < 0:
                break
            yield key
        yield from last

    def on_resize(self) -> None:
        """Lay out as many keys as there is room for now."""
        self.call_later(self._renew)

    def bindings_changed(self, screen: Screen[Any]) -> None:
        """Lay out the keys anew when all that the change brings with it is done, unless they are the same."""
        self._bindings_ready = True
        if self.is_attached and screen is self.screen and screen.app.app_focus:
            # Not after a refresh: the next one may be that of another screen, which goes with what it was told.
            self.call_later(self._renew)

    async def _renew(self) -> None:
        if self.is_attached and self._keys() != self._laid_out:
            await self.recompose()

    def _keys(self) -> list[tuple[object, ...]]:
        """Return what is to be seen of the keys, and in how much room."""
        return [
            (self.size.width,),
            *(
                (self.app.get_key_display(binding), binding.description, binding.action, enabled, tooltip)
                for _, binding, enabled, tooltip in self.screen.active_bindings.values()
                if binding.show
            ),
        ]


def _width(key: FooterKey) -> int:
    """Return the cells that a key takes with the space beside it."""
    return cell_len(key.key_display) + cell_len(key.description) + 2
