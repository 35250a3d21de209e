"""Where the command ``phosphene`` begins, and how errors leave it. Alone it opens the workbench without the parser."""

from __future__ import annotations

import os
import sys
from typing import Any

from commands.streams import open_streams


def main() -> Any:
    """Open the workbench, or run the command that follows, or answer the TAB key of a shell.

    An error of ours becomes one sentence on stderr; its class decides the exit status.
    """
    open_streams()
    try:
        try:
            return _command()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader of the pipe has left, as `head` does, and needs no message.
        return 1
    except Exception as error:
        from engine import PhospheneError

        if not isinstance(error, PhospheneError):
            raise
        print(f"phosphene: {error}", file=sys.stderr)  # noqa: T201 - narration
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
