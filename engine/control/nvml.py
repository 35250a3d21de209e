"""The GPUs of this host as NVML tells of them, and in one line why it does not. Nothing else asks NVML.

A GPU in MIG mode stands here as its instances, each of which has memory and programs of its own.
"""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NO_PERMISSION, NOT_LOADED, NO_LIBRARY, NO_FUNCTION, LOST, MISMATCH = 4, 9, 12, 13, 15, 18
"""NVML's numbers of errors."""
_SENTENCES = {
    NO_PERMISSION: "this user may not ask the NVIDIA driver: get access to /dev/nvidia*",
    NOT_LOADED: "the NVIDIA driver is not loaded: load it (modprobe nvidia), or restart the machine",
    NO_FUNCTION: "the NVIDIA driver is too old: update it",
    LOST: "a GPU has fallen off the bus: restart the machine",
    MISMATCH: "the NVIDIA driver was updated while the old one is loaded: restart the machine",
}


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU, or an instance of one in MIG mode.

    Attributes:
        uuid: by which CUDA and NVML both know it: ``GPU-...`` or ``MIG-...``; empty if it does not say.
        name: of its kind, without the maker's.
        index: of the whole GPU in NVML's order, which is that of the PCI bus.
        whole: the UUID of the GPU that it is an instance of; its own if it is none.
        trouble: why it cannot be used; empty if it can.
        handle: NVML's.
    """

    uuid: str
    name: str
    index: int
    whole: str = ""
    trouble: str = ""
    handle: Any = None


@dataclass(frozen=True, slots=True)
class Memory:
    """Of a GPU, in bytes."""

    used: int
    total: int

    @property
    def free(self) -> int:
        """What is left."""
        return self.total - self.used


@dataclass(frozen=True, slots=True)
class Process:
    """A process on a GPU; ``memory`` in bytes, None if the driver does not say."""

    pid: int
    memory: int | None


@dataclass(frozen=True, slots=True)
class Driver:
    """What the driver answered when it was first asked.

    Attributes:
        gpus: in NVML's order, the instances of a GPU in MIG mode in its place.
        trouble: why there are none, or not all, in one line; empty without a GPU or where all is well.
        version: of the driver; empty if it does not say.
        cuda: the newest CUDA that it can run, major and minor; (0, 0) if it does not say.
    """

    gpus: tuple[Gpu, ...] = ()
    trouble: str = ""
    version: str = ""
    cuda: tuple[int, int] = (0, 0)


@functools.cache
def driver() -> Driver:
    """Ask the driver, once in a process."""
    import pynvml

    try:
        pynvml.nvmlInit()
        count = int(pynvml.nvmlDeviceGetCount())
    except pynvml.NVMLError as error:
        return Driver(trouble=said(error) if _code(error) != NO_LIBRARY else "")
    gpus = tuple(gpu for index in range(count) for gpu in _at(index))
    version = _answer(lambda: str(pynvml.nvmlSystemGetDriverVersion())) or ""
    cuda = _answer(lambda: int(pynvml.nvmlSystemGetCudaDriverVersion())) or 0
    troubles = [f"GPU {gpu.index}{f' ({gpu.name})' * bool(gpu.name)} {gpu.trouble}" for gpu in gpus if gpu.trouble]
    return Driver(gpus, "; ".join(troubles), version, (cuda // 1000, cuda % 1000 // 10))


def said(error: Exception) -> str:
    """Say in one line what an error of NVML means and what to do."""
    text = " ".join(str(error).split())
    return _SENTENCES.get(_code(error), f"the NVIDIA driver says: {text or type(error).__name__}")


def memory(gpu: Gpu) -> Memory | None:
    """Return how much memory is in use; None where it is not told, as of GPUs that share the host's memory."""
    import pynvml

    found = _answer(lambda: pynvml.nvmlDeviceGetMemoryInfo(gpu.handle))
    return None if found is None or not found.total else Memory(int(found.used), int(found.total))


def utilisation(gpu: Gpu) -> int | None:
    """Return for how much of the last moments the GPU was busy, in percent; None where it is not told."""
    import pynvml

    found = _answer(lambda: pynvml.nvmlDeviceGetUtilizationRates(gpu.handle))
    return None if found is None else int(found.gpu)


def processes(gpu: Gpu) -> tuple[Process, ...]:
    """Return who computes on a GPU, the largest first; none where the driver does not tell."""
    import pynvml

    found = _answer(lambda: list(pynvml.nvmlDeviceGetComputeRunningProcesses(gpu.handle))) or []
    known = [Process(int(each.pid), _bytes(each.usedGpuMemory)) for each in found]
    return tuple(sorted(known, key=lambda process: process.memory or 0, reverse=True))


def still_there(gpu: Gpu) -> str:
    """Return why a GPU cannot be used any more; empty if it answers."""
    import pynvml

    if gpu.trouble:
        return gpu.trouble
    try:
        pynvml.nvmlDeviceGetMemoryInfo(gpu.handle)
    except pynvml.NVMLError as error:
        return _lost(error) if _code(error) == LOST else ""
    return ""


def _at(index: int) -> Iterator[Gpu]:
    """Yield the GPU of that number, or its instances."""
    import pynvml

    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        uuid = str(pynvml.nvmlDeviceGetUUID(handle))
    except pynvml.NVMLError as error:
        yield Gpu("", "", index, trouble=_lost(error))
        return
    name = _name(handle)
    if trouble := still_there(Gpu(uuid, name, index, uuid, handle=handle)):
        yield Gpu(uuid, name, index, uuid, trouble, handle)
        return
    mode = _answer(lambda: pynvml.nvmlDeviceGetMigMode(handle))
    if not mode or not mode[0]:
        yield Gpu(uuid, name, index, uuid, handle=handle)
        return
    instances = [*_instances(handle, index, uuid)]
    yield from instances or [Gpu(uuid, name, index, uuid, "is in MIG mode and has no instance: make one", handle)]


def _instances(handle: Any, index: int, whole: str) -> Iterator[Gpu]:
    import pynvml

    for number in range(_answer(lambda: int(pynvml.nvmlDeviceGetMaxMigDeviceCount(handle))) or 0):
        with contextlib.suppress(pynvml.NVMLError):
            instance = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, number)
            yield Gpu(str(pynvml.nvmlDeviceGetUUID(instance)), _name(instance), index, whole, handle=instance)


def _name(handle: Any) -> str:
    import pynvml

    return str(_answer(lambda: pynvml.nvmlDeviceGetName(handle)) or "GPU").removeprefix("NVIDIA ")


def _lost(error: Exception) -> str:
    if _code(error) == LOST:
        return "has fallen off the bus: restart the machine"
    if _code(error) == NO_PERMISSION:
        return "may not be used by this user: get access to /dev/nvidia*"
    return f"does not answer ({said(error)})"


def _answer(ask: Callable[[], Any]) -> Any:
    """Return what the driver answers; None for ``N/A``, whatever its reason."""
    import pynvml

    try:
        return ask()
    except (pynvml.NVMLError, AttributeError):
        # A function that the installed bindings or a stand-in lack is told like one that the driver lacks.
        return None


def _bytes(used: Any) -> int | None:
    """Return the memory of a process: NVML says none, or all bits, for ``N/A``."""
    return None if used is None or int(used) >= 1 << 62 else int(used)


def _code(error: Exception) -> int:
    return int(getattr(error, "value", 0) or 0)
