"""The borders between panes, dragged with the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.geometry import Region
    from textual.screen import Screen

    from tui.workbench.panes import Panes


class Dividers:
    """Finds the divider under the pointer, and moves the one that is held.

    Args:
        screen: holds the panes.
        panes: has their sizes.
    """

    def __init__(self, screen: Screen[None], panes: Panes) -> None:
        self._screen = screen
        self._panes = panes
        self._held = ""

    @property
    def held(self) -> bool:
        """Whether a divider is being dragged."""
        return bool(self._held)

    def grasp(self, x: int, y: int) -> bool:
        """Hold the divider at a place of the screen; return whether there is one."""
        self._held = "" if self._panes.narrow or self._panes.enlarged else self._at(x, y)
        return self.held

    def drag(self, x: int, y: int) -> None:
        """Move the divider that is held to a place of the screen."""
        views, sizes = self._region("views"), self._panes.sizes
        match self._held:
            case "lists" | "form" as column:
                sizes.set(column, x - self._region(column).x + 1)
            case "main":
                sizes.set("main", round(100 * (x - views.x + 1) / max(views.width, 1)))
            case "upper":
                sizes.set("upper", round(100 * (y - views.y) / max(views.height, 1)))
        self._panes.arrange()

    def release(self) -> None:
        """Let the divider go."""
        self._held = ""

    def _region(self, pane: str) -> Region:
        return self._screen.query_one(f"#{pane}").region

    def _at(self, x: int, y: int) -> str:
        """Return the size that the divider at a place changes, or the empty string."""
        visible = self._panes.visible
        for column in ("lists", "form"):
            if column in visible and self._region(column).right - 1 == x:
                return column
        views, first = self._region("views"), self._panes.first
        if first is not None and self._region(first).right < views.right and self._region(first).right - 1 == x:
            return "main"
        console = self._region("console")
        return "upper" if "console" in visible and console.y == y and console.x <= x and console.y > views.y else ""
