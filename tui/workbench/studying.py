"""A study of the user, written from a sweep or from runs that are compared."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine import PhospheneError
from tui.screens.questions import TextScreen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.screens.acting import ActingScreen


def ask_and_write_study(screen: ActingScreen, home: Path, source: Sequence[str], offered: str) -> None:
    """Ask for a name, and write a study of that name into the workspace, to be completed by hand.

    Args:
        screen: asks, and says what was written.
        home: the workspace's folder.
        source: the id of a sweep, or those of runs that differ in some values.
        offered: a name.
    """

    async def write(name: str) -> None:
        from engine import Studies

        try:
            path = await asyncio.to_thread(lambda: Studies(home).write(name, source))
        except PhospheneError as error:
            screen.complain(str(error))
        else:
            screen.notify(f"complete it: {path}", title=f"the study {name}", markup=False)

    def answer(name: str | None) -> None:
        if name:
            screen.run_worker(write(name), group="study")

    screen.app.push_screen(TextScreen("write a study called", offered, "letters, digits and . _ -"), answer)
