"""What a worker takes of this machine's memory, and the most that it has taken."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from engine.control import nvml
from engine.record.events import Pulse

if TYPE_CHECKING:
    from engine.control.nvml import Gpu

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Usage:
    """The memory of this process, on the host and on its GPU if it has one."""

    def __init__(self) -> None:
        self.gpu: Gpu | None = None
        self._device = 0

    def pulse(self) -> Pulse:
        """Measure; return it as a sign of life."""
        resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        self._device = max(self._device, self._of_torch(), self._of_driver())
        return Pulse(time.time(), resident, max(peak, resident), self._device)

    def _of_torch(self) -> int:
        """Return the most that torch has had, its cache included; a program that needs no torch has imported none."""
        devices = sys.modules.get("engine.tensors.devices")
        return int(devices.most_memory()) if devices and self.gpu else 0

    def _of_driver(self) -> int:
        """Return what the driver says of this process, with CUDA's own part; in a container it says nothing."""
        if self.gpu is None:
            return 0
        pid = os.getpid()
        return next((each.memory or 0 for each in nvml.processes(self.gpu) if each.pid == pid), 0)
