"""Earlier runs of equal configuration, which a sweep takes instead of running the same again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.comparison.groups import why_apart
from engine.selection.values import comparable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.declaration import Experiment
    from engine.record.histories import Histories
    from engine.record.history import History
    from engine.record.run_directory import RunDirectory
    from engine.record.workspace import Listed


class Earlier:
    """Finished runs of one experiment by their configuration; where they ran does not matter.

    A hyperparameter that the experiment did not have yet when a run was made has its default, as it has where that
    run is resumed.

    Args:
        listed: all runs of the workspace.
        experiment: whose runs count.
        histories: of runs that were read before.
    """

    def __init__(self, listed: Iterable[Listed], experiment: Experiment, histories: Histories | None = None) -> None:
        self._histories = histories
        self._runs: dict[Any, list[Listed]] = {}
        defaults = {field.name: field.default for field in experiment.fields()}
        for run in listed:
            if run.record is not None and run.record.experiment == experiment.name and run.status.state == "finished":
                key = _key(defaults | dict(run.record.hyperparameters), run.record.seed)
                self._runs.setdefault(key, []).append(run)

    def __bool__(self) -> bool:
        return bool(self._runs)

    def equal(self, hyperparameters: Mapping[str, Any], seed: int) -> RunDirectory | None:
        """Return a finished run of this configuration, none of whose hyperparameters was changed while it ran.

        Args:
            hyperparameters: with what they name written out, as plain values.
            seed: of the run.
        """
        found = self.listed(hyperparameters, seed)
        return found.directory if found else None

    def listed(self, hyperparameters: Mapping[str, Any], seed: int) -> Listed | None:
        """Return the same run as it is listed."""
        for run in self._runs.get(_key(hyperparameters, seed), ()):
            if run.directory.path.is_dir() and not why_apart(run, self._history(run.directory)):
                return run
        return None

    def _history(self, run: RunDirectory) -> History:
        return self._histories.of(run) if self._histories is not None else run.history()


def _key(hyperparameters: Mapping[str, Any], seed: int) -> Any:
    return comparable({**hyperparameters, "the seed": seed})
