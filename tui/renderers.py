"""How pictures are drawn in this terminal: chosen before the app starts.

The environment promises one way or none; over SSH it says little, and then the terminal's own attributes say whether
it draws sixels.
"""

from __future__ import annotations

import os

RENDERERS = ("kitty", "sixel", "halfcell", "ascii")
CELLS = ("halfcell", "ascii")
"""Those that draw with characters, which every terminal has."""


def choose_images(wanted: str, remembered: str = "", *, sixel: bool = False) -> str:
    """Return the renderer that is wanted, or else the remembered one if it works here, or else the best one.

    Args:
        wanted: a renderer, whether it works or not; empty or ``auto`` for the best one.
        remembered: one that was chosen before, maybe in another terminal.
        sixel: whether the terminal said that it draws sixels.

    Raises:
        ValueError: if there is no such renderer.
    """
    if wanted in RENDERERS:
        return wanted
    if wanted not in {"", "auto"}:
        raise ValueError(f"{wanted!r} draws no pictures: choose auto, {', '.join(RENDERERS)}")
    best = _best(sixel=sixel)
    return remembered if remembered in offered(best, sixel=sixel) else best


def offered(first: str, *, sixel: bool = False) -> tuple[str, ...]:
    """Return the renderers to switch between: those that work in this terminal, and the one it began with."""
    return tuple(renderer for renderer in RENDERERS if renderer in {first, _best(sixel=sixel), *CELLS})


def _best(*, sixel: bool) -> str:
    """Return the best renderer that terminal and environment promise to work.

    A multiplexer answers for itself, whatever the terminal around it can do.
    """
    environment = os.environ
    term = environment.get("TERM", "")
    if environment.get("TMUX") or term.startswith(("screen", "tmux")):
        return "halfcell"
    promises = (environment.get("KITTY_WINDOW_ID"), environment.get("GHOSTTY_RESOURCES_DIR"))
    if any(promises) or term in {"xterm-kitty", "xterm-ghostty"}:
        return "kitty"
    if sixel or environment.get("TERM_PROGRAM") in {"WezTerm", "iTerm.app"} or term in {"foot", "mlterm"}:
        return "sixel"
    if term in {"dumb", "linux", "vt100"} or environment.get("NO_COLOR"):
        return "ascii"
    return "halfcell"
