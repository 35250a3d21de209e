"""Where the command ``phosphene`` begins, and how errors leave it. Alone it opens the workbench without the parser."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

from commands.streams import open_streams


def main() -> Any:
    """Open the workbench, or run the command that follows, or answer the TAB key of a shell.

    An error of ours becomes one sentence on stderr; its class decides the exit status.
    """
    open_streams()
    _tell_packages()
    try:
        try:
            return _command()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader of the pipe has left, as `head` does, and needs no message.
        return 1
    except Exception as error:
        from commands.output import say
        from engine import PhospheneError

        if not isinstance(error, PhospheneError):
            raise
        say(f"phosphene: {error}")
        return error.exit_status


def _command() -> Any:
    if "_PHOSPHENE_COMPLETE" in os.environ:
        from commands.completion import answer

        return answer()
    if len(sys.argv) > 1:
        from commands.main import app

        return app(prog_name="phosphene")
    from tui import open_workbench

    return open_workbench()


def _tell_packages() -> None:
    """Let a warning that something of a package is left out be one sentence, too; other warnings stay as they are."""
    plain = warnings.showwarning

    def tell(message: Warning | str, category: type[Warning], *more: Any) -> None:
        from commands.output import say
        from engine import LeftOut

        if issubclass(category, LeftOut):
            say(f"phosphene: {message}")
        else:
            plain(message, category, *more)

    warnings.showwarning = tell  # type: ignore[assignment]  # names of what is passed on do not matter
