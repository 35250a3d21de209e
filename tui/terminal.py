"""What the terminal can show: how many colours, a light background, pictures. Nothing of Textual is imported."""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
import time
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Depth = Literal["truecolor", "256", "16", "none"]
"""How many colours a terminal shows."""
ANSWER_SECONDS = 0.1
"""How long the answer of the terminal is waited for, at most."""
QUERY = b"\x1b]11;?\x1b\\\x1b[c"
"""Asks for the background's colour, and then for what every terminal tells of itself: its answer ends the wait."""
_BACKGROUND = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})")
_ATTRIBUTES = re.compile(rb"\x1b\[\?([\d;]*)c")
_SILENT = re.compile(r"$|dumb|linux|vt\d|cons|unknown")
"""Terminals that do not know the question, and some of which print it."""
_SIXEL = b"4"
"""Stands among the attributes of a terminal, after its class, if it draws sixels."""


class Told(NamedTuple):
    """What a terminal told of itself.

    Attributes:
        light: whether its background is light.
        sixel: whether it draws sixels.
    """

    light: bool
    sixel: bool


def depth() -> Depth:
    """Return how many colours the terminal shows, as Textual and rich tell it from the environment."""
    names = ("COLORTERM", "TERM", "TEXTUAL_COLOR_SYSTEM")
    return _depth("NO_COLOR" in os.environ, *(os.environ.get(name, "") for name in names))


@cache
def _depth(colourless: bool, colorterm: str, term: str, wanted: str) -> Depth:
    from rich.console import Console

    environment = {"COLORTERM": colorterm, "TERM": term}
    console = Console(color_system=wanted or "auto", force_terminal=True, _environ=environment)  # type: ignore[arg-type]
    if colourless or console.color_system is None:
        return "none"
    return "16" if console.color_system == "standard" else console.color_system  # type: ignore[return-value]


@contextlib.contextmanager
def asked() -> Iterator[Callable[[], Told]]:
    """Ask the terminal for its background and attributes; what is given tells the answer, and waits for it if need be.

    The terminal answers while the caller does something else. Its answer is not echoed, and all of it is read.
    """
    if not _answers():
        yield lambda: _told(b"")
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal, termios.TCSANOW)
        os.write(sys.stdout.fileno(), QUERY)
        yield lambda: _told(_answer(terminal))
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)


def _answers() -> bool:
    term = os.environ.get("TERM", "")
    return depth() in {"truecolor", "256"} and not _SILENT.match(term) and sys.stdin.isatty() and sys.stdout.isatty()


def _answer(terminal: int) -> bytes:
    """Read what the terminal says, until it has told of itself or the time is over."""
    deadline = time.monotonic() + ANSWER_SECONDS
    answer = b""
    while not _ATTRIBUTES.search(answer):
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            break
        if not (more := os.read(terminal, 1024)):
            break
        answer += more
    return answer


def _told(answer: bytes) -> Told:
    attributes = _ATTRIBUTES.search(answer)
    return Told(_light(answer), attributes is not None and _SIXEL in attributes[1].split(b";")[1:])


def _light(answer: bytes) -> bool:
    """Tell whether the background in the terminal's answer is light; without one, ask the environment."""
    found = _BACKGROUND.search(answer)
    if found is None:
        return _light_by_environment()
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in found.groups())
    return bool(0.299 * red + 0.587 * green + 0.114 * blue > 0.5)


def _light_by_environment() -> bool:
    """Tell it from the numbers of the colours of text and background that some terminals hand on, as in ``0;15``."""
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return background.isdecimal() and int(background) in {7, *range(9, 16)}
