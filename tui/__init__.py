"""The workbench: a Textual app over the engine. It is opened through :func:`open_workbench` alone."""

from __future__ import annotations

from tui.plots import draw_plot
from tui.renderers import choose_images

__all__ = ["choose_images", "draw_plot", "open_workbench"]


def open_workbench(images: str = "", theme: str = "") -> int:
    """Open the workbench in this terminal and return the exit status when it is left."""
    import sys

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("phosphene: the workbench needs a terminal; see phosphene --help for what goes without", file=sys.stderr)  # noqa: T201
        return 2
    from tui.app import run_app

    return run_app(images, theme)
