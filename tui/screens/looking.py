"""A screen over something that changes: it looks again and again beside the event loop, and is left by one key."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from textual import work

from engine import PhospheneError
from tui.limits import limits_of
from tui.renderers import offered
from tui.screens.acting import ActingScreen

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.widget import Widget

    from tui.keymap import Keymap

LOOK_SECONDS = 1.0
SHARE = 0.2
"""Of the time that looks may take, at most: long ones are taken less often."""


class Drawing(Protocol):
    """A panel of pictures."""

    renderer: str

    def redraw_with(self, renderer: str) -> None:
        """Draw with another renderer from now on."""


class LookingScreen(ActingScreen):
    """Takes looks, shows what was seen, and does what all such screens do.

    Args:
        keymap: keys that the user chose.
        renderer: how pictures are drawn at first.
    """

    def __init__(self, keymap: Keymap, renderer: str) -> None:
        super().__init__(keymap)
        self._first_renderer = renderer
        self._wanted = asyncio.Event()

    def look(self) -> Callable[[], Any]:
        """Return how to look for what is asked for now; it is called in a thread."""
        raise NotImplementedError

    def take(self, seen: Any) -> bool:
        """Show what was seen; return whether there is more to be seen at once."""
        raise NotImplementedError

    @property
    def drawing(self) -> Drawing:
        """The panel of pictures."""
        raise NotImplementedError

    @work(exclusive=True, group="looks")
    async def keep_looking(self) -> None:
        """Look once a second, or when something else is wanted; say once what hinders it."""
        reason = ""
        while True:
            began = time.monotonic()
            seen = None
            try:
                seen = await asyncio.to_thread(self.look())
                reason = ""
            except (PhospheneError, OSError) as error:
                if str(error) != reason:
                    reason = str(error)
                    self.notify(reason, severity="error", markup=False)
            if not self.is_attached:  # left while it was read
                return
            if seen is not None and self.take(seen):
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(LOOK_SECONDS, (time.monotonic() - began) / SHARE)):
                    await self._wanted.wait()
            self._wanted.clear()

    def action_renderer(self) -> None:
        """Draw pictures in the next way, if there are any."""
        if self.refuses(f"{self.scopes[0]}.images"):
            return
        choices = offered(self._first_renderer, sixel=limits_of(self).sixel)
        self.drawing.redraw_with(choices[(choices.index(self.drawing.renderer) + 1) % len(choices)])
        self.notify(f"pictures: {self.drawing.renderer}")

    def action_go(self, offset: int) -> None:
        """Go to the next chart or panel (1) or the previous one (-1)."""
        if offset > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_close(self) -> None:
        """Go back."""
        self.dismiss()


class ViewsScreen(LookingScreen):
    """A screen of several views, of which a narrow one shows one at a time; numbers go to them.

    Attributes:
        views: their names, in the order of their numbers.
        view: the one that was gone to last.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - as Textual declares it
    views: ClassVar[tuple[str, ...]]

    def __init__(self, keymap: Keymap, renderer: str = "") -> None:
        super().__init__(keymap, renderer)
        self.view = self.views[0]

    def _show_view(self) -> None:
        """Show what belongs to the view, or fits beside it."""
        raise NotImplementedError

    @property
    def first_stop(self) -> Widget | None:
        """What gets the focus when the view is gone to; None for nothing."""
        raise NotImplementedError

    @property
    def narrow(self) -> bool:
        """Whether there is room for one panel only."""
        return self.size.width < self.HORIZONTAL_BREAKPOINTS[1][0]

    def action_enlarge(self) -> None:
        """Show the focused panel on the whole screen, or all that have room again."""
        if self.maximized is None and self.focused is None:
            self.complain("no panel has the focus: tab goes to one")
        else:
            self.maximized = self.focused if self.maximized is None else None

    def on_resize(self) -> None:
        """Arrange the panels anew."""
        if self.maximized is not None and self.narrow:
            self.maximized = None  # each view is alone then
        self._show_view()

    def action_view(self, view: str) -> None:
        """Go to a view, out of a panel that has the whole screen."""
        self.maximized = None
        self.view = view
        self._show_view()
        self._focus_view()

    def _focus_view(self) -> None:
        """Let what the view shows have the focus, at once, so that keys typed ahead go there."""
        stop = self.first_stop
        if stop is not None:
            self.set_focus(stop)

    def _numbered(self) -> list[str | tuple[str, str]]:
        """Return the views with their numbers, in styles, for the head of the screen."""
        parts: list[str | tuple[str, str]] = [" "]
        for number, view in enumerate(self.views, start=1):
            style = "bold underline $text-accent" if view == self.view else "$text-muted"
            parts += [(f"{number} {view}", style), "  "]
        return parts
