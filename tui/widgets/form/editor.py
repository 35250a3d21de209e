"""The field that is typed in, laid over its row, with what is offered under it or, where there is no room, above."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import work
from textual.containers import Vertical
from textual.geometry import Region
from textual.message import Message
from textual.widgets import Input

from tui.widgets import in_order
from tui.widgets.form.fields import RENAMED
from tui.widgets.form.offers import Offers
from tui.widgets.suggest import Offer, last_name, offers, once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.widgets import OptionList

PATHLIKE = re.compile("[/~:]")
"""What a path has; other texts need not wait for the disk."""
MOST_ROWS = 10
"""The height of the list of offers with its border, at most."""


class Line(Input):
    """The text itself.

    Args:
        submitted: called at once when the text is to be accepted, so that the next key finds the field closed.
    """

    def __init__(self, submitted: Callable[[], object]) -> None:
        super().__init__(id="edit", compact=True, select_on_focus=False)
        self._submitted = submitted

    async def action_submit(self) -> None:
        """Accept the text."""
        self._submitted()

    async def on_key(self, event: events.Key) -> None:
        """Do at once what a key means that is no text."""
        await in_order.act(self, event)

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.put(event.text)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Keep printable keys out of the footer, too."""
        return key in RENAMED or super().check_consume_key(key, character)

    def put(self, text: str) -> None:
        """Type a text at the cursor, over what is selected; of a pasted one, the first line that holds anything."""
        line = next((line for line in text.splitlines() if line.strip()), text)
        self.replace("".join(c for c in line if c.isprintable()), *self.selection)


class FieldEditor(Vertical):
    """A line to type in and its offers; hidden while no field is open.

    Args:
        submitted: called at once when the text is to be accepted.
    """

    @dataclass
    class Changed(Message):
        """The text has changed."""

    def __init__(self, submitted: Callable[[], object]) -> None:
        super().__init__(id="editor")
        self._line = Line(submitted)
        self._offers = Offers()
        self._names: Sequence[str] = ()
        self._before: Sequence[str] = ()
        self._opened_with: str | None = None
        self._row = Region()

    def compose(self) -> ComposeResult:
        """Lay out the text and the offers."""
        yield self._line
        yield self._offers

    def on_mount(self) -> None:
        """Hide it until a field is opened."""
        self.display = False

    def open(self, text: str, names: Sequence[str], before: Iterable[str]) -> None:
        """Begin with a text, all of it selected, and offer names and what stood in such fields before."""
        self._names, self._before = names, tuple(before)
        self._opened_with = text
        with self._line.prevent(Input.Changed):
            self._line.value = text
        self.display = True
        self.focus_line()
        self._line.action_select_all()
        self._offer("")

    def focus_line(self) -> None:
        """Go to the text."""
        self.screen.set_focus(self._line)

    def close(self) -> None:
        """Hide the field."""
        self.display = False

    @property
    def text(self) -> str:
        """What is typed so far."""
        return self._line.value

    def put(self, text: str) -> None:
        """Type a text at the cursor."""
        self._line.put(text)

    def doubt(self, *, wrong: bool) -> None:
        """Show whether the text would be refused."""
        self._line.set_class(wrong, "-invalid")

    # -- offers ---------------------------------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        """Offer what fits."""
        event.stop()
        if self.display and event.value == self._line.value:
            if event.value != self._opened_with:
                self._opened_with = None
            self._offer(event.value)
            self.post_message(self.Changed())

    def _offer(self, text: str) -> None:
        """Offer names and earlier values at once, and paths as soon as the disk has answered."""
        found = [offer for offer in offers(text, self._names, self._before) if offer.text != self.text]
        self._list(found)
        if PATHLIKE.search(self.text):
            self._offer_paths(self.text, found)

    @work(group="paths", exclusive=True)
    async def _offer_paths(self, text: str, found: Sequence[Offer]) -> None:
        from engine import path_completions

        head, begun = last_name(text)
        paths = await asyncio.to_thread(path_completions, begun)
        if paths and self.display and self.text == text:
            self._list(once([*(Offer(path, head + path) for path in paths), *found]))

    def _list(self, found: Sequence[Offer]) -> None:
        self._offers.show(found)
        self._lay_out()

    def take(self, *, first: bool = False) -> bool:
        """Take the highlighted offer, or the first one once something was typed; return whether one was taken."""
        typed = self._opened_with is None
        offer = self._offers.taken or (self._offers.first if first and typed else None)
        if offer is None:
            return False
        with self._line.prevent(Input.Changed):
            self._line.value = offer.text
        self._line.action_end()
        self._opened_with = None
        if offer.text.endswith(("/", ":")):
            self._offer(offer.text)
        else:
            self._list(())
        self.post_message(self.Changed())
        return True

    def step(self, offset: int) -> bool:
        """Move in what is offered; return False if nothing is."""
        return self._offers.step(offset)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take an offer that was clicked on."""
        event.stop()
        self.take()

    # -- where it stands ------------------------------------------------------------------------------------------

    def place(self, row: Region) -> None:
        """Stand over a row of the screen."""
        self._row = row
        self._lay_out()

    def _lay_out(self) -> None:
        row, screen = self._row, self.screen.region
        width, height = self._offers.size_wanted
        below, above = screen.bottom - row.bottom, row.y
        upwards = below < min(height, MOST_ROWS) and above > below
        height = min(height, MOST_ROWS, above if upwards else below)
        self._line.styles.width = row.width
        self._line.styles.dock = "bottom" if upwards else "top"
        width = min(max(row.width, width), screen.right - row.x)
        self._offers.fit(width)
        self.styles.width = width
        self.styles.height = 1 + height
        self.absolute_offset = row.offset - (0, height if upwards else 0)
        self.refresh(layout=True)
