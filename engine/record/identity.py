"""Who a process is: boot, process-number namespace, number and start time. A number alone proves nothing."""

from __future__ import annotations

import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Identity:
    """A process of this or another host.

    Attributes:
        host: host name, for people.
        boot: the kernel's boot id.
        namespace: the process-number namespace (containers have their own).
        pid: process number.
        start: start time in clock ticks since boot, field 22 of ``/proc/<pid>/stat``.
    """

    host: str
    boot: str
    namespace: str
    pid: int
    start: int

    @classmethod
    def own(cls) -> Identity:
        """Return the identity of this process."""
        return cls.of(os.getpid())

    @classmethod
    def of(cls, pid: int) -> Identity:
        """Return the identity of a process that this one can see; if it is gone, start is 0 and it counts as dead."""
        return cls(socket.gethostname(), _boot(), _namespace(), pid, _start(pid) or 0)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Identity:
        """Rebuild an identity written by :meth:`to_json`.

        Raises:
            ValueError: if a value is missing or of the wrong type.
        """
        try:
            texts = {name: str(values[name]) for name in ("host", "boot", "namespace")}
            return cls(**texts, pid=int(values["pid"]), start=int(values["start"]))
        except (TypeError, KeyError) as error:
            raise ValueError(f"no identity of a process: {error!r}") from error

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    def presence(self) -> Literal["alive", "dead", "elsewhere"]:
        """Say whether the process lives; ``elsewhere`` if it cannot be seen from here."""
        if self.boot == _boot():
            if self.namespace != _namespace():
                return "elsewhere"
            return "alive" if _start(self.pid) == self.start else "dead"
        return "dead" if self.host == socket.gethostname() else "elsewhere"


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _namespace() -> str:
    return str(Path("/proc/self/ns/pid").readlink())


def _start(pid: int) -> int | None:
    """Return the start time of a process, or None if it is gone or only waits to be reaped."""
    try:
        # The command's name, in brackets, may hold anything: the fields are counted from the last bracket.
        after = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if after[0] in b"ZX" else int(after[19])


def kills_for_memory() -> int:
    """Return how many processes this kernel has killed for lack of memory since it started; 0 where it does not say."""
    for line in Path("/proc/vmstat").read_text().splitlines():
        if line.startswith("oom_kill "):
            return int(line.split()[1])
    return 0
