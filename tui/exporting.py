"""Files written on request: beside the event loop, under a free name, and with a word on how it went."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine import PhospheneError, provenance

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.widget import Widget

    from engine import Origin

    Write = Callable[[Path, Origin], object]


async def export(owner: Widget, wanted: Path, write: Write, origin_of: Callable[[Path], Origin]) -> None:
    """Let ``write`` fill a file in a thread; another name is taken if there is one already. The owner says the end."""
    try:
        origin = origin_of(wanted)
        path = await asyncio.to_thread(provenance.free, wanted)
        await asyncio.to_thread(provenance.write_whole, path, write, origin)
    except PhospheneError as error:
        owner.notify(str(error), severity="error", markup=False)
    except OSError as error:
        owner.notify(f"{wanted} cannot be written: {error.strerror or error}", severity="error", markup=False)
    else:
        owner.notify(str(path.absolute()), title="exported", markup=False)
