"""The workbench: a Textual app over the engine. Only :func:`open_workbench` opens it."""

from __future__ import annotations

from tui.plots import draw_plot
from tui.renderers import choose_images

__all__ = ["choose_images", "draw_plot", "open_workbench"]


def open_workbench(images: str = "", theme: str = "", *, read_only: bool = False, browser: bool = False) -> int:
    """Open the workbench in this terminal; return the exit status after the user has left it.

    Args:
        images: how pictures are drawn, if not as remembered.
        theme: colours, if not those remembered.
        read_only: whether runs may only be looked at.
        browser: whether stdin and stdout lead to ``phosphene serve`` in place of a terminal.
    """
    import sys

    if not browser and not (sys.stdin.isatty() and sys.stdout.isatty()):
        problem = "the workbench needs a terminal; see phosphene --help for the commands that do not"
        print(f"phosphene: {problem}", file=sys.stderr)  # noqa: T201
        return 2
    from tui.terminal import asked

    with asked() as told:
        from tui.app import run_app  # takes longer than the terminal takes to answer
        from tui.limits import Limits

        light, sixel = told()
    return run_app(images, theme, light=light, limits=Limits(read_only=read_only, browser=browser, sixel=sixel))
