"""Screens that an opaque one covers: they are neither laid out nor painted until they are seen again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import events

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen

    from engine import Listed

    Part = App[list[Listed]]
else:
    Part = object  # Textual finds the style sheets of one base alone that is a DOMNode


class Covered(Part):
    """An app that works for the screens alone that can be seen.

    Textual always counts the one below as well, and lays it out several times whenever the terminal's size changes.
    """

    @property
    def _background_screens(self) -> list[Screen[Any]]:
        return [] if self.screen.styles.background.a == 1 else super()._background_screens

    def on_mount(self) -> None:
        """Hear of what uncovers a screen."""
        self.screen_change_signal.subscribe(self, self._catch_up)
        # The shell has written over the screen.
        self.app_resume_signal.subscribe(self, lambda _: self.screen.refresh())

    def _catch_up(self, screen: Screen[Any]) -> None:
        """Tell a screen of the terminal's size if it has changed since the screen was covered."""
        if screen.size not in {self.size, (0, 0)}:
            screen.post_message(events.Resize(self.size, self.size))
