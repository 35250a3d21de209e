"""The list of experiments, family by family."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.widgets.option_list import Option

from tui.widgets.choices import Choices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widgets import OptionList

    from engine import Experiment


class ExperimentList(Choices):
    """A list with the families as headings; only what matches the filter is shown."""

    BORDER_TITLE = "experiments"
    BORDER_SUBTITLE = "u studies"

    @dataclass
    class Chosen(Message):
        """The highlight moved to an experiment."""

        name: str
        entered: bool

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

    @property
    def chosen(self) -> str:
        """Name of the highlighted experiment, or the empty string."""
        option = self.highlighted_option
        return option.id or "" if option else ""

    def _fill(self, text: str, chosen: str) -> None:
        self.clear_options()
        family = ""
        for experiment in self._experiments:
            if text and text not in f"{experiment.name} {experiment.family} {experiment.title}".lower():
                continue
            if experiment.family != family:
                family = experiment.family
                self.add_option(Option(Content.styled(family, "$text-muted"), disabled=True))
            self.add_option(Option(Content(f"  {experiment.name}"), id=experiment.name))
        names = [option.id for option in self.options if option.id]
        if not names and text:
            self.add_option(Option(Content(f"none matches {text}"), disabled=True))
        if names:
            self.highlighted = self.get_option_index(chosen if chosen in names else str(names[0]))

    def on_resize(self) -> None:
        """Scroll to the highlight: the list gets its height only now, and less of it on small screens."""
        self.call_after_refresh(self.scroll_to_highlight)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Post which experiment the highlight is on."""
        event.stop()
        if event.option_id:
            self.post_message(self.Chosen(event.option_id, entered=False))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Post that the user wants to go to its form."""
        event.stop()
        if event.option_id:
            self.post_message(self.Chosen(event.option_id, entered=True))
