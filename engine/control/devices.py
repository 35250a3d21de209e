"""Which devices this machine has, found without torch."""

from __future__ import annotations

import functools
import os


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
