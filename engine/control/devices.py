"""Which devices this machine has, which of them a run may take, and how busy they are; found without torch."""

from __future__ import annotations

import functools
import os
import re
import threading
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from engine import wording
from engine.control import nvml
from engine.control.numbering import numbered
from engine.errors import DataUnavailable, MachineFailure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.control.nvml import Gpu

CPU = "cpu"
ANY = "any"
AUTO = "auto"
FIRST_SECONDS = 0.1
"""Measured at the first question how busy the processors are."""


@functools.cache
def visible() -> tuple[Gpu, ...]:
    """Return the GPUs that CUDA would see, in the order of its numbers; none where there is no driver."""
    return numbered(nvml.driver().gpus, os.environ.get("CUDA_VISIBLE_DEVICES"))


@functools.cache
def cuda_of_torch() -> tuple[int, int]:
    """Return the CUDA that the installed torch is built for, major and minor; (0, 0) if it is built for CPUs."""
    spec = find_spec("torch")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        text = (Path(folder) / "version.py").read_text(encoding="utf-8")
        if found := re.search(r"""^cuda\b[^=]*=\s*['"](\d+)\.(\d+)""", text, re.MULTILINE):
            return int(found[1]), int(found[2])
    return 0, 0


def gpus_unusable() -> str:
    """Return in one line why no run here can use the GPUs, although there are some; empty if one can."""
    if not visible():
        return nvml.driver().trouble
    (built, minor), able = cuda_of_torch(), nvml.driver().cuda
    if not built:
        return "the installed torch is built for CPUs: install one that is built for CUDA"
    if able != (0, 0) and able[0] < built:
        # Within one major version newer minor ones run on older drivers.
        return (
            f"the NVIDIA driver {nvml.driver().version} is too old: it runs CUDA {able[0]}.{able[1]}, and torch is "
            f"built for {built}.{minor}; update the driver, or install a torch for CUDA {able[0]}"
        )
    troubles = [f"cuda:{number} ({gpu.name or 'GPU'}) {gpu.trouble}" for number, gpu in enumerate(visible())]
    return "; ".join(troubles) if all(gpu.trouble for gpu in visible()) else ""


def recorded_device(name: str) -> str:
    """Return what the record of a run says that asked for a device: ``auto`` is the CPU where no GPU can be used."""
    if name == AUTO and (not visible() or gpus_unusable()):
        return CPU
    return ANY if name == "cuda" else name


def gpu_lines() -> tuple[str, ...]:
    """Return a line for each GPU that CUDA would see: its name, its memory, or why it cannot be used."""
    return tuple(f"cuda:{number} {gpu.name or 'GPU'}: {_told(gpu)}" for number, gpu in enumerate(visible()))


def _told(gpu: Gpu) -> str:
    if trouble := nvml.still_there(gpu):
        return trouble
    memory = nvml.memory(gpu)
    if memory is None:
        return "it does not say how much memory it has"
    return f"{wording.size(memory.free)} of {wording.size(memory.total)} free"


def driver_line() -> str:
    """Return the version of the NVIDIA driver and the CUDA that it runs; empty without one that answers."""
    driver = nvml.driver()
    cuda = f", CUDA {driver.cuda[0]}.{driver.cuda[1]}" * (driver.cuda != (0, 0))
    return f"{driver.version}{cuda}" if driver.version else ""


def device_names() -> tuple[str, ...]:
    """Return what may stand for a device here."""
    count = len(visible())
    return (AUTO, CPU, *([ANY] if count > 1 else []), *(f"cuda:{number}" for number in range(count)))


def device_set(name: str) -> tuple[str, ...]:
    """Return the queue names of the devices that a run may take: ``cpu``, or the UUIDs of GPUs.

    Args:
        name: ``auto``, ``cpu``, ``any``, ``cuda``, ``cuda:1`` or ``cuda:1,2``.

    Raises:
        DataUnavailable: if one that is named is not there.
        MachineFailure: if none of them can be used.
    """
    name = recorded_device(name)
    if name == CPU:
        return (CPU,)
    gpus = visible()
    there = ", ".join(f"cuda:{i} ({gpu.name})" for i, gpu in enumerate(gpus))
    numbers = range(len(gpus)) if name in {ANY, AUTO} else [int(part) for part in name.partition(":")[2].split(",")]
    for number in numbers:
        if number >= len(gpus):
            raise DataUnavailable(f"there is no cuda:{number} here: take cpu{f' or {there}' if there else ''}{_why()}")
    if not numbers:
        raise DataUnavailable(f"there is no GPU here: take cpu{_why()}")
    if why := gpus_unusable():
        raise MachineFailure(f"no GPU can be used: {why}")
    troubles = {number: nvml.still_there(gpus[number]) for number in numbers}
    if all(troubles.values()):
        raise MachineFailure("; ".join(f"cuda:{number} {trouble}" for number, trouble in troubles.items()))
    return tuple(dict.fromkeys(_queue_name(number) for number, trouble in troubles.items() if not trouble))


