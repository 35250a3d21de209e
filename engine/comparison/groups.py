"""Runs that differ in nothing but the seed are one group, and what differs between groups in the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine import wording
from engine.errors import PhospheneError
from engine.selection.values import MISSING, comparable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from engine.record.history import History
    from engine.record.workspace import Listed

ALONE = "none"
"""The grouping in which every run stands by itself."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which fields runs of one group share.

    Attributes:
        only: the fields that count; empty for all.
        but: the fields that do not.
        alone: whether every run stands by itself.
    """

    only: tuple[str, ...] = ()
    but: tuple[str, ...] = ("seed", "device")
    alone: bool = False

    def __str__(self) -> str:
        """Return it as :func:`parse_grouping` reads it."""
        but = [f"-{name}" for name in dict.fromkeys(self.but) if name != "device"]
        return ALONE if self.alone else ",".join(self.only or but or ["-device"])

    def counts(self, field: str) -> bool:
        """Tell whether a difference in a field keeps runs apart."""
        return field in self.only if self.only else field not in self.but


SEEDS = Grouping()
"""The grouping of runs that differ in nothing but the seed; where they ran does not matter."""


def parse_grouping(text: str) -> Grouping:
    """Return the grouping that a text means: ``-seed,-lr`` for all but these, ``nz,lr`` for these alone, or ``none``.

    Raises:
        PhospheneError: if names with and without ``-`` are mixed.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names == [ALONE]:
        return Grouping(alone=True)
    but = tuple(name[1:] for name in names if name.startswith("-"))
    only = tuple(name for name in names if not name.startswith("-"))
    if not names or (but and only):
        raise PhospheneError(f"grouping {text!r}: write -seed,-lr for all but these, nz,lr for these alone, or {ALONE}")
    return Grouping(only=only, but=(*but, "device") if but else ())


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that are replicates of each other.

    Attributes:
        runs: in the order of the selection.
        caption: what sets it apart from the other groups, e.g. ``nz 2``.
        why_apart: why a run that has replicates stands by itself all the same; empty for others.
    """

    runs: tuple[Listed, ...]
    caption: str
    why_apart: str = ""

    @property
    def key(self) -> str:
        """The first id among its runs, which stays when later runs join."""
        return min(run.id for run in self.runs)


@dataclass(frozen=True, slots=True)
class Differing:
    """A field in which runs differ, with the value of each; `MISSING` where a run has it not."""

    field: str
    values: tuple[Any, ...]


def configuration(run: Listed) -> Mapping[str, Any]:
    """Return what a run was launched with; nothing of one that cannot be read."""
    record = run.record
    if record is None:
        return {}
    return {"experiment": record.experiment, **record.hyperparameters, "seed": record.seed, "device": record.device}


def differences(runs: Sequence[Listed]) -> tuple[Differing, ...]:
    """Return the fields in which runs that can be read differ, in the order of their configuration."""
    configurations = [configuration(run) for run in runs]
    found = []
    for field in dict.fromkeys(name for one in configurations for name in one):
        values = tuple(one.get(field, MISSING) for one in configurations)
        if len({comparable(value) for value, run in zip(values, runs, strict=True) if run.record is not None}) > 1:
            found.append(Differing(field, values))
    return tuple(found)


def require_known(grouping: Grouping, runs: Sequence[Listed]) -> None:
    """Check that each field of a grouping is one of some run.

    Raises:
        PhospheneError: naming the first that is not, and what there is.
    """
    known = dict.fromkeys(name for run in runs for name in configuration(run))
    unknown = next((name for name in (*grouping.only, *grouping.but) if name not in known), "")
    if unknown and known:
        raise PhospheneError(f"no run can be grouped by {unknown!r}; there are: {', '.join(known)}")


def groups(runs: Sequence[Listed], histories: Mapping[str, History], grouping: Grouping = SEEDS) -> tuple[Group, ...]:
    """Return the groups of runs, in the order of their first runs.

    A run that has not finished, whose hyperparameters were changed while it ran, that repeats another one, or that
    cannot be read stands by itself and says so.

    Args:
        runs: that are compared.
        histories: of the runs, by id.
        grouping: which fields keep runs apart.
    """
    members: dict[Any, list[Listed]] = {}
    reasons: dict[Any, str] = {}
    repeated = {} if grouping.alone else _repeated(runs, histories)
    for run in runs:
        reason = why_apart(run, histories.get(run.id)) or repeated.get(run.id, "")
        key: Any = run.id if reason or grouping.alone else comparable(_counted(run, grouping))
        members.setdefault(key, []).append(run)
        reasons[key] = reason
    firsts = [own[0] for own in members.values()]
    fields = {found.field for found in differences(firsts) if grouping.alone or grouping.counts(found.field)}
    # One that stands apart from its replicates is told from them by its seed.
    captions = _captions(firsts, [fields | {"seed"} if reason else fields for reason in reasons.values()])
    return tuple(
        Group(tuple(own), caption, reasons[key]) for (key, own), caption in zip(members.items(), captions, strict=True)
    )


def _repeated(runs: Sequence[Listed], histories: Mapping[str, History]) -> dict[str, str]:
    """Return, by its id, why a run tells nothing of chance that an older one does not: it has its values and seed.

    Of imported runs only we gave the seeds: they repeat each other if they also end alike.
    """
    firsts: dict[Any, Listed] = {}
    said = {}
    for run in sorted(runs, key=lambda run: (run.record.created if run.record else 0.0, run.id)):
        history = histories.get(run.id)
        if run.record is None or why_apart(run, history):
            continue
        own = {field: value for field, value in configuration(run).items() if field != "device"}
        ends = tuple(sorted(history.latest.items())) if run.record.imported and history is not None else ()
        first = firsts.setdefault((comparable(own), repr(ends)), run)
        if first is not run:
            said[run.id] = f"repeats {wording.short_id(first.id)}"
    return said


def why_apart(run: Listed, history: History | None) -> str:
    """Return why a run cannot be one of several replicates; the empty string if it can."""
    if run.record is None:
        return "cannot be read"
    if run.status.state != "finished":
        done = wording.share(run.status.step, run.status.total)
        return f"{run.status.state} after {done}" if done else run.status.state
    if history is not None and history.changes:
        names = dict.fromkeys(change.name for change in history.changes)
        return f"{', '.join(names)} changed while it ran"
    return ""


def _counted(run: Listed, grouping: Grouping) -> Mapping[str, Any]:
    own = configuration(run)
    return {field: value for field, value in own.items() if grouping.counts(field)}


def _captions(runs: Sequence[Listed], fields: Sequence[Collection[str]]) -> list[str]:
    """Return what each run has in some fields, or its experiment; where that is the same, also its name or id."""
    captions = []
    for run, own in zip(runs, fields, strict=True):
        said = [_said(field, value) for field, value in configuration(run).items() if field in own]
        captions.append(", ".join(said) or (run.record.experiment if run.record else run.id))
    return [
        caption if captions.count(caption) == 1 else f"{caption} · {run.name or wording.short_id(run.id)}"
        for run, caption in zip(runs, captions, strict=True)
    ]


def _said(field: str, value: Any) -> str:
    return wording.setting(value) if field == "experiment" else f"{field} {wording.setting(value)}"
