"""What screens do with that which has the focus: write it to a file, add it to the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.exporting import ask_and_export
from tui.reporting import ask_and_add, open_report

if TYPE_CHECKING:
    from engine import ReportPart, Workspace
    from tui.exporting import Offer
    from tui.screens.acting import ActingScreen

    Screen = ActingScreen
else:
    Screen = object  # Textual finds the style sheets of one base alone that is a DOMNode


class Offering(Screen):
    """A screen of which something can be taken home."""

    @property
    def workspace(self) -> Workspace:
        """Whose runs are shown."""
        raise NotImplementedError

    def offer(self) -> Offer | None:
        """Return what has the focus; None if there is nothing of it yet, or nothing of it can be taken home."""
        raise NotImplementedError

    def reported(self) -> ReportPart | None:
        """Return what a report shows of that which has the focus; None for nothing."""
        offer = self.offer()
        return offer.part if offer is not None else None

    def action_export(self) -> None:
        """Ask for a file name, and write what has the focus."""
        ask_and_export(self, self.offer())

    def action_add_to_report(self) -> None:
        """Add what has the focus to the report."""
        ask_and_add(self, self.reported())

    def action_report(self) -> None:
        """Show the report."""
        open_report(self, self.workspace)
