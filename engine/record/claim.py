"""Which worker serves an attempt. Worker and launcher both write it, so that a worker killed early is still known.

The first claim stands. So an order that two workers have got, because one seemed to hang, is served by one of them.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from engine.record.identity import Identity, kills_for_memory

NAME = "claim.json"
WITHOUT_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS}
"""What file systems answer that have no hard links, as those of memory cards; there the last claim stands."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The worker of an attempt.

    Attributes:
        worker: who it is.
        t: when it was started, in seconds since the epoch.
        kills_for_memory: how many processes the kernel had killed for lack of memory when the claim was written.
    """

    worker: Identity
    t: float
    kills_for_memory: int = 0


def write_claim(attempt: Path, worker: Identity) -> bool:
    """Claim the attempt for a worker; return False if another worker has claimed it.

    Raises:
        FileNotFoundError: if the attempt's folder is not there (any more).
        OSError: if the disk refuses.
    """
    # The folder is kept open: launcher and worker may each rename it while the other one writes.
    folder = os.open(attempt, os.O_RDONLY | os.O_DIRECTORY)
    held = Path(f"/proc/self/fd/{folder}")
    temporary = f".{NAME}.{secrets.token_hex(4)}"
    try:
        if found := read_claim(held):
            return found.worker == worker
        values = worker.to_json() | {"t": time.time(), "kills_for_memory": kills_for_memory()}
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666, dir_fd=folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(values, file)
        _name(temporary, folder)
        found = read_claim(held)
        return found is not None and found.worker == worker
    finally:
        _forget(temporary, folder)
        os.close(folder)


def _name(temporary: str, folder: int) -> None:
    """Give a written claim its name, unless another one has it."""
    try:
        os.link(temporary, NAME, src_dir_fd=folder, dst_dir_fd=folder)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in WITHOUT_LINKS:
            raise
        os.rename(temporary, NAME, src_dir_fd=folder, dst_dir_fd=folder)


def _forget(name: str, folder: int) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:
        return


def read_claim(attempt: Path) -> Claim | None:
    """Return the claim of an attempt; None if there is none yet, or if it is damaged."""
    try:
        values = json.loads((attempt / NAME).read_bytes())
        return Claim(Identity.from_json(values), float(values.get("t", 0)), int(values.get("kills_for_memory", 0)))
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None
