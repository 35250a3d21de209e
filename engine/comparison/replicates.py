"""Further seeds of the runs that are compared: which runs are missing, and which there are already."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.comparison.groups import SEEDS, configuration
from engine.errors import PhospheneError
from engine.selection.values import comparable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.comparison.groups import Group
    from engine.record.run_directory import RunRecord
    from engine.record.workspace import Listed


_JOINING = {"finished", "running", "queued"}


@dataclass(frozen=True, slots=True)
class Replicate:
    """One more seed of a group.

    Attributes:
        group: that it joins.
        seed: of its random generators.
        there: the run that has this configuration and this seed already; None if it must be launched.
    """

    group: Group
    seed: int
    there: Listed | None

    @property
    def experiment(self) -> str:
        """The experiment to launch."""
        return _record(self.group).experiment

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """Those of the group."""
        return dict(_record(self.group).hyperparameters)

    @property
    def options(self) -> dict[str, Any]:
        """The run options of the group, with this seed."""
        record = _record(self.group)
        own = {"seed": self.seed, "device": record.device, "slots": record.slots, "threads": record.threads}
        return own | record.slurm


def replicates(groups: Iterable[Group], listed: Sequence[Listed], count: int) -> tuple[Replicate, ...]:
    """Return the next seeds of each group, first the first seed of all groups.

    A run with the same configuration and seed that has finished or goes on is not run again: it joins. Runs that stand
    apart from their group, and imported ones, are passed over.

    Args:
        groups: of runs that are compared.
        listed: all runs of the workspace.
        count: how many seeds each group is to have more, at least 1.

    Raises:
        PhospheneError: if ``count`` is not positive, or there is no group that could have further seeds.
    """
    if count < 1:
        raise PhospheneError(f"{count} further seeds: ask for one at least")
    whole = [group for group in groups if not group.why_apart]
    found = [_next(group, listed, count) for group in whole if not _record(group).imported]
    if whole and not found:
        raise PhospheneError("these runs were imported: there is no program here to give them further seeds")
    if not found:
        raise PhospheneError("none of these runs is finished as it was started, so there is no group to add seeds to")
    return tuple(itertools.chain.from_iterable(zip(*found, strict=True)))


def _next(group: Group, listed: Sequence[Listed], count: int) -> list[Replicate]:
    own = _key(group.runs[0])
    used = {run.record.seed for run in group.runs if run.record}
    there = {
        run.record.seed: run
        for run in reversed(listed)
        if run.record and run.status.state in _JOINING and _key(run) == own
    }
    seeds = itertools.islice((seed for seed in itertools.count() if seed not in used), count)
    return [Replicate(group, seed, there.get(seed)) for seed in seeds]


def _key(run: Listed) -> Any:
    return comparable({field: value for field, value in configuration(run).items() if SEEDS.counts(field)})


def _record(group: Group) -> RunRecord:
    record = group.runs[0].record
    assert record is not None, "a run that cannot be read stands apart"
    return record
