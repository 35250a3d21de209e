"""The histories of many runs, each read on from where the last look stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import WorkspaceError
from engine.record.history import History

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from engine.record.log import LogReader
    from engine.record.run_directory import RunDirectory


class Histories:
    """Keeps the histories that were asked for; a second look costs what has been logged since the first.

    Attributes:
        troubles: by id why the log of a run could not be read; its history is what was read before.
    """

    def __init__(self) -> None:
        self._known: dict[Path, tuple[LogReader, History]] = {}
        self.troubles: dict[str, str] = {}

    def of(self, run: RunDirectory) -> History:
        """Return what the run's events say up to now; of a log that cannot be read, nothing more than before."""
        reader, history = self._known.setdefault(run.path, (run.reader(), History()))
        try:
            history.read(reader)
            self.troubles.pop(run.id, None)
        except WorkspaceError as error:
            self.troubles[run.id] = str(error)
        return history

    def latest(self, run: RunDirectory) -> Mapping[str, float]:
        """Return the last value of every metric of a run, and its results where there are any."""
        history = self.of(run)
        return history.latest | history.results
