"""The messages of the shown run and of the workbench, newest last."""

from __future__ import annotations

import textwrap
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual.widgets import RichLog

from tui.actions import bindings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.theme import Theme

MOST_LINES = 2_000
LONGEST_BLOCK = 200
"""Lines under one time, at most."""
LEVELS: tuple[str, ...] = ("output", "info", "alarm", "error")
"""From the quietest to the loudest."""
SHOWN = ("", "info and louder", "warnings and errors", "errors")
"""What the border says when lines are shown from each level on."""
CLOCK = 9
"""Cells of the time before a line."""


@dataclass
class Block:
    """Lines that belong together, such as those of a table or of a traceback, under the time of the first."""

    clock: str
    level: str
    lines: list[str] = field(default_factory=list)

    def takes(self, text: str, level: str, clock: str) -> bool:
        """Tell whether a printed line goes on with these: it came at once, or the text is indented around it."""
        if level != "output" or self.level != "output" or len(self.lines) >= LONGEST_BLOCK:
            return False
        return clock == self.clock or text[:1].isspace() or self.lines[-1][:1].isspace()


class Console(RichLog):
    """Blocks of lines with their time; alarms stand out.

    Sentences are wrapped, anew when the width changes; what was printed, tables and tracebacks among it, is not: it is
    scrolled sideways.

    Args:
        like: a console whose lines and level this one begins with, e.g. on a screen of its own.
        id: of the widget.
    """

    BORDER_TITLE = "console"
    BINDINGS = bindings("console")
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"console--{name}" for name in ("time", *LEVELS)}
    DEFAULT_CSS = """
    Console {
        scrollbar-size: 1 1;
        & > .console--time { color: $text-muted; }
        & > .console--output { color: $text-muted; }
        & > .console--alarm { color: $text-warning; text-style: bold; }
        & > .console--error { color: $text-error; text-style: bold; }
    }
    """

    def __init__(self, like: Console | None = None, *, id: str = "console") -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, max_lines=MOST_LINES, markup=False, min_width=10, auto_scroll=False)
        blocks: Iterable[Block] = like._blocks if like is not None else ()
        self._blocks: deque[Block] = deque(
            (replace(block, lines=[*block.lines]) for block in blocks), maxlen=MOST_LINES
        )
        self._width = 0
        self._least: int = like._least if like is not None else 0
        self._at_end = True

    def on_mount(self) -> None:
        """Say which lines are shown, and use the colours of another theme as soon as it is chosen."""
        self.border_subtitle = SHOWN[self._least]
        self.app.theme_changed_signal.subscribe(self, self._recolour)

    def say(self, text: str, level: str = "info", t: float | None = None) -> None:
        """Add a line, or several with line feeds between them."""
        clock = time.strftime("%H:%M:%S", time.localtime(t))
        lines = text.expandtabs().split("\n")
        goes_on = bool(self._blocks) and self._blocks[-1].takes(lines[0], level, clock)
        if not goes_on:
            self._blocks.append(Block(clock, level))
        self._blocks[-1].lines += lines
        if not self._width or self.scrollable_content_region.width != self._width:
            self._width = 0  # while it is hidden, the log would wrap at a width of its own
        elif self._shows(level):
            self._write(lines, level, "" if goes_on else clock)

    def forget(self) -> None:
        """Remove all lines."""
        self._blocks.clear()
        self.clear()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Notice whether the newest line is in sight: only then newer ones are scrolled to."""
        super().watch_scroll_y(old_value, new_value)
        self._at_end = new_value >= self.max_scroll_y

    def on_resize(self, event: events.Resize) -> None:
        """Wrap the lines at the new width."""
        del event
        self._wrap()

    def on_show(self) -> None:
        """Wrap the lines that came while the console was hidden."""
        self._wrap()

    def _wrap(self) -> None:
        width = self.scrollable_content_region.width
        if width and width != self._width:
            self._width = width
            self._write_all()

    def _recolour(self, theme: Theme) -> None:
        del theme
        self._write_all()

    def _shows(self, level: str) -> bool:
        return LEVELS.index(level) >= self._least

    def _write_all(self) -> None:
        self.clear()
        self._at_end = True
        for block in self._blocks:
            if self._width and self._shows(block.level):
                self._write(block.lines, block.level, block.clock)

    def _write(self, lines: list[str], level: str, clock: str) -> None:
        room = max(self._width - CLOCK, 10)
        if level != "output":
            lines = [part for line in lines for part in textwrap.wrap(line, room) or [""]]
        head = Text(clock.ljust(CLOCK), self._style("time"))
        body = Text(("\n" + " " * CLOCK).join(lines), self._style(level))
        self.write(Text.assemble(head, body), shrink=False, scroll_end=self._at_end)

    def _style(self, name: str) -> Style:
        """Return a colour of the theme on no background: that of the console changes with the focus."""
        style = self.get_component_rich_style(f"console--{name}")
        return Style(color=style.color, bold=style.bold)

    # -- keys -----------------------------------------------------------------------------------------------------

    def action_fewer(self) -> None:
        """Show only louder lines."""
        self._show_from(self._least + 1)

    def action_more(self) -> None:
        """Show quieter lines as well."""
        self._show_from(self._least - 1)

    def _show_from(self, least: int) -> None:
        self._least = min(max(least, 0), len(LEVELS) - 1)
        self.border_subtitle = SHOWN[self._least]
        self._write_all()

    def action_copy(self) -> None:
        """Copy the lines that are shown, as they were before they were wrapped."""
        lines = [
            f"{block.clock if not number else '':<{CLOCK}}{line}".rstrip()
            for block in self._blocks
            if self._shows(block.level)
            for number, line in enumerate(block.lines)
        ]
        self.app.copy_to_clipboard("\n".join(lines) + "\n")
        self.notify(f"{len(lines):,} line{'s' * (len(lines) != 1)} of the console", title="copied")
