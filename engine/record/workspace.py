"""The folder that holds all runs: finding, listing, preparing and removing them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from engine.errors import DiskFull, PhospheneError, UnknownRun, WorkspaceError
from engine.paths import decoded, exists
from engine.record.annotations import FOLDER, LAST, NONE, Annotations, read_annotations
from engine.record.files import disk_errors, write_json
from engine.record.log import set_aside
from engine.record.run_directory import RunDirectory, RunRecord, Status
from engine.record.shared import owner_of, shared_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

SETTLED_AFTER = 2_000_000_000
"""Nanoseconds after which a folder's time tells whether it has changed."""
SWEEP = "sweep.json"
"""What a sweep was asked to do, in its folder."""
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters and digits that are not mistaken for each other."""

FIRST_ATTEMPT = "attempts/0001"
RUN_FOLDERS = ("images", "plots", "tables", "checkpoints", "control")
"""What a new run's directory holds besides its first attempt."""
ROOM = 16 << 20
"""Bytes that must be free for a run: its log and a few pictures; networks need more, and say so themselves."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A run as lists show it; ``record`` is None and ``status.reason`` says why if it cannot be read."""

    directory: RunDirectory
    record: RunRecord | None
    status: Status
    annotations: Annotations = NONE

    @property
    def id(self) -> str:
        """The run's id."""
        return self.directory.id

    @property
    def name(self) -> str:
        """The name given last: later, or at the launch; empty if there is none."""
        if self.annotations.name is not None:
            return self.annotations.name
        return self.record.name if self.record else ""


def default_home() -> Path:
    """Return where runs lie: ``PHOSPHENE_HOME``, or the user's data folder.

    Raises:
        WorkspaceError: if ``PHOSPHENE_HOME`` begins with the home of somebody who is not there.
    """
    home = os.environ.get("PHOSPHENE_HOME")
    try:
        return Path(home).expanduser() if home else Path(platformdirs.user_data_dir("phosphene", appauthor=False))
    except RuntimeError as error:
        raise WorkspaceError(f"PHOSPHENE_HOME is {home}, and there is no such user: write the whole path") from error


def _slug(experiment: str) -> str:
    """Return the name of an experiment as it stands in the ids of its runs."""
    return re.sub(r"[^a-z0-9]+", "-", experiment.lower()).strip("-") or "run"


