"""The list that all lists of the workbench are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

if TYPE_CHECKING:
    from collections.abc import Iterable


class Choices(OptionList):
    """A list of options, each one line, which may have no room on a small screen: then there is no page to move by."""

    DEFAULT_CSS = """
    Choices { text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def action_page_up(self) -> None:
        """Move the highlight up by a page."""
        if self.scrollable_content_region.area:
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        """Move the highlight down by a page."""
        if self.scrollable_content_region.area:
            super().action_page_down()  # type: ignore[no-untyped-call]


class Chapters(Choices):
    """A list of which every option stands under the heading of its chapter; each has a name, which is its id."""

    @dataclass
    class Chosen(Message):
        """The highlight moved to an option."""

        name: str
        entered: bool

    @property
    def chosen(self) -> str:
        """Name of the highlighted option, or the empty string."""
        option = self.highlighted_option
        return option.id or "" if option else ""

    def fill(self, lines: Iterable[tuple[str, str, Content]], chosen: str, sought: str) -> None:
        """Show these options.

        Args:
            lines: of each option its chapter, its name, and what is shown of it; those of a chapter together.
            chosen: name of the option to highlight; if it is not among them, the first one is.
            sought: by which text they were found; if there are none, the list says that none matches it.
        """
        self.clear_options()
        heading, names = "", []
        for chapter, name, line in lines:
            if chapter != heading:
                heading = chapter
                self.add_option(Option(Content.styled(chapter, "$text-muted"), disabled=True))
            self.add_option(Option(line, id=name))
            names.append(name)
        if names:
            self.highlighted = self.get_option_index(chosen if chosen in names else names[0])
        elif sought:
            self.add_option(Option(Content(f"none matches {sought}"), disabled=True))

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Post which option the highlight is on."""
        event.stop()
        if event.option_id:
            self.post_message(self.Chosen(event.option_id, entered=False))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Post that the user entered it."""
        event.stop()
        if event.option_id:
            self.post_message(self.Chosen(event.option_id, entered=True))
