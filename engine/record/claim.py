"""Who serves an attempt: written once, by its worker or by the launcher on its behalf, whoever comes first."""

from __future__ import annotations

import json
import os
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.record.identity import Identity, kills_for_memory

if TYPE_CHECKING:
    from pathlib import Path

NAME = "claim.json"


@dataclass(frozen=True, slots=True)
class Claim:
    """The worker of an attempt.

    Attributes:
        worker: who it is.
        t: when it was started, in seconds since the epoch.
        kills_for_memory: how many processes its kernel had ended for want of memory by then.
    """

    worker: Identity
    t: float
    kills_for_memory: int = 0


def write_claim(attempt: Path, worker: Identity) -> bool:
    """Write that the attempt is this worker's; return False if it is another one's.

    Raises:
        FileNotFoundError: if the attempt's folder is not there (any more).
        OSError: if the disk refuses.
    """
    # Everything goes through the open folder, which may be renamed by the other of the two at any time.
    folder = os.open(attempt, os.O_RDONLY | os.O_DIRECTORY)
    temporary = f".{NAME}.{secrets.token_hex(4)}"
    try:
        if found := read_claim(attempt):
            return found.worker == worker
        values = worker.to_json() | {"t": time.time(), "kills_for_memory": kills_for_memory()}
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666, dir_fd=folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(values, file)
        os.rename(temporary, NAME, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError:
        _forget(temporary, folder)
        raise
    finally:
        os.close(folder)
    return True


def _forget(name: str, folder: int) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:
        return


def read_claim(attempt: Path) -> Claim | None:
    """Return the claim of an attempt; None while there is none, and if it is damaged."""
    try:
        values = json.loads((attempt / NAME).read_bytes())
        return Claim(Identity.from_json(values), float(values.get("t", 0)), int(values.get("kills_for_memory", 0)))
    except (OSError, ValueError, TypeError, AttributeError):
        return None
