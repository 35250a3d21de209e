"""Which panes are on the screen, where, and how large: two views beside lists and form, or one pane alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from textual.message import Message

from tui.workbench.sizes import Sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.screen import Screen
    from textual.widget import Widget

Pane = Literal["lists", "form", "charts", "pictures", "console", "tables"]
PANES: tuple[Pane, ...] = ("lists", "form", "charts", "pictures", "console", "tables")
"""In the order of the keys that go to them, from 1 on."""
VIEWS: tuple[Pane, ...] = ("charts", "pictures", "tables")
"""Panes that show what came of a run."""
FIRST_STOPS: dict[Pane, str] = {
    "lists": "#experiments",
    "form": "#fields",
    "charts": "Chart",
    "pictures": "#pictures",
    "console": "#console",
    "tables": "TableGrid",
}
"""What takes the focus in each pane."""
ROWS_FOR_TWO = 40
"""Rows of a screen on which two views have room above each other."""
STEP = 4
"""Cells or percent by which a key changes a size."""


class Panes:
    """Arranges the panes of a screen.

    A wide screen shows lists, form, one or two views and the console: those views that the experiment declares, until
    the user goes to another one. A narrow screen shows one pane beside the lists.

    Args:
        screen: holds the panes.
        sizes: of columns and rows on a wide screen.
    """

    class Arranged(Message):
        """Other panes are on the screen than before, or others have the focus or other sizes."""

    def __init__(self, screen: Screen[None], sizes: Sizes) -> None:
        self._screen = screen
        self.sizes = sizes
        self._views: list[Pane] = ["charts", "pictures"]
        self._front: Pane = "form"
        self._folded: set[Pane] = set()
        self._alone: Pane | None = None
        self._reading = False

    @property
    def narrow(self) -> bool:
        """Whether there is room for one pane beside the lists only."""
        return self._screen.has_class("-narrow")

    @property
    def reading(self) -> bool:
        """Whether the configuration of the shown run stands in the place of the form."""
        return self._reading

    @reading.setter
    def reading(self, reading: bool) -> None:
        if reading != self._reading:
            self._reading = reading
            self.arrange()

    @property
    def _at_once(self) -> int:
        """How many views have room: two beside each other, or above each other on a high screen."""
        return 1 if self._screen.has_class("-medium") and self._screen.size.height < ROWS_FOR_TWO else 2

    @property
    def visible(self) -> list[Pane]:
        """The panes that are on the screen, in the order of their keys."""
        if self._alone is not None:
            return [self._alone]
        if self.narrow:
            return [pane for pane in PANES if pane == self._front or (pane == "lists" and pane not in self._folded)]
        unfolded = [pane for pane in PANES if pane not in self._folded]
        views = [view for view in self._views if view in unfolded][: self._at_once]
        return [pane for pane in unfolded if pane in views or pane not in VIEWS]

    @property
    def focused(self) -> Pane | None:
        """The pane that has the focus."""
        return self.of(self._screen.focused)

    @staticmethod
    def of(widget: Widget | None) -> Pane | None:
        """Return the pane that holds a widget."""
        if widget is None:
            return None
        return next((pane for pane in PANES for node in widget.ancestors_with_self if node.id == pane), None)

    def suit(self, views: Sequence[Pane]) -> None:
        """Show the views that suit an experiment, the most important first."""
        if list(views) != self._views:
            self._views = list(views)
            if self._front in VIEWS and self._front not in views:
                self._front = views[0]
            self.arrange()

    @property
    def other_list(self) -> str:
        """The list that the key of the lists leads to from the one that has the focus; empty if neither has it."""
        if self.focused != "lists":
            return ""
        focused = self._screen.focused
        return "runs" if focused is not None and focused.id == "experiments" else "experiments"

    def go_to(self, pane: Pane, *, enlarged: bool = False) -> None:
        """Show a pane and give it the focus; from the list of experiments, go on to the runs."""
        self._alone = pane if enlarged else self._alone
        stop = "#runs" if pane == "lists" and self.other_list == "runs" else FIRST_STOPS[pane]
        self.reveal(pane)
        # At once, so that keys typed ahead go there; what a pane gets only when it is shown takes the focus then.
        if not self._focus(stop):
            self._screen.call_after_refresh(self._focus_late, stop)

    def reveal(self, pane: Pane) -> None:
        """Make sure that a pane can be seen."""
        if self._alone is not None:
            self._alone = pane
        self._folded.discard(pane)
        self._reading = self._reading and pane != "form"
        if pane in VIEWS and pane not in self.visible and not self.narrow:
            others = [view for view in self._views if view != pane]
            kept = self._at_once - 1
            self._views = [*others[:kept], pane, *others[kept:]]
        if pane != "lists":
            self._front = pane
        self.arrange()

    def fold(self, pane: Pane) -> None:
        """Fold a pane away, or unfold it."""
        if pane in self.visible and not (self.narrow and pane != "lists"):
            self._folded.add(pane)
            if self.focused == pane:
                self.go(1)
            self.arrange()
        else:
            self.reveal(pane)

    def restore(self) -> None:
        """Unfold all panes, in the sizes they had at first."""
        self.sizes = Sizes()
        self._folded.clear()
        self._alone = None
        self.arrange()

    @property
    def enlarged(self) -> bool:
        """Whether one pane has the whole screen."""
        return self._alone is not None

    def enlarge(self) -> None:
        """Show the pane that has the focus on the whole screen, or all of them again."""
        self._alone = None if self.enlarged else self.focused
        self.arrange()

    def resize(self, wider: int, higher: int) -> str:
        """Make the focused pane wider (1), narrower (-1), higher or lower; return why it cannot be, or nothing."""
        pane = self.focused
        if self.narrow or pane is None:
            return "panes have sizes of their own where several are beside each other: make the terminal wider"
        if wider:
            column = pane if pane in {"lists", "form"} else "main"
            sign = 1 if column != "main" or pane == self.first else -1
            self.sizes.grow(column, STEP * wider * sign)
        if higher:
            row = "experiments" if pane == "lists" else "upper"
            focused = self._screen.focused
            below = pane == "console" or (focused is not None and focused.id == "runs")
            self.sizes.grow(row, STEP * higher * (-1 if below else 1))
        self.arrange()
        return ""

    @property
    def first(self) -> Pane | None:
        """The view that has a column of its own."""
        return next((view for view in self._views if view in self.visible), None)

    def go(self, offset: int) -> None:
        """Give the focus to the next pane (1) or the previous one (-1)."""
        stops = [widget for widget in self._screen.focus_chain if not widget.has_class("field")]
        if not stops:
            return
        focused = self._screen.focused
        index = stops.index(focused) if focused in stops else -offset
        stops[(index + offset) % len(stops)].focus()

    def _focus(self, selector: str) -> bool:
        found = self._screen.query(selector)
        if found:
            self._screen.set_focus(found.first())
        return bool(found)

    def _focus_late(self, selector: str) -> None:
        """Give the focus to what is in a pane by now, or else to the runs if nothing on the screen has it."""
        if not self._focus(selector) and self.focused not in self.visible:
            self._focus("#runs")

    def arrange(self) -> None:
        """Put the panes where they belong."""
        screen, visible = self._screen, self.visible
        for pane in PANES:
            screen.query_one(f"#{pane}").display = pane in visible and not (pane == "form" and self._reading)
        screen.query_one("#configuration").display = "form" in visible and self._reading
        screen.query_one("#lists").styles.width = "1fr" if self.enlarged else 22 if self.narrow else self.sizes.lists
        for place in ("#form", "#configuration"):
            screen.query_one(place).styles.width = "1fr" if self.enlarged or self.narrow else self.sizes.form
        screen.query_one("#experiments").styles.max_height = f"{self.sizes.experiments}%"
        views = screen.query_one("#views")
        shown = [view for view in dict.fromkeys((*self._views, *VIEWS)) if view in visible]
        console = "console" in visible
        views.display = bool(shown or console)
        if shown != [child.id for child in views.children][: len(shown)]:  # a move paints the whole screen anew
            for view in shown[::-1]:
                views.move_child(screen.query_one(f"#{view}"), before=0)
        self._share(shown, console=console)
        screen.post_message(self.Arranged())

    def _share(self, shown: list[Pane], *, console: bool) -> None:
        """Share the room of the views: the first in a column of its own, the console under the second."""
        screen = self._screen
        beside = len(shown) > 1 and not screen.has_class("-medium")
        columns = [self.sizes.main, 100 - self.sizes.main] if beside else [1]
        upper, lower = self.sizes.upper, 100 - self.sizes.upper
        above = [upper / max(len(shown), 1)] * len(shown) if not beside else [upper]
        rows = ([*above, lower] if console else above) or [1]
        for view in VIEWS:
            alone = beside and console and view == shown[0]
            screen.query_one(f"#{view}").styles.row_span = 2 if alone else 1
        styles = screen.query_one("#views").styles
        styles.grid_size_columns, styles.grid_size_rows = len(columns), len(rows)
        styles.grid_columns = " ".join(f"{size}fr" for size in columns)
        styles.grid_rows = " ".join(f"{size:g}fr" for size in rows)