class Workspace:
    """All runs under one folder."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = (home or default_home()).absolute()
        self.runs = self.home / "runs"
        self.sweeps = self.home / "sweeps"
        self.cache = self.home / "cache"
        self._ended: dict[str, tuple[int, Listed]] = {}
        self._annotated: dict[str, tuple[int, Annotations]] = {}

    def directories(self) -> list[RunDirectory]:
        """Return the run directories, unsorted."""
        try:
            names = [name for name in os.listdir(self.runs) if not name.startswith(".")]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise WorkspaceError(
                f"{self.runs} cannot be read ({error.strerror}): set PHOSPHENE_HOME to a folder of yours"
            ) from error
        return [RunDirectory(self.runs / name) for name in names if (self.runs / name).is_dir()]

    def trashed(self) -> list[RunDirectory]:
        """Return the removed runs that can be restored, the last one first."""
        try:
            entries = [entry for entry in os.scandir(self.home / "trash") if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return []
        entries.sort(key=lambda entry: entry.stat(follow_symlinks=False).st_ctime_ns, reverse=True)
        return [RunDirectory(Path(entry.path)) for entry in entries]

    def list(self) -> list[Listed]:
        """Return every run with its state, newest first; a damaged one is listed with what is wrong with it."""
        found = [self._listed(directory) for directory in self.directories()]
        return sorted(found, key=lambda run: (run.record.created if run.record else 0.0, run.id), reverse=True)

    def run(self, id: str) -> RunDirectory:  # noqa: A002 - that is what it is
        """Return the directory of the run of that id, which need not be there."""
        return RunDirectory(self.runs / id)

    def status(self, directory: RunDirectory) -> Status:
        """Return the state of a run; one that had ended when it was listed is read again only if it has changed."""
        known = self._ended.get(directory.id)
        if known:
            with contextlib.suppress(OSError):
                if directory.attempts_folder.stat().st_mtime_ns == known[0]:
                    return known[1].status
        return directory.status()

    def _listed(self, directory: RunDirectory) -> Listed:
        """List one run; an ended one is read again only when it has a new attempt."""
        try:
            changed = directory.attempts_folder.stat().st_mtime_ns
        except OSError:
            changed = 0
        annotations = self._annotations(directory)
        known = self._ended.get(directory.id)
        if known and known[0] == changed:
            listed = known[1]
        else:
            listed = _listed(directory)
            # What no event tells may turn out otherwise, as when Slurm starts a job after all.
            if listed.status.state in {"finished", "failed", "stopped"} and not listed.status.inferred:
                self._ended[directory.id] = (changed, listed)
        return listed if annotations is NONE else replace(listed, annotations=annotations)

    def _annotations(self, directory: RunDirectory) -> Annotations:
        """Return what was added to a run, read again only when its folder has changed."""
        try:
            changed = os.stat(f"{directory.path}/{FOLDER}").st_mtime_ns  # noqa: PTH116 - ten thousand times a listing
        except OSError:
            return NONE
        known = self._annotated.get(directory.id)
        if known and known[0] == changed:
            return known[1]
        annotations = read_annotations(directory)
        # A folder's time has coarse steps: what was written just now may be followed by more at the same time.
        if time.time_ns() - changed > SETTLED_AFTER:
            self._annotated[directory.id] = (changed, annotations)
        return annotations

    def ids(self, experiments: Iterable[str]) -> tuple[str, ...]:
        """Return the ids of the runs of some experiments, later dates first, as far as the ids alone tell."""
        slugs = {_slug(experiment) for experiment in experiments}
        try:
            names = sorted(os.listdir(self.runs), reverse=True) if slugs else []
        except OSError:  # what is wrong with it is said by lists
            return ()
        dated = [(name, re.sub(r"^\d{4}-\d{4}-", "", name)) for name in names if not name.startswith(".")]
        return tuple(name for name, rest in dated if rest.rpartition("-")[0] in slugs)

    def find(self, name: str) -> RunDirectory:
        """Return the run that ``name`` means: an id, the start or the last part of one, a run's name, or ``last``.

        Raises:
            UnknownRun: if there is none, or several.
        """
        directories = self.directories()
        if name == LAST:
            if not directories:
                raise UnknownRun("there are no runs yet; start one: phosphene run cnn")
            return max(directories, key=_created)
        by_id = {directory.id: directory for directory in directories}
        return by_id[meant(name, by_id, lambda run: name_of(by_id[run]))]

    def require_room(self) -> None:
        """Check that the disk has room for a run.

        Raises:
            DiskFull: saying how much is left.
        """
        place = next(folder for folder in (self.home, *self.home.parents) if exists(folder))
        try:
            free = shutil.disk_usage(place).free
        except OSError:  # what is wrong with it is said when it is written to
            return
        if free < ROOM:
            raise DiskFull(
                f"the disk under {self.home} is full: free some space or set PHOSPHENE_HOME to another disk "
                f"({free >> 20} MiB are free, and a run needs {ROOM >> 20})"
            )

    def prepare(self, record: RunRecord) -> tuple[RunRecord, Path]:
        """Write a new run's directory under a hidden name, ready to be renamed to its id.

        Returns:
            The record with its id, a new one unless it has one already, and the hidden directory.

        Raises:
            WorkspaceError: if the workspace cannot be written.
            DiskFull: if the disk is full; nothing is left behind.
        """
        with disk_errors(self.home):  # a path may be too long to be looked for
            record = replace(record, id=record.id or self.new_id(record.experiment, record.created))
        staged = self.stage(self.runs / record.id, RUN_FOLDERS, "run.json", record.to_json())
        return record, staged

    def stage(self, target: Path, folders: Iterable[str], name: str, document: Mapping[str, Any]) -> Path:
        """Write the directory of a run or of a sweep under a hidden name, ready to be renamed; return it.

        Args:
            target: the path that it shall have.
            folders: in it, besides the first attempt's.
            name: of the file that says what was asked for.
            document: its content.

        Raises:
            WorkspaceError: if the workspace cannot be written.
            DiskFull: if the disk is full; nothing is left behind.
        """
        with disk_errors(self.home):
            shared_folder(target.parent, self.home)
            _remove_stale(target.parent)
            staged = target.with_name(f".new-{target.name}-{secrets.token_hex(3)}")
            try:
                for folder in (FIRST_ATTEMPT, *folders):
                    (staged / folder).mkdir(parents=True)
                write_json(staged / name, document)
                (staged / FIRST_ATTEMPT / "output.log").touch()
                set_aside(staged / FIRST_ATTEMPT)
            except BaseException:  # an interruption too leaves nothing half-written
                shutil.rmtree(staged, ignore_errors=True)
                raise
        return staged

    def new_id(self, experiment: str, created: float) -> str:
        """Return an id that no run and no sweep of the workspace has, made of time, experiment and three characters."""
        stamp = time.strftime("%m%d-%H%M", time.localtime(created))
        while True:
            found = f"{stamp}-{_slug(experiment)}-{''.join(secrets.choice(ALPHABET) for _ in range(3))}"
            if not ((self.runs / found).exists() or (self.sweeps / found).exists()):
                return found

    def restore(self, name: str) -> RunDirectory:
        """Bring a removed run or sweep back from the trash: by its id, a part, its name, or ``last`` for the last one.

        Raises:
            UnknownRun: if none in the trash, or several, have that name, or a run of its id exists.
        """
        trashed = self.trashed()
        matches = trashed[:1] if name == LAST else [run for run in trashed if name and _answers(run, name)]
        if not matches:
            raise UnknownRun(f"there is no removed run {name!r}; in the trash: {_first(trashed) or 'nothing'}")
        if len(matches) > 1:
            raise UnknownRun(f"{name!r} could be any of {_first(matches)} in the trash; type more of it")
        kind, folder = ("sweep", self.sweeps) if (matches[0].path / SWEEP).exists() else ("run", self.runs)
        target = folder / _removed_id(matches[0])
        if target.exists():
            raise UnknownRun(f"there is a {kind} {target.name} already: remove it first")
        with disk_errors(self.home):
            shared_folder(folder, self.home)
            matches[0].path.rename(target)
        return RunDirectory(target)

    def remove(self, directory: RunDirectory, *, purge: bool = False) -> Path | None:
        """Move a run into the workspace's trash, or delete it for good.

        Returns:
            Where it lies now, or None if it is gone.
        """
        with disk_errors(self.home):
            trash = shared_folder(self.home / "trash", self.home)
            target = trash / f"{directory.id}-{secrets.token_hex(3)}"
            try:
                directory.path.rename(target)
            except PermissionError as error:
                owner = owner_of(directory.path)
                raise WorkspaceError(f"run {directory.id} is {owner}'s, and only {owner} can remove it") from error
            if not purge:
                return target
            shutil.rmtree(target)
        return None


def _remove_stale(folder: Path) -> None:
    """Remove what launchers that died before their process started left behind an hour ago or longer."""
    for stale in folder.glob(".new-*"):
        # Another launcher may give it its name, or remove it, at any time.
        with contextlib.suppress(FileNotFoundError):
            if time.time() - stale.stat().st_mtime > 3600:
                shutil.rmtree(stale, ignore_errors=True)


def _listed(directory: RunDirectory) -> Listed:
    try:
        status = directory.status()
    except (PhospheneError, OSError, ValueError, KeyError, TypeError) as error:
        status = Status("crashed", f"its log cannot be read: {error}")
    try:
        return Listed(directory, directory.record(), status)
    except PhospheneError as error:
        return Listed(directory, None, status if status.state == "private" else Status("crashed", str(error)))


def _removed_id(directory: RunDirectory) -> str:
    """Return the id that a run in the trash had; its folder's name there has one more part."""
    return directory.id.rpartition("-")[0]


