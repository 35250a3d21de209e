"""What Slurm is asked for a run: the site's defaults, what the user says, and a time that earlier runs tell."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engine import wording
from engine.declaration import RunOptions, fields_of
from engine.errors import InvalidHyperparameters, LaunchError, WorkspaceError
from engine.slurm import tools
from engine.slurm.job import Job
from engine.slurm.tools import Refused, Silent
from engine.workload import workload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from engine.declaration import Experiment, FieldView
    from engine.record.workspace import Workspace
    from engine.workload import Workload

DEFAULTS = "slurm.toml"
"""In the workspace: options of `sbatch` that every job of it gets, as ``account = "vision"``."""
LEAST_SECONDS = 20 * 60
"""What a job gets at least whose time earlier runs tell."""
MARGIN = 1.5
"""How much more than the longest earlier run it gets."""
TOLD_BY = 20
"""How many earlier runs of the experiment are looked at."""
WARNED_SECONDS = 60
"""How long before its time is over a worker is told."""
_OURS = {"array", "error", "help", "input", "job-name", "open-mode", "output", "parsable", "quiet", "test-only", "wait"}
_OURS |= {"wrap", "clusters", "gid", "uid", "usage", "version"}
"""Options of `sbatch` that nobody else may set: by them a job is found again, or nothing is submitted."""
_GPUS = {"gres", "gpus", "gpus-per-node", "gpus-per-task", "gpus-per-socket"}
"""Options of `sbatch` of which one asks for GPUs."""
_SPAN = re.compile(r"(?:(\d+)-)?(\d+):(\d\d):(\d\d)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a user says of a job; the fields are those of the options of a run.

    Attributes:
        on: ``slurm`` or ``slurm:PARTITION``.
        gpus: how many; 0 for the site's default.
        time: ``auto`` or a time span.
        slurm: further options of `sbatch`, ``KEY=VALUE`` separated by spaces.
    """

    on: str
    gpus: int = 0
    time: str = "auto"
    slurm: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Wanted | None:
        """Return what options of a run, or the record of one, say; None if it is to run on the launcher's host."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        return cls(**known) if is_slurm(str(known.get("on", ""))) else None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def require_asked(options: RunOptions) -> None:
    """Check that nothing is asked of Slurm for a run that is to stay on the launcher's host.

    Raises:
        InvalidHyperparameters: naming every field that is to blame.
    """
    if is_slurm(options.on):
        return
    asked = [name for name in Wanted.__dataclass_fields__ if name in options.model_fields_set - {"on"}]
    stray = [name for name in asked if getattr(options, name) != RunOptions.model_fields[name].default]
    if stray:
        raise InvalidHyperparameters(dict.fromkeys(stray, "is asked of Slurm alone: set on to slurm, or leave it out"))


def option_fields() -> tuple[FieldView, ...]:
    """Return the options of a run as forms show them: what Slurm is asked for only where jobs can be submitted."""
    ours = Wanted.__dataclass_fields__.keys()
    return tuple(view for view in fields_of(RunOptions) if view.name not in ours or tools.is_here())


def is_slurm(on: str) -> bool:
    """Tell whether a run is to be handed to Slurm."""
    return on.partition(":")[0] == "slurm"


def require(wanted: Wanted, device: str, home: Path) -> None:
    """Check what can be known of a job without asking Slurm.

    Raises:
        InvalidHyperparameters: naming every field that is to blame.
        WorkspaceError: if the site's defaults cannot be read.
    """
    problems = {}
    if not tools.is_here():
        problems["on"] = "there is no sbatch here: log in to a host of the cluster, or leave out --on"
    try:
        given = options(wanted, home)
    except InvalidHyperparameters as error:
        problems |= error.problems
        given = ()
    asked = {word.partition("=")[0].removeprefix("--") for word in given}
    if device.startswith(("cuda", "any")) and not asked & _GPUS:
        problems["device"] = f"{device} on Slurm needs a GPU to be asked for: add --gpus 1"
    if problems:
        raise InvalidHyperparameters(problems)


def options(wanted: Wanted, home: Path, *, seconds: float | None = None, threads: int = 0) -> tuple[str, ...]:
    """Return the words that `sbatch` is told of what a job needs: the site's, then the user's, which count more.

    Args:
        wanted: by the user.
        home: the workspace, in which the site's defaults lie.
        seconds: that earlier runs took at most; None if there are none.
        threads: that the run computes with; 0 if that is for the node to say.

    Raises:
        InvalidHyperparameters: if what the user says cannot be read.
        WorkspaceError: if the site's defaults cannot be read.
    """
    found: dict[str, str] = {"requeue": "", "signal": f"B:USR1@{WARNED_SECONDS}"} | _defaults(home)
    partition = wanted.on.partition(":")[2]
    if partition:
        found["partition"] = partition
    if wanted.gpus:
        found["gpus"] = str(wanted.gpus)
    if threads and "cpus-per-task" not in found:
        found["cpus-per-task"] = str(threads)
    if wanted.time != "auto":
        found["time"] = _clock(seconds_of(wanted.time))
    elif seconds is not None:
        found["time"] = _clock(max(LEAST_SECONDS, MARGIN * seconds))
    found |= _passed(wanted.slurm)
    return tuple(f"--{name}={value}" if value else f"--{name}" for name, value in found.items())


class Asking:
    """Makes up what is asked for runs of a workspace; of those with as much to do it looks once at earlier runs."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[tuple[str, Workload], float | None] = {}

    def job(
        self, wanted: Wanted, experiment: Experiment, values: Mapping[str, Any], threads: int, runs: int = 1
    ) -> Job:
        """Return a job as it is to be asked for, not submitted yet; it is to carry out ``runs`` such runs."""
        seconds = self._usual(experiment, values) if wanted.time == "auto" else None
        seconds = None if seconds is None else seconds * runs
        return Job(options=options(wanted, self._workspace.home, seconds=seconds, threads=threads))

    def _usual(self, experiment: Experiment, values: Mapping[str, Any]) -> float | None:
        key = (experiment.name, workload(experiment, values))
        if key not in self._known:
            self._known[key] = usual_seconds(self._workspace, experiment, values)
        return self._known[key]


