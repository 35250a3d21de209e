"""The studies of the workbench: their shelf, and the screen of one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tui.screens.sweeps import SweepBench
from tui.widgets.pictures import PicturePanel

if TYPE_CHECKING:
    from engine import Studies
    from tui.widgets.study.counting import Counting


class StudyBench(SweepBench):
    """Shows studies; nothing of them is read before the shelf is opened."""

    @cached_property
    def studies(self) -> Studies:
        """The studies of the workspace, which share with its sweeps what is known of the runs."""
        from engine import Studies

        return Studies(sweeps=self.swept)

    @cached_property
    def _counting(self) -> Counting:
        from tui.widgets.study.counting import Counting

        return Counting(self.studies)

    def action_studies(self) -> None:
        """Go to the shelf of studies."""
        from tui.screens.shelf import ShelfScreen

        self.app.push_screen(ShelfScreen(self._counting, self._show_study, self.keymap))

    def _show_study(self, name: str) -> None:
        from tui.screens.study import StudyScreen

        renderer = self.query_one(PicturePanel).renderer
        screen = StudyScreen(
            self.studies,
            name,
            self._sweeping,
            self._compare,
            self._show_sweep,
            self._after_sweep,
            renderer,
            self.keymap,
        )
        self.app.push_screen(screen)
