"""The list of experiments, family by family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from tui.widgets.choices import Chapters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine import Experiment


class ExperimentList(Chapters):
    """A list with the families as headings; only what matches the filter is shown."""

    BORDER_TITLE = "experiments"
    BORDER_SUBTITLE = "u studies"

    class Chosen(Chapters.Chosen):
        """The highlight moved to an experiment, or the user wants to go to its form."""

    def __init__(self) -> None:
        super().__init__(id="experiments")
        self._experiments: list[Experiment] = []
        self._unfiltered = ""

    def show(self, experiments: Iterable[Experiment], chosen: str = "") -> None:
        """Show these experiments, the chosen one highlighted."""
        found = list(experiments)
        families = list(dict.fromkeys(experiment.family for experiment in found))
        self._experiments = sorted(found, key=lambda experiment: families.index(experiment.family))
        self._fill("", chosen)

    def narrow(self, text: str) -> None:
        """Show only experiments whose name, family or title contains the text."""
        text = text.lower().strip()
        if text and not self._unfiltered:
            self._unfiltered = self.chosen
        self._fill(text, self.chosen if text else self._unfiltered or self.chosen)
        if not text:
            self._unfiltered = ""

    def settle(self) -> None:
        """Keep the highlight on what the filter found, also after the filter is cleared."""
        self._unfiltered = ""

    def _fill(self, text: str, chosen: str) -> None:
        found = [one for one in self._experiments if text in f"{one.name} {one.family} {one.title}".lower()]
        self.fill(((one.family, one.name, Content(f"  {one.name}")) for one in found), chosen, text)

    def on_resize(self) -> None:
        """Scroll to the highlight: the list gets its height only now, and less of it on small screens."""
        self.call_after_refresh(self.scroll_to_highlight)
