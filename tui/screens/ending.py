"""How a screen ends: what was begun on it draws nothing any more on panels that go."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.messages import Prune
    from textual.widget import Widget

    Part = Widget
else:
    Part = object  # Textual finds the style sheets of one base alone that is a DOMNode


class Ending(Part):
    """Textual takes a screen down from the leaves up; work of a panel would find its own parts gone."""

    async def on_prune(self, _: Prune) -> None:
        """Cancel the work of the screen and of all that stands on it, before any of it goes."""
        for worker in list(self.workers):
            if self in worker.node.ancestors_with_self:
                worker.cancel()
