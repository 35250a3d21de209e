"""Folders that several people may share: what is made inside a workspace has the permissions of the workspace.

A lab makes its workspace once, as with ``mkdir -m 2770``; without this the first user's umask would close the queue
and the cache to all others. The directory of a run belongs to whoever launched it and follows that user's umask.
"""

from __future__ import annotations

import contextlib
from pathlib import Path


def shared_folder(path: Path, home: Path) -> Path:
    """Make a folder below a workspace if it is not there, each new part with the permissions of ``home``; return it.

    Raises:
        OSError: if the disk refuses.
    """
    if path.is_dir():
        return path
    if path == home:
        home.mkdir(parents=True, exist_ok=True)
        return home
    shared_folder(path.parent, home)
    with contextlib.suppress(FileExistsError):
        path.mkdir()
        path.chmod(home.stat().st_mode & 0o7777)
    return path


def share_file(path: Path) -> None:
    """Let a new file be read and written by those who may read and write its folder."""
    path.chmod(0o600 | (path.parent.stat().st_mode & 0o066))


def owner_of(path: Path) -> str:
    """Return the name of the user a file belongs to, or the number where there is no name."""
    try:
        return path.owner()
    except KeyError:
        return str(path.stat().st_uid)
    except OSError:
        return "somebody"
