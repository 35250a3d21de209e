"""The plan of a study before its runs are launched."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.screens.plan import PlanScreen
from tui.widgets.sweep.options import OPTIONS, given

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine import Experiment, Studies, SweepAsked


class StudyPlanScreen(PlanScreen):
    """The plan of a study, which says itself what varies; its seeds and what runs at once can be changed.

    Args:
        studies: of the workspace.
        experiment: that is run.
        asked: the sweep that the tier is.
        words: of the command that runs it, without the options.
        seeds: the study's own number of them.
    """

    def __init__(
        self, studies: Studies, experiment: Experiment, asked: SweepAsked, words: Sequence[str], seeds: int
    ) -> None:
        super().__init__(studies.sweeps, experiment, asked)
        self._words = words
        self._usual = [replace(one, default=str(seeds)) if one.name == "seeds" else one for one in OPTIONS]
        own = {"seeds": str(asked.seeds), "parallel": str(asked.parallel)}
        self.options = [replace(one, default=own[one.name]) for one in OPTIONS if one.name in own]

    @property
    def heading(self) -> str:
        """What is planned."""
        return f"the study {self._asked.name}"

    @property
    def hint(self) -> str:
        """Nothing: the study says what varies."""
        return ""

    @property
    def command(self) -> str:
        """What does the same on the command line."""
        texts = {option.name: option.default for option in OPTIONS} | self.texts
        options = [word for name, text in given(texts, self._usual).items() for word in (f"--{name}", text)]
        return shlex.join(["phosphene", "study", "run", *self._words, *options])
