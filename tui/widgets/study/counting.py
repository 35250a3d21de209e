"""How far all studies have come, a few at a time, again only where runs have come or gone. Touches no widget."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine import PhospheneError
from tui.widgets.study.look import REFUSED, TIERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from engine import Listed, Studies, Study, StudyTier

SECONDS = 0.1
"""For which studies are counted in one look, about: what is known by then is shown."""
COUNTING = "…"
UNREADABLE = "cannot be read"
"""The chapter of files that are no studies."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """A study as the shelf shows it.

    Attributes:
        name: of the study.
        chapter: the family of its experiment.
        experiment: its name.
        title: of the study.
        question: it asks.
        source: of the question.
        counts: how many runs of the quick and of the full tier are there; see :func:`engine.study_wording.count`.
        fault: what is wrong with its file, in a sentence; empty if nothing is.
        missing: why a tier cannot be run here.
    """

    name: str
    chapter: str
    experiment: str = ""
    title: str = ""
    question: str = ""
    source: str = ""
    counts: tuple[str, str] = (COUNTING, COUNTING)
    fault: str = ""
    missing: str = ""


@dataclass(slots=True)
class _Known:
    """What is known of a tier.

    Attributes:
        runs: the finished runs of the experiment when it was counted.
        count: in words.
        fault: why it cannot be counted.
        missing: why it cannot be run here.
    """

    runs: tuple[str, ...] | None = None
    count: str = COUNTING
    fault: str = ""
    missing: str = ""


@dataclass(slots=True)
class _File:
    """A study's file as it was read."""

    state: tuple[int, int]
    study: Study | None
    fault: str = ""
    tiers: dict[StudyTier, _Known] = field(default_factory=lambda: {tier: _Known() for tier in TIERS})


class Counting:
    """Counts the runs of all studies; its methods are called in threads, one at a time.

    What was counted once is shown at once when the shelf is opened again.

    Args:
        studies: of the workspace.
    """

    def __init__(self, studies: Studies) -> None:
        self._studies = studies
        self._files: dict[str, _File] = {}
        self._before: tuple[Shelved, ...] | None = None
        self._stale = False
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Count all of them anew with the next looks: data or weights may have come. Never waits for one."""
        self._stale = True

    def look(self) -> tuple[tuple[Shelved, ...], bool] | None:
        """Return the studies as far as they are counted, and whether all are; None if that is as at the last look."""
        with self._lock:
            if self._stale:
                self._stale, self._before = False, None
                for file in self._files.values():
                    for known in file.tiers.values():
                        known.runs = None
            self._read()
            listed = self._studies.workspace.list()
            # What was known before is shown before anything is counted.
            left = self._count(listed) if self._before is not None else True
            shelved = tuple(sorted(map(_shelved, self._files, self._files.values()), key=_sorting()))
            if shelved == self._before and not left:
                return None
            self._before = shelved
            return shelved, not left

    def _read(self) -> None:
        """Read the files that are new or have changed."""
        files = self._studies.files()
        self._files = {name: file for name, file in self._files.items() if name in files}
        for name, path in files.items():
            state = _state(path)
            if name in self._files and self._files[name].state == state:
                continue
            try:
                self._files[name] = _File(state, self._studies.find(str(path)))
            except PhospheneError as error:
                self._files[name] = _File(state, None, str(error).replace(str(path), path.name))

    def _count(self, listed: Sequence[Listed]) -> bool:
        """Count for a while; return whether something is left."""
        own: dict[str, list[Listed]] = {}
        for run in listed:
            if run.record is not None and run.status.state == "finished":
                own.setdefault(run.record.experiment, []).append(run)
        ids = {experiment: tuple(run.id for run in runs) for experiment, runs in own.items()}
        until = time.monotonic() + SECONDS
        for file in self._files.values():
            if file.study is None:
                continue
            runs = ids.get(file.study.experiment, ())
            for tier, known in file.tiers.items():
                if known.runs == runs:
                    continue
                if time.monotonic() > until:
                    return True
                file.tiers[tier] = self._counted(file.study, tier, own.get(file.study.experiment, []))
                file.tiers[tier].runs = runs
        return False

    def _counted(self, study: Study, tier: StudyTier, runs: Sequence[Listed]) -> _Known:
        from engine import study_wording

        try:
            progress = self._studies.progress(study, tier, listed=runs)
        except PhospheneError as error:
            return _Known(count=REFUSED, fault=str(error).replace(study.path, f"{study.name}.toml"))
        missing = "; ".join(f"{name}: {why}" if name else why for name, why in progress.missing.items())
        return _Known(count=study_wording.count(progress), missing=f"{tier}: {missing}" if missing else "")


def _state(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _shelved(name: str, file: _File) -> Shelved:
    from engine import catalogue

    study = file.study
    if study is None:
        return Shelved(name, UNREADABLE, counts=(REFUSED, REFUSED), fault=file.fault)
    experiment = catalogue.experiments().get(study.experiment)
    quick, full = (file.tiers[tier] for tier in TIERS)
    shelved = Shelved(name, experiment.family if experiment else UNREADABLE, study.experiment)
    return replace(
        shelved,
        title=study.title,
        question=study.question,
        source=study.source,
        counts=(quick.count, full.count),
        fault=full.fault or quick.fault,
        missing=full.missing or quick.missing,
    )


def _sorting() -> Callable[[Shelved], tuple[int, int, str]]:
    """Return what studies are sorted by: chapters and experiments as in the list of experiments, then their names."""
    from engine import catalogue

    experiments = catalogue.experiments()
    order: Mapping[str, int] = {name: place for place, name in enumerate(experiments)}
    chapters = [*dict.fromkeys(experiment.family for experiment in experiments.values()), UNREADABLE]
    return lambda one: (chapters.index(one.chapter), order.get(one.experiment, len(order)), one.name)
