"""Where the command ``phosphene`` begins: alone it opens the workbench, and then even the parser is not imported."""

from __future__ import annotations

import sys
from typing import Any


def main() -> Any:
    """Open the workbench, or run the command that follows."""
    if len(sys.argv) > 1:
        from commands.main import main as parse

        return parse()
    from tui import open_workbench

    sys.exit(open_workbench())