def _answers(directory: RunDirectory, name: str) -> bool:
    run = _removed_id(directory)
    return (
        name == directory.id or run.startswith(name) or run.endswith(f"-{name}") or name_of(directory) == decoded(name)
    )


def _first(directories: list[RunDirectory]) -> str:
    return ", ".join(directory.id for directory in directories[:5])


def _created(directory: RunDirectory) -> tuple[float, str]:
    try:
        return float(json.loads((directory.path / "run.json").read_bytes())["created"]), directory.id
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0, directory.id


def meant(name: str, ids: Collection[str], name_of_run: Callable[[str], str], what: str = "run") -> str:
    """Return the id that a name means: itself, the one it begins or is the last part of, or that of the run so named.

    Args:
        name: as typed.
        ids: of all runs.
        name_of_run: returns the name of the run of an id; it is asked only if no id answers.
        what: the ids are of, ``run`` or ``sweep``.

    Raises:
        UnknownRun: if there is none, or several.
    """
    if name in ids:
        return name
    matches = [run for run in ids if name and (run.startswith(name) or run.endswith(f"-{name}"))]
    if not matches:
        matches = [run for run in ids if name and name_of_run(run) == decoded(name)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise UnknownRun(f"{name!r} could be any of {', '.join(sorted(matches)[:5])}; type more of the id")
    raise UnknownRun(f"there is no {what} {name!r}; see those there are: phosphene {what}s")


def name_of(directory: RunDirectory) -> str:
    """Return the name that a run was given last; empty if it has none or cannot be read."""
    if (name := read_annotations(directory).name) is not None:
        return name
    try:
        return directory.record().name
    except PhospheneError:
        return ""
