"""What people add to a run later: tags, a note, another name. Each addition is a file of its own beside ``run.json``.

Nobody ever writes to a file that is there, so two who annotate at once lose nothing, and a copied run keeps everything.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import PhospheneError, WorkspaceError
from engine.paths import decoded
from engine.record.files import disk_errors, write_json
from engine.record.shared import owner_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from engine.record.run_directory import RunDirectory

FOLDER = "annotations"
LONGEST_NAME = 200
"""Characters of a name."""
LAST = "last"
"""What the newest run, or sweep, is called."""


@dataclass(frozen=True, slots=True)
class Annotations:
    """What was added to a run, folded from its files.

    Attributes:
        tags: in alphabetical order.
        note: the last one; empty if there is none.
        name: the last one; None as long as the run has the name of its launch.
    """

    tags: tuple[str, ...] = ()
    note: str = ""
    name: str | None = None


NONE = Annotations()


def checked_tag(tag: str) -> str:
    """Return a tag as it is kept.

    Raises:
        PhospheneError: if it could not be typed into a filter or onto a command line.
    """
    if not re.fullmatch(r"\w[\w./:+-]{0,79}", tag := decoded(tag)):
        raise PhospheneError(f"{tag!r} cannot be a tag: take letters, digits and . / : + - _, a letter or digit first")
    return tag


def tag_run(run: RunDirectory, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
    """Give a run tags and take others away.

    Raises:
        PhospheneError: if one of them cannot be a tag.
        WorkspaceError, DiskFull: if it cannot be written; what was there before stays.
    """
    _append(run, {"kind": "tags", "add": [checked_tag(tag) for tag in add], "remove": [decoded(tag) for tag in remove]})


def note_run(run: RunDirectory, text: str) -> None:
    """Put a note on a run in place of an earlier one; raises as :func:`tag_run` does."""
    _append(run, {"kind": "note", "text": decoded(text)})


def checked_name(name: str) -> str:
    """Return the name of a run or of a sweep as it is kept.

    Raises:
        PhospheneError: if it is too long, or means something else where a run is named.
    """
    if len(name) > LONGEST_NAME:
        raise PhospheneError(f"the name has {len(name)} characters; it may have {LONGEST_NAME}")
    if (name := decoded(name)).strip() == LAST:
        raise PhospheneError(f"{LAST!r} cannot be a name, since it means the newest one: take another")
    return name


def rename_run(run: RunDirectory, name: str) -> None:
    """Give a run another name; ``run.json`` keeps that of the launch. Raises as :func:`checked_name` and `tag_run`."""
    _append(run, {"kind": "name", "text": checked_name(name)})


def read_annotations(run: RunDirectory) -> Annotations:
    """Return what was added to a run; a file that is damaged is passed over."""
    folder = run.path / FOLDER
    tags: set[str] = set()
    note = ""
    name: str | None = None
    for entry in _entries(folder):
        match _read(folder / entry):
            case {"kind": "tags", "add": list(add), "remove": list(remove)}:
                tags = (tags | {tag for tag in add if isinstance(tag, str)}) - {*map(str, remove)}
            case {"kind": "note", "text": str(text)}:
                note = text
            case {"kind": "name", "text": str(text)}:
                name = text
    return Annotations(tuple(sorted(tags)), note, name)


def _entries(folder: Path) -> list[str]:
    """Return the names of the files, in the order in which they were written."""
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(".json") and not name.startswith("."))
    except OSError:
        return []


def _read(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, Mapping) else {}


def _append(run: RunDirectory, annotation: Mapping[str, Any]) -> None:
    """Write one annotation into a file of its own, whose name sorts after those that this process can see."""
    folder = run.path / FOLDER
    with disk_errors(run.path.parent.parent):
        try:
            folder.mkdir(exist_ok=True)
            write_json(folder / _next_name(_entries(folder)), {"format": 1, **annotation})
        except PermissionError as error:
            owner = owner_of(run.path)
            raise WorkspaceError(f"run {run.id} is {owner}'s, and only {owner} can tag, note or rename it") from error
        except FileNotFoundError as error:
            raise WorkspaceError(f"run {run.id} is not there any more") from error


def _next_name(known: list[str]) -> str:
    """Return a file name that sorts by time and tells the writer: host, process and a random part."""
    # A clock that lags behind that of an earlier writer must not let the earlier word win.
    last = int(known[-1][:20]) + 1 if known and known[-1][:20].isdecimal() else 0
    host = re.sub(r"[^\w.]+", "_", socket.gethostname())
    return f"{max(time.time_ns(), last):020d}-{host}-{os.getpid()}-{secrets.token_hex(3)}.json"
