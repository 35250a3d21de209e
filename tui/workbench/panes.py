"""Which panes are on the screen: folded or not on a wide one, one beside the lists on a narrow one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from textual.screen import Screen

Pane = Literal["lists", "form", "charts", "pictures", "console"]
PANES: tuple[Pane, ...] = ("lists", "form", "charts", "pictures", "console")
FIRST_STOPS: dict[Pane, str] = {"form": "#fields", "charts": "Chart", "pictures": "#pictures", "console": "#console"}
"""What takes the focus in each pane."""


class Panes:
    """Folds and shows panes by the classes of the screen, which the style sheet reads.

    Args:
        screen: holds the panes.
    """

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen

    @property
    def narrow(self) -> bool:
        """Whether there is room for one pane beside the lists only."""
        return self._screen.has_class("-narrow")

    def switch(self, pane: Pane) -> None:
        """Fold or unfold a pane; on a narrow screen, show it in place of the others and go to it."""
        if pane == "lists" or not self.narrow:
            self._screen.toggle_class(f"-fold-{pane}")
            return
        self.narrow_to(pane)
        self._screen.call_after_refresh(self._focus, FIRST_STOPS[pane])

    def reveal(self, pane: Pane) -> None:
        """Make sure that a pane can be seen."""
        self._screen.remove_class(f"-fold-{pane}")
        if pane != "lists":
            self.narrow_to(pane)

    def narrow_to(self, pane: Pane) -> None:
        """Choose the pane that a narrow screen shows."""
        for each in PANES:
            self._screen.set_class(each == pane, f"-show-{each}")

    def go(self, offset: int) -> None:
        """Give the focus to the next pane (1) or the previous one (-1)."""
        stops = [widget for widget in self._screen.focus_chain if widget.id not in {"filter", "edit"}]
        if not stops:
            return
        focused = self._screen.focused
        index = stops.index(focused) if focused in stops else -offset
        stops[(index + offset) % len(stops)].focus()

    def _focus(self, selector: str) -> None:
        found = self._screen.query(selector)
        if found:
            self._screen.set_focus(found.first())
