"""The line that names all panes with their keys: which one has the focus, which are on the screen, which are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content
from textual.message import Message
from textual.widgets import Static

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events


class PaneBar(Static):
    """Names of panes; a click goes to one."""

    @dataclass
    class Chosen(Message):
        """The user clicked the name of a pane; ``index`` counts from 0."""

        index: int

    def __init__(self) -> None:
        super().__init__(id="pane-bar")
        self._ends: list[int] = []

    def show(
        self,
        panes: Sequence[str],
        visible: Sequence[str],
        focused: str | None,
        *,
        enlarged: bool,
        again: str = "",
        typed: bool = False,
    ) -> None:
        """Name the panes, those that are not on the screen in faint letters.

        Args:
            panes: in the order of their keys.
            visible: those on the screen.
            focused: the one that has the focus.
            enlarged: whether it has the screen for itself.
            again: where the key of the focused one leads.
            typed: whether the focused one takes the keys of panes as what is typed, until the user leaves it.
        """
        parts: list[tuple[str, str]] = []
        self._ends = []
        for number, pane in enumerate(panes, start=1):
            style = "$text-muted" if typed or pane not in visible else "$text"
            if pane == focused:
                style = "bold underline $text-accent"
            parts += [(" ", ""), (f"{number} {pane}", style), (" ", "")]
            self._ends.append(sum(len(text) for text, _ in parts))
        if enlarged:
            parts.append((" F: all panes", "$text-muted"))
        if typed:
            parts.append((f" esc, then 1 to {len(panes)}", "$text-muted"))
        elif again and focused in panes:
            parts.append((f" {panes.index(focused) + 1} again: {again}", "$text-muted"))
        self.update(Content.assemble(*parts), layout=False)

    def on_click(self, event: events.Click) -> None:
        """Go to the pane under the pointer."""
        for index, end in enumerate(self._ends):
            if event.x < end:
                self.post_message(self.Chosen(index))
                return
