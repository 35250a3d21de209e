"""The list of fields: every printable key belongs to it, so that nothing typed here starts or quits anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.keys import KEY_NAME_REPLACEMENTS

from tui.widgets import in_order
from tui.widgets.choices import Choices

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events

RENAMED = frozenset(KEY_NAME_REPLACEMENTS.values())
"""Printable keys whose names Textual does not lead back to their characters: slash, plus, minus."""


class FieldList(Choices):
    """A line per field.

    Args:
        typed: called at once with what is typed or pasted on the highlighted field, so that no key is overtaken.
        opened: called when the highlighted field is chosen.
        moved: called when the lines have moved on the screen.
    """

    def __init__(self, typed: Callable[[str], None], opened: Callable[[], None], moved: Callable[[], None]) -> None:
        super().__init__(id="fields")
        self._typed = typed
        self._opened = opened
        self._moved = moved

    def on_mount(self) -> None:
        """Watch the lines scroll."""
        self.watch(self, "scroll_y", self._moved, init=False)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Keep printable keys from the bindings of the workbench, and those out of the footer."""
        return key in RENAMED or (character is not None and character.isprintable())

    async def on_key(self, event: events.Key) -> None:
        """Type on the highlighted field, or do at once what another key means."""
        if not await in_order.act(self, event) and event.is_printable and event.character:
            event.stop()
            event.prevent_default()
            self._typed(event.character)

    def on_paste(self, event: events.Paste) -> None:
        """Paste on the highlighted field."""
        event.stop()
        self._typed(event.text)

    def action_select(self) -> None:
        """Open the highlighted field."""
        if self.highlighted is not None:
            self._opened()

    def on_resize(self) -> None:
        """Keep the highlight in sight."""
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        self.scroll_to_highlight()
        self._moved()

    def row(self, name: str) -> int:
        """Return in which row of the list a field stands now, the topmost being 0."""
        return self.get_option_index(name) - round(self.scroll_y)
