"""Which devices this machine has and how busy they are, found without torch."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass


@functools.cache
def gpu_names() -> tuple[str, ...]:
    """Return the names of the GPUs that CUDA would see, through NVML; empty where there is no driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    names = [
        str(pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(i))) for i in range(pynvml.nvmlDeviceGetCount())
    ]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        names = [names[int(i)] for i in visible.split(",") if i.strip().isdigit() and int(i) < len(names)]
    return tuple(names)


def resolve_device(name: str) -> str:
    """Return the device that ``auto`` or ``cuda`` means here: ``cpu`` or ``cuda:N``."""
    if name == "auto":
        return "cuda:0" if gpu_names() else "cpu"
    return "cuda:0" if name == "cuda" else name


@dataclass(frozen=True, slots=True)
class GpuLoad:
    """How busy a GPU is: ``utilisation`` in percent, memory in bytes."""

    name: str
    utilisation: int
    used: int
    total: int


@dataclass(frozen=True, slots=True)
class MachineLoad:
    """How busy this machine is: ``cpu`` in percent since the last look, memory in bytes."""

    cpu: float
    used: int
    total: int
    gpus: tuple[GpuLoad, ...] = ()


def machine_load() -> MachineLoad:
    """Look at CPU, memory and GPUs; a GPU that does not answer is left out."""
    import psutil

    memory = psutil.virtual_memory()
    return MachineLoad(psutil.cpu_percent(), memory.total - memory.available, memory.total, tuple(_gpu_loads()))


def _gpu_loads() -> list[GpuLoad]:
    names = gpu_names()
    if not names:
        return []
    import pynvml

    loads = []
    for index, name in enumerate(names):
        try:
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
            loads.append(
                GpuLoad(name, int(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu), memory.used, memory.total)
            )
        except pynvml.NVMLError:
            continue
    return loads
