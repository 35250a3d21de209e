"""The list that all lists of the workbench are."""

from __future__ import annotations

from textual.widgets import OptionList


class Choices(OptionList):
    """A list of options that may have no room on a small screen: then there is no page to move by."""

    def action_page_up(self) -> None:
        """Move the highlight up by a page."""
        if self.scrollable_content_region.area:
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        """Move the highlight down by a page."""
        if self.scrollable_content_region.area:
            super().action_page_down()  # type: ignore[no-untyped-call]
