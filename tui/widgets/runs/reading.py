"""Logs that filters and columns ask for: read in a thread, so that no key waits for them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from engine import Histories, History

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from engine import Listed, Run, Status

READ_SECONDS = 0.5
"""How long logs are read before what they say is shown."""
NOTHING = History()


class ReadHistories(Histories):
    """What has been read so far; a log that is asked for and was not read says nothing yet, and is missing.

    Attributes:
        missing: the runs whose logs are to be read.
    """

    def __init__(self) -> None:
        super().__init__()
        self._read: dict[Path, History] = {}
        self._seen: dict[Path, Status] = {}
        self.missing: dict[Path, Run] = {}

    def of(self, run: Run) -> History:
        """Return what is known of a run by now."""
        known = self._read.get(run.path)
        if known is None:
            self.missing[run.path] = run
            return NOTHING
        return known

    def look_again(self, runs: Iterable[Listed]) -> None:
        """Miss the logs of runs that have changed since they were read; what was read is shown until then."""
        if not self._read:
            return
        for run in runs:
            path = run.directory.path
            if path in self._read and self._seen.get(path) != run.status:
                self._seen[path] = run.status
                self.missing[path] = run.directory

    async def catch_up(self) -> None:
        """Read missing logs for a while."""
        for path, history in (await asyncio.to_thread(_read, [*self.missing.values()])).items():
            self._read[path] = history
            del self.missing[path]


def _read(runs: Sequence[Run]) -> dict[Path, History]:
    """Return the histories of the first runs, as many as there is time for; nobody else has them."""
    found: dict[Path, History] = {}
    until = time.monotonic() + READ_SECONDS
    for run in runs:
        found[run.path] = Histories().of(run)
        if time.monotonic() > until:
            break
    return found