def _why() -> str:
    trouble = nvml.driver().trouble
    return f" ({trouble})" if trouble else ""


def _queue_name(number: int) -> str:
    """Return by what all processes know a GPU: CUDA may number it differently in another one."""
    return visible()[number].uuid.replace("/", "+") or f"cuda:{number}"


def device_of(queue: str) -> str:
    """Return how this process names a device, ``cuda:1``; the name itself if it sees none of that name."""
    names = (number for number in range(len(visible())) if _queue_name(number) == queue)
    return next((f"cuda:{number}" for number in names), queue)


def set_name(queues: Sequence[str]) -> str:
    """Return how users write a set of devices: ``cpu``, ``any``, ``cuda:1,2``."""
    names = [device_of(queue) for queue in queues]
    if len(names) > 1 and len(names) == len(visible()):
        return ANY
    numbers = [name.removeprefix("cuda:") for name in names]
    return f"cuda:{','.join(numbers)}" if all(number.isdigit() for number in numbers) else ", ".join(names)


def gpu_of(queue: str) -> Gpu | None:
    """Return the GPU of that queue name; None for the CPU, and for one that this process cannot ask."""
    return next((gpu for gpu in _known() if (gpu.uuid.replace("/", "+")) == queue), None)


def _known() -> Iterable[Gpu]:
    return (gpu for gpu in nvml.driver().gpus if gpu.uuid)


def only_see(queue: str) -> str:
    """Let CUDA see one device alone in this process, before it is first asked; return torch's name of the device.

    By its UUID, so that it is that one in whatever order CUDA numbers them, an instance of a GPU in MIG mode too.
    """
    gpu = gpu_of(queue)
    if gpu is None:
        return queue
    os.environ["CUDA_VISIBLE_DEVICES"] = gpu.uuid
    return "cuda:0"


@dataclass(frozen=True, slots=True)
class GpuLoad:
    """How busy a GPU is: ``utilisation`` in percent, memory in bytes; None where the driver does not say."""

    name: str
    utilisation: int | None
    used: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class MachineLoad:
    """How busy this machine is: ``cpu`` in percent since the last measurement, memory in bytes.

    ``trouble`` says in one line why GPUs that are there cannot be used; see :func:`gpus_unusable`.
    """

    cpu: float
    used: int
    total: int
    gpus: tuple[GpuLoad, ...] = ()
    trouble: str = ""


def machine_load() -> MachineLoad:
    """Measure CPU, memory and GPUs."""
    import psutil

    memory = psutil.virtual_memory()
    loads = tuple(map(_load, visible()))
    return MachineLoad(_PROCESSORS.percent(), memory.total - memory.available, memory.total, loads, gpus_unusable())


class _Processors:
    """How busy the processors are, whichever thread asks: psutil counts for each thread by itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before: tuple[float, float] | None = None
        self._percent = 0.0

    def percent(self) -> float:
        """Return how busy they were since the last question, in percent; at the first one, since just before."""
        with self._lock:
            if self._before is None:
                self._before = _processor_seconds()
                time.sleep(FIRST_SECONDS)
            now = _processor_seconds()
            whole, idle = (after - before for after, before in zip(now, self._before, strict=True))
            if whole > 0:
                self._before = now
                self._percent = 100 * min(max(1 - idle / whole, 0.0), 1.0)
            return self._percent


def _processor_seconds() -> tuple[float, float]:
    """Return the seconds of all processors since the machine started, and those in which they were idle."""
    import psutil

    times = psutil.cpu_times()
    # Linux counts what guests take as its own time, too.
    whole = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return whole, times.idle + getattr(times, "iowait", 0.0)


_PROCESSORS = _Processors()


def _load(gpu: Gpu) -> GpuLoad:
    if gpu.trouble:
        return GpuLoad(gpu.name or "GPU", None, None, None)
    memory = nvml.memory(gpu)
    return GpuLoad(gpu.name, nvml.utilisation(gpu), memory.used if memory else None, memory.total if memory else None)
