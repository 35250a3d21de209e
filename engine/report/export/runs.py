"""What is exported of a run, and the formats there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.record.histories import Histories
    from engine.record.history import History
    from engine.record.run_directory import RunRecord
    from engine.record.workspace import Listed


@dataclass(frozen=True, slots=True)
class Exported:
    """A run that can be read.

    Attributes:
        listed: the run as lists show it.
        record: what was asked for.
        history: what its events say; steps that were done again are in it once.
    """

    listed: Listed
    record: RunRecord
    history: History

    @property
    def id(self) -> str:
        """The run's id."""
        return self.listed.id

    def rows(self) -> Iterator[tuple[int, int, float, float, str, float]]:
        """Yield every point: attempt, step, epoch (NaN where there is none), seconds since 1970, metric, value."""
        for metric, series in self.history.curves.series.items():
            attempts = self.history.attempts_of(series.step).tolist()
            points = zip(
                series.step.tolist(), series.epoch.tolist(), series.t.tolist(), series.value.tolist(), strict=True
            )
            for attempt, (step, epoch, t, value) in zip(attempts, points, strict=True):
                yield attempt, int(step), epoch, t, metric, value


def exported(runs: Iterable[Listed], histories: Histories) -> tuple[list[Exported], list[str]]:
    """Return the runs that can be read, and a sentence on each of the others.

    Raises:
        PhospheneError: if none of them can be read.
    """
    found, troubles = [], []
    for run in runs:
        history = histories.of(run.directory)
        if run.record is None or run.id in histories.troubles:
            troubles.append(histories.troubles.get(run.id) or f"run {run.id} is left out: {run.status.reason}")
            continue
        if history.damaged:
            troubles.append(f"{history.damaged} records of {run.id} were skipped: their checksums are wrong")
        found.append(Exported(run, run.record, history))
    if not found:
        raise WorkspaceError("; ".join(troubles))
    return found, troubles
