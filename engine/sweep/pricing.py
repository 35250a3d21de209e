"""What the runs of a sweep will take, by earlier runs that had as much to do."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.sweep import plan
from engine.workload import workload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from engine.declaration import Experiment
    from engine.record.workspace import Listed

RECENT = 50
"""How many earlier runs of a kind tell what further ones will take."""


@dataclass(frozen=True, slots=True)
class Price:
    """What runs will take together.

    Attributes:
        seconds: their running time; None if too few earlier runs tell.
        size: their bytes on the disk, likewise.
        alike: the hyperparameters in which the earlier runs are equal to them.
    """

    seconds: plan.Estimate | None
    size: plan.Estimate | None
    alike: tuple[str, ...]


def price(experiment: Experiment, to_come: Iterable[Mapping[str, Any]], finished: Sequence[Listed]) -> Price:
    """Return what further runs will take.

    Args:
        experiment: of all of them.
        to_come: the hyperparameters of each.
        finished: earlier runs, the latest first.
    """
    kinds = Counter(workload(experiment, values) for values in to_come)
    earlier: dict[Any, list[Listed]] = {kind: [] for kind in kinds}
    for run in finished:
        if run.record:
            earlier.get(workload(experiment, run.record.hyperparameters), []).append(run)
    told = [(earlier[kind][:RECENT], runs) for kind, runs in kinds.items()]
    if any(len(runs) < plan.FEWEST for runs, _ in told):
        told = []  # nothing is measured in vain
    return Price(
        plan.estimate([([run.directory.history().running() for run in runs], count) for runs, count in told]),
        plan.estimate([([float(_size(run.directory.path)) for run in runs], count) for runs, count in told]),
        tuple(dict.fromkeys(name for kind in kinds for name, _ in kind)),
    )


def _size(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(
        os.lstat(os.path.join(root, name)).st_size  # noqa: PTH118 - many files
        for root, _, names in os.walk(folder)
        for name in names
    )
