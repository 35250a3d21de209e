"""Logs that filters and columns ask for: read in a thread, so that no key waits for them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from engine import Curves, Histories, History

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from engine import Listed, Run, Status

READ_SECONDS = 0.5
"""How long logs are read before what they say is shown."""
NOTHING = History()


class ReadHistories(Histories):
    """What has been read so far; a log that is asked for and was not read says nothing yet, and is missing.

    Args:
        curves: whether to keep whole curves.

    Attributes:
        missing: the runs whose logs are to be read.
    """

    def __init__(self, *, curves: bool) -> None:
        super().__init__()
        self._read: dict[Path, tuple[History, Mapping[str, float]]] = {}
        self._seen: dict[Path, Status] = {}
        self._curves = curves
        self.missing: dict[Path, Run] = {}

    def of(self, run: Run) -> History:
        """Return what is known of a run by now."""
        return self._known_of(run)[0]

    def latest(self, run: Run) -> Mapping[str, float]:
        """Return the last value of every metric of a run, as far as it is known by now."""
        return self._known_of(run)[1]

    def _known_of(self, run: Run) -> tuple[History, Mapping[str, float]]:
        known = self._read.get(run.path)
        if known is None:
            self.missing[run.path] = run
            return NOTHING, {}
        return known

    def keep_curves(self) -> None:
        """Keep whole curves from now on; without them, thousands of histories take little memory."""
        if not self._curves:
            self._curves = True
            self._read.clear()

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
        found = await asyncio.to_thread(_read, [*self.missing.values()], curves=self._curves)
        for path, known in found.items():
            self._read[path] = known
            self.missing.pop(path, None)


def _read(runs: Sequence[Run], *, curves: bool) -> dict[Path, tuple[History, Mapping[str, float]]]:
    """Return histories and last values of the first runs, as many as there is time for; nobody else has them."""
    found: dict[Path, tuple[History, Mapping[str, float]]] = {}
    until = time.monotonic() + READ_SECONDS
    for run in runs:
        history = Histories().of(run)
        latest = history.latest | history.results
        if not curves:
            history.curves = Curves()
        found[run.path] = history, latest
        if time.monotonic() > until:
            break
    return found
