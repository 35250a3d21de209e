"""Reports that are kept in a workspace, as ``reports/NAME.toml``: found by name, and changed by several at once."""

from __future__ import annotations

import contextlib
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine import wording
from engine.errors import PhospheneError, ReadOnly
from engine.paths import decoded
from engine.record.files import disk_errors, file_name, write_atomically
from engine.record.shared import share_file, shared_folder
from engine.report import edits
from engine.report import outline as outlines
from engine.report.outline import Outline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.report.edits import Edit

ENDING = ".toml"
_TRIES = 50
"""Times that a change is made anew because somebody without our lock, an editor, has written meanwhile."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A report as its file was read.

    Attributes:
        name: of the report, that of its file.
        path: of the file.
        text: of the file.
        outline: that it holds; None if there is a mistake in it.
        problem: the mistake, with its line; empty for none.
    """

    name: str
    path: Path
    text: str = ""
    outline: Outline | None = None
    problem: str = ""

    @property
    def title(self) -> str:
        """Its title, or its name where it has none."""
        return (self.outline.title if self.outline is not None else "") or self.name


@dataclass(frozen=True, slots=True)
class Change:
    """What was done to a report; both are the same where nothing had to be done."""

    before: Kept
    after: Kept


class KeptReports:
    """The reports of a workspace.

    Whoever changes one through this holds a lock, and changes what the file holds at that moment. So nothing is lost
    where two add to a report at once. A file with a mistake in it is never written to.

    Args:
        home: the workspace's folder.
        read_only: whether they may only be looked at.
    """

    def __init__(self, home: Path, *, read_only: bool = False) -> None:
        self.home = home
        self.folder = home / "reports"
        self.read_only = read_only

    def names(self) -> list[str]:
        """Return the names of all reports, in alphabetical order."""
        found = (path.stem for path in self.folder.glob(f"*{ENDING}") if not path.name.startswith("."))
        return sorted(name for name in found if name == decoded(name))

    def path(self, name: str) -> Path:
        """Return the file of the report of that name, which need not be there."""
        return self.folder / f"{name}{ENDING}"

    def find(self, name: str) -> str:
        """Return the name of the report that is meant: by its name, or by its title.

        Raises:
            PhospheneError: if there is none, or several have that title.
        """
        names, wanted = self.names(), decoded(name)
        titled = [wanted] if wanted in names else self.titled(wanted)
        if len(titled) == 1:
            return titled[0]
        if titled:
            raise PhospheneError(f"several reports are called {wanted!r}: take one of the names {', '.join(titled)}")
        hint = wording.meant(wanted, names, "see those there are: phosphene outline list")
        raise PhospheneError(f"there is no report {wanted!r}; {hint}")

    def titled(self, title: str) -> list[str]:
        """Return the names of the reports of that title."""
        return [name for name in self.names() if self.look(name).title == decoded(title)]

    def look(self, name: str) -> Kept:
        """Return a report as it is now; a mistake in it is told, not raised."""
        path = self.path(name)
        text = ""
        try:
            text = outlines.content(path)
            return Kept(name, path, text, outlines.parsed(text, str(path)))
        except PhospheneError as error:
            return Kept(name, path, text, None, str(error))

    def read(self, name: str) -> Kept:
        """Return a report as it is now.

        Raises:
            PhospheneError: if it cannot be read, or there is a mistake in it, with its line.
        """
        kept = self.look(name)
        if kept.problem:
            raise PhospheneError(kept.problem)
        return kept

    # -- changing -----------------------------------------------------------------------------------------------------

    def begin(self, title: str) -> str:
        """Begin a report without parts unless there is one of that name already; return its name.

        Raises:
            PhospheneError: if a file cannot be called so.
            WorkspaceError, DiskFull: if it cannot be written.
            ReadOnly: if reports may only be looked at.
        """
        title = " ".join(decoded(title).split())
        if not title:
            raise PhospheneError("a report needs a name")
        name = file_name(title).lstrip("-")
        with self._locked():
            path = self.path(name)
            if not path.exists():
                self._write(path, outlines.written(Outline(title)))
        return name

    def change(self, name: str, edit: Edit) -> Change:
        """Change a report; nothing is written where the edit changes nothing.

        Raises:
            PhospheneError: if there is a mistake in its file, or the edit does not fit what it holds now.
            WorkspaceError, DiskFull: if it cannot be written; it stays as it was.
            ReadOnly: if reports may only be looked at.
        """
        with self._locked():
            for _ in range(_TRIES):
                before = self.read(name)
                assert before.outline is not None, "what is read has an outline"
                after = edit(before.outline)
                if edits.same(before.outline, after):
                    return Change(before, before)
                if self._swap(before, edits.rewritten(before.text, after)):
                    return Change(before, self.read(name))
        raise PhospheneError(f"{self.path(name)} is written to again and again by somebody else: try again later")

    def put_back(self, change: Change) -> Change:
        """Undo a change; return what was done.

        Raises:
            PhospheneError: if the report has been changed since.
            WorkspaceError, DiskFull: if it cannot be written.
            ReadOnly: if reports may only be looked at.
        """
        name = change.after.name
        with self._locked():
            if not self._swap(change.after, change.before.text):
                raise PhospheneError(f"somebody has changed the report {name} since: that cannot be undone any more")
        return Change(change.after, self.look(name))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        if self.read_only:
            raise ReadOnly("reports may only be looked at here: open Phosphene without --read-only to change something")
        with disk_errors(self.home):
            shared_folder(self.folder, self.home)
            place = self.folder / ".lock"
            try:
                lock = os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
                share_file(place)
            except FileExistsError:
                lock = os.open(place, os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _swap(self, seen: Kept, text: str) -> bool:
        """Write a report unless its file is another one than was seen; return whether it was written."""
        if self.look(seen.name).text != seen.text:
            return False
        self._write(seen.path, text)
        return True

    def _write(self, path: Path, text: str) -> None:
        place = path.resolve()  # a link stays a link

        def write(temporary: Path) -> None:
            temporary.write_bytes(text.encode("utf-8", "backslashreplace"))
            with contextlib.suppress(OSError):
                temporary.chmod(place.stat().st_mode & 0o7777)

        with disk_errors(self.home):
            new = not place.exists()
            write_atomically(place, write)
            if new:
                share_file(place)
