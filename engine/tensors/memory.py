"""How much memory is free: on a device, and on the host within the limits of its cgroups."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
FILES = {
    "2": ("memory.max", "memory.current", "inactive_file"),
    "1": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
"""By version of cgroups: the files of the limit and of what is used, and in ``memory.stat`` what of that is given back
as soon as it is asked for."""


def device_free(device: torch.device) -> int | None:
    """Return how many bytes of a GPU's memory are free, those that torch holds unused included; None for the CPU.

    Of an accelerator of another kind, which torch cannot ask, all is taken to be free.
    """
    if device.type != "cuda":
        return None if device.type == "cpu" else sys.maxsize
    free, _ = torch.cuda.mem_get_info(device)
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)


def host_free() -> int:
    """Return how many bytes this process may still take without swapping, as the machine and its cgroups allow."""
    return min([int(psutil.virtual_memory().available), *_left_in_cgroups()])


def _left_in_cgroups() -> Iterator[int]:
    """Yield what each cgroup that this process is in, and each around it, leaves of its limit."""
    with contextlib.suppress(OSError):
        for line in MEMBERSHIP.read_text().splitlines():
            number, controllers, path = line.split(":", 2)
            if number == "0":
                root, files = CGROUPS, FILES["2"]
            elif "memory" in controllers.split(","):
                root, files = CGROUPS / "memory", FILES["1"]
            else:
                continue
            place = root / path.lstrip("/")
            # In a container the path may be the host's; its own group is the root then.
            for folder in (place, *(above for above in place.parents if above.is_relative_to(root))):
                yield from _left(folder, *files)


def _left(folder: Path, limit: str, used: str, idle: str) -> Iterator[int]:
    """Yield what a cgroup leaves of its limit, or nothing if it has none."""
    with contextlib.suppress(OSError, ValueError):
        bound = int((folder / limit).read_text())
        taken = int((folder / used).read_text())
        for line in (folder / "memory.stat").read_text().splitlines():
            name, _, value = line.partition(" ")
            if name == idle:
                taken -= int(value)
        yield max(0, bound - taken)
