"""The keys of what has the focus, in one line: what does not fit is out of sight, but never the key for help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Footer

if TYPE_CHECKING:
    from textual.app import ComposeResult


class KeyBar(Footer):
    """Textual's footer, with the key for help at the right end, where Textual has the one for its palette."""

    DEFAULT_CSS = "KeyBar.-compact FooterKey.-command-palette { margin: 0; padding-left: 1; border: none; }"

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)

    def compose(self) -> ComposeResult:
        """Lay out the keys."""
        for key in super().compose():
            if getattr(key, "action", "") == "help":
                key.add_class("-command-palette")
            yield key
