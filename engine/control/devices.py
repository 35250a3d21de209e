"""Which devices this machine has and how busy they are, found without torch."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import Any

from engine.errors import DataUnavailable, LaunchError

ROOM = 256 << 20
"""Bytes of a GPU's memory below which no program can begin: CUDA alone needs about as many."""


@functools.cache
def _visible() -> tuple[Any, ...]:
    """Return NVML's handles of the GPUs that CUDA would see, in its order; empty where there is no driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
        named = os.environ.get("CUDA_VISIBLE_DEVICES")
        entries = map(str, range(count)) if named is None else (entry.strip() for entry in named.split(","))
        handles = []
        for entry in entries:
            # As CUDA does it: by number or by name, up to the first entry that does not exist.
            if entry.isdigit() and int(entry) < count:
                handles.append(pynvml.nvmlDeviceGetHandleByIndex(int(entry)))
            elif entry.startswith(("GPU-", "MIG-")):
                handles.append(pynvml.nvmlDeviceGetHandleByUUID(entry))
            else:
                break
    except pynvml.NVMLError:
        return ()
    return tuple(handles)


@functools.cache
def gpu_names() -> tuple[str, ...]:
    """Return the names of the GPUs that CUDA would see."""
    handles = _visible()
    if not handles:
        return ()
    import pynvml

    try:
        return tuple(str(pynvml.nvmlDeviceGetName(handle)) for handle in handles)
    except pynvml.NVMLError:
        return ("GPU",) * len(handles)


def resolve_device(name: str) -> str:
    """Return the device that ``auto`` or ``cuda`` means here: ``cpu`` or ``cuda:N``."""
    if name == "auto":
        return "cuda:0" if gpu_names() else "cpu"
    return "cuda:0" if name == "cuda" else name


def device_names() -> tuple[str, ...]:
    """Return what may stand for a device here."""
    return ("auto", "cpu", *(f"cuda:{number}" for number in range(len(gpu_names()))))


def require_device(device: str, *, queued: bool) -> None:
    """Check that a device is there, and that nobody else has filled a GPU's memory.

    Args:
        device: ``cpu`` or ``cuda:N``, as resolved.
        queued: whether runs of ours are on it, or wait for it: they may have filled it, and will leave it.

    Raises:
        DataUnavailable: if it is not there.
        LaunchError: if it is full.
    """
    if device == "cpu":
        return
    names = gpu_names()
    number = int(device.partition(":")[2])
    if number >= len(names):
        there = ", ".join(f"cuda:{i} ({name})" for i, name in enumerate(names))
        raise DataUnavailable(f"there is no {device} here: take cpu{f' or {there}' if there else ''}")
    free = _free(number)
    if not queued and free is not None and free < ROOM:
        raise LaunchError(f"{device} is full, {free >> 20} MiB are free: wait, or take another device")


def _free(number: int) -> int | None:
    """Return how many bytes of a GPU's memory are free, or None if it does not answer."""
    import pynvml

    try:
        memory = pynvml.nvmlDeviceGetMemoryInfo(_visible()[number])
    except pynvml.NVMLError:
        return None
    return int(memory.total - memory.used)


def queue_name(device: str) -> str:
    """Return the name of a device's queue: a GPU's unique id, because CUDA may number it differently elsewhere."""
    _, _, number = device.partition(":")
    handles = _visible() if number else ()
    if int(number or 0) >= len(handles):
        return device
    import pynvml

    try:
        return str(pynvml.nvmlDeviceGetUUID(handles[int(number)]))
    except pynvml.NVMLError:
        return device


def device_of(queue: str) -> str:
    """Return the device whose queue has that name; the name itself if no device here has."""
    return next((device for device in device_names()[1:] if queue_name(device) == queue), queue)


@dataclass(frozen=True, slots=True)
class GpuLoad:
    """How busy a GPU is: ``utilisation`` in percent, memory in bytes."""

    name: str
    utilisation: int
    used: int
    total: int


@dataclass(frozen=True, slots=True)
class MachineLoad:
    """How busy this machine is: ``cpu`` in percent since the last measurement, memory in bytes."""

    cpu: float
    used: int
    total: int
    gpus: tuple[GpuLoad, ...] = ()


def machine_load() -> MachineLoad:
    """Measure CPU, memory and GPUs; a GPU that does not answer is left out."""
    import psutil

    memory = psutil.virtual_memory()
    return MachineLoad(psutil.cpu_percent(), memory.total - memory.available, memory.total, tuple(_gpu_loads()))


def _gpu_loads() -> list[GpuLoad]:
    handles = _visible()
    if not handles:
        return []
    import pynvml

    loads = []
    for handle, name in zip(handles, gpu_names(), strict=True):
        try:
            memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
            utilisation = int(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
        except pynvml.NVMLError:
            continue
        loads.append(GpuLoad(name, utilisation, memory.used, memory.total))
    return loads