def longest(jobs: Sequence[Job]) -> Job:
    """Return the job that asks for the most time, one that leaves the time to Slurm before all others."""

    def seconds(one: Job) -> float:
        times = [word.partition("=")[2] for word in one.options if word.startswith("--time=")]
        return seconds_of(times[-1]) if times and _SPAN.fullmatch(times[-1]) else math.inf

    return max(jobs, key=seconds)


def check(given: Sequence[str]) -> str:
    """Have Slurm say whether it would take such a job, and return what it says of its start; nothing is submitted.

    Raises:
        InvalidHyperparameters: if it would not.
        LaunchError: if it does not answer.
    """
    try:
        return tools.call("sbatch", "--test-only", *given, "--wrap=true").strip()
    except Refused as error:
        raise refusal(error) from error
    except Silent as error:
        raise LaunchError(f"{error}: try again later") from error


def refusal(error: Refused) -> InvalidHyperparameters:
    """Return the user's error of a job that Slurm will not take."""
    return InvalidHyperparameters({"on": f"Slurm takes no such job: {error}"})


def seconds_of(text: str) -> float:
    """Read a job's time as people and Slurm write it: ``2h``, ``90m``, ``1:30:00``, ``2-00:00:00``.

    Raises:
        InvalidHyperparameters: if it is none.
    """
    if found := _SPAN.fullmatch(text.strip()):
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    if text.strip().isdecimal():
        raise InvalidHyperparameters({"time": f"{text!r} has no unit: write 2h, 90m or 1:30:00"})
    try:
        return wording.seconds_of(text)
    except ValueError as error:
        raise InvalidHyperparameters({"time": str(error)}) from None


def usual_seconds(workspace: Workspace, experiment: Experiment, values: Mapping[str, Any]) -> float | None:
    """Return how long the longest of the latest runs took that had as much to do; None if none has finished."""
    longest, work = None, workload(experiment, values)
    for run in map(workspace.run, workspace.ids([experiment.name])[:TOLD_BY]):
        try:
            if run.status().state != "finished":
                continue
            earlier = run.record()
            if earlier.experiment == experiment.name and workload(experiment, earlier.hyperparameters) == work:
                longest = max(longest or 0.0, run.history().running())
        except WorkspaceError:  # it is damaged, or another user's
            continue
    return longest


def _clock(seconds: float) -> str:
    """Write a time for Slurm, whole minutes of it."""
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    return f"{hours}:{minutes:02d}:00"


def _defaults(home: Path) -> dict[str, str]:
    path = home / DEFAULTS
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise WorkspaceError(f"{path} cannot be read: {error}") from error
    if nested := [name for name, value in values.items() if isinstance(value, dict | list)]:
        raise WorkspaceError(f'{path}: {nested[0]} must be one value, as in account = "vision"')
    return _allowed(((name, _plain(value)) for name, value in values.items() if value is not False), str(path))


def _plain(value: Any) -> str:
    return "" if value is True else str(value)


def _passed(text: str) -> dict[str, str]:
    """Read ``KEY=VALUE`` separated by spaces; ``KEY`` alone for an option without a value."""
    words = text.split()
    pairs = [(name.removeprefix("--"), value) for name, _, value in (word.partition("=") for word in words)]
    return _allowed(pairs, "slurm")


def _allowed(pairs: Iterable[tuple[str, str]], where: str) -> dict[str, str]:
    found = {name.replace("_", "-"): value for name, value in pairs}
    if strange := [name for name in found if not re.fullmatch(r"[a-z][a-z0-9-]+", name)]:
        raise InvalidHyperparameters(
            {where: f"{strange[0]!r} is no option of sbatch: write its long name, as in account=vision"}
        )
    if ours := sorted(found.keys() & _OURS):
        raise InvalidHyperparameters({where: f"{ours[0]} is set by Phosphene itself, by which it finds the job again"})
    return found
