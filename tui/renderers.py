"""How pictures are drawn in this terminal: chosen from the environment alone, before the app starts.

A query to the terminal itself fails on slow lines, where its answer arrives among the user's keys.
"""

from __future__ import annotations

import os

RENDERERS = ("kitty", "sixel", "halfcell", "ascii")
CELLS = ("halfcell", "ascii")
"""Those that draw with characters, which every terminal has."""


def choose_images(wanted: str) -> str:
    """Return the renderer for a choice; ``auto`` is the best one that the environment promises to work.

    Raises:
        ValueError: if there is no such renderer.
    """
    if wanted in RENDERERS:
        return wanted
    if wanted not in {"", "auto"}:
        raise ValueError(f"{wanted!r} draws no pictures: choose auto, {', '.join(RENDERERS)}")
    return _best()


def offered(first: str) -> tuple[str, ...]:
    """Return the renderers to switch between: those that work in this terminal, and the one it began with."""
    return tuple(renderer for renderer in RENDERERS if renderer in {first, _best(), *CELLS})


def _best() -> str:
    """Return the best renderer that the environment promises to work."""
    environment = os.environ
    if environment.get("TMUX") or environment.get("TERM", "").startswith(("screen", "tmux")):
        return "halfcell"
    if (
        environment.get("KITTY_WINDOW_ID")
        or environment.get("TERM") == "xterm-kitty"
        or environment.get("GHOSTTY_RESOURCES_DIR")
    ):
        return "kitty"
    if environment.get("TERM_PROGRAM") in {"WezTerm", "iTerm.app"} or environment.get("TERM") in {"foot", "mlterm"}:
        return "sixel"
    if environment.get("TERM") in {"dumb", "linux", "vt100"} or environment.get("NO_COLOR"):
        return "ascii"
    return "halfcell"
