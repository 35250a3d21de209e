"""The one fold of a sweep's events: which runs its controllers meant to launch, and what came of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.record.events import Intended, Launched, Refused
from engine.record.log import LogReader

if TYPE_CHECKING:
    from pathlib import Path


class Intents:
    """What the controllers of a sweep have intended so far, whoever of them wrote it.

    Attributes:
        intended: by run id, in the order of the intents.
        launched: ids of runs whose directories were there.
        refused: by run id why it was not launched, once for each time.
        damaged: records that were skipped because their checksum or form is wrong.
    """

    def __init__(self, attempts: Path) -> None:
        self._reader = LogReader(attempts)
        self.intended: dict[str, Intended] = {}
        self.launched: set[str] = set()
        self.refused: dict[str, list[str]] = {}
        self.damaged = 0

    def read(self) -> None:
        """Take in what was logged since the last call.

        Raises:
            WorkspaceError: if a log cannot be read.
        """
        for event in self._reader.poll():
            match event:
                case Intended(run=run):
                    self.intended[run] = event
                case Launched(run=run):
                    self.launched.add(run)
                case Refused(run=run, reason=reason):
                    self.refused.setdefault(run, []).append(reason)
        self.damaged = self._reader.damaged
