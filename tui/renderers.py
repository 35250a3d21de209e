"""How pictures are drawn in this terminal: chosen from the environment alone, before the app starts.

A query to the terminal itself fails on slow lines, where its answer arrives among the user's keys.
"""

from __future__ import annotations

import os

RENDERERS = ("kitty", "sixel", "halfcell", "ascii")


def choose_images(wanted: str) -> str:
    """Return the renderer for a choice; ``auto`` is the best one that the environment promises to work.

    Raises:
        ValueError: if there is no such renderer.
    """
    if wanted in RENDERERS:
        return wanted
    if wanted not in {"", "auto"}:
        raise ValueError(f"{wanted!r} draws no pictures: choose auto, {', '.join(RENDERERS)}")
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
