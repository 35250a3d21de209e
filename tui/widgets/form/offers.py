"""What a text can be completed to, listed beside it; the focus stays in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from tui.plots.text import ending
from tui.widgets.choices import Choices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.widgets.suggest import Offer

MOST_LISTED = 100
"""Offers beyond these are counted, not listed: of the thousand classes of ImageNet nobody reads all."""

FRAME = 5
"""How many cells of its width the list needs for its border, padding and scrollbar."""


class Offers(Choices, can_focus=False):
    """A list that is moved in by the keys of the field beside it, or by clicks."""

    def __init__(self) -> None:
        super().__init__(id="offers")
        self._offers: list[Offer] = []

    def show(self, offers: Sequence[Offer]) -> None:
        """List these, with none of them highlighted."""
        self._offers = [*offers[:MOST_LISTED]]
        self.set_options([Content(offer.name) for offer in self._offers])
        self.highlighted = None
        self.scroll_home(animate=False)
        more = len(offers) - MOST_LISTED
        self.border_subtitle = f"{more} more: type on" if more > 0 else ""
        self.display = bool(self._offers)

    @property
    def size_wanted(self) -> tuple[int, int]:
        """How wide and how high the list would be with all it holds; nothing if it holds nothing."""
        if not self._offers:
            return 0, 0
        return max(cell_len(offer.name) for offer in self._offers) + FRAME, len(self._offers) + 2

    def fit(self, width: int) -> None:
        """Show the ends of names that are too long for a list so wide: paths differ there."""
        room = width - FRAME
        for place, offer in enumerate(self._offers):
            if cell_len(offer.name) > room:
                self.replace_option_prompt_at_index(place, Content(ending(offer.name, room)))

    @property
    def first(self) -> Offer | None:
        """The first offer, if there is any."""
        return self._offers[0] if self._offers else None

    @property
    def taken(self) -> Offer | None:
        """The highlighted offer, if one is."""
        return None if self.highlighted is None else self._offers[self.highlighted]

    def step(self, offset: int) -> bool:
        """Move the highlight; beyond the first and the last offer it is gone. Return False if there is no offer."""
        if self._offers:
            places = [None, *range(len(self._offers))]
            self.highlighted = places[(places.index(self.highlighted) + offset) % len(places)]
        return bool(self._offers)
