"""Where the command ``phosphene`` begins, and how errors leave it. Alone it opens the workbench without the parser."""

from __future__ import annotations

import io
import os
import sys
from typing import Any


def main() -> Any:
    """Open the workbench, or run the command that follows.

    An error of ours becomes one sentence on stderr; its class decides the exit status.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that knows fewer letters than a name has is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        if len(sys.argv) > 1:
            from commands.main import app

            return app(prog_name="phosphene")
        from tui import open_workbench

        return open_workbench()
    except BrokenPipeError:
        # The reader of the pipe has left, as `head` does, and needs no message.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        from engine import PhospheneError

        if not isinstance(error, PhospheneError):
            raise
        print(f"phosphene: {error}", file=sys.stderr)  # noqa: T201 - narration
        return error.exit_status
