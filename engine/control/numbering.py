"""Which number CUDA gives each GPU here. By itself it puts the fastest first; NVML goes by the PCI bus."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.control.nvml import Gpu

SECONDS = 20.0
"""For so long CUDA may take to say its order."""
_ASK = """
import ctypes
cuda = ctypes.CDLL("libcuda.so.1")
count, device, uuid = ctypes.c_int(), ctypes.c_int(), (ctypes.c_ubyte * 16)()
assert cuda.cuInit(0) == 0 and cuda.cuDeviceGetCount(ctypes.byref(count)) == 0
for number in range(count.value):
    assert cuda.cuDeviceGet(ctypes.byref(device), number) == 0
    assert cuda.cuDeviceGetUuid(ctypes.byref(uuid), device) == 0
    print(bytes(uuid).hex())
"""


def numbered(gpus: Sequence[Gpu], visible: str | None) -> tuple[Gpu, ...]:
    """Return the GPUs that CUDA would see, in its order; all instances of one in MIG mode, where CUDA takes one itself.

    Args:
        gpus: of the host, in NVML's order.
        visible: ``CUDA_VISIBLE_DEVICES``; None if it is not set.
    """
    if visible is None:
        return tuple(_ordered(gpus))
    wholes = [*dict.fromkeys(gpu.index for gpu in _ordered(gpus))] if any(c.isdigit() for c in visible) else []
    found: list[Gpu] = []
    for entry in (part.strip() for part in visible.split(",")):
        # As CUDA does it: by number or by the beginning of a name, up to the first entry that names nothing.
        if entry.isdigit():
            index = wholes[int(entry)] if int(entry) < len(wholes) else -1
            named = [gpu for gpu in gpus if gpu.index == index]
        else:
            named = _by_name(gpus, entry)
        if not named:
            break
        if named[0] in found:
            # One that is named twice makes CUDA see none.
            return ()
        found += named
    return tuple(found)


def _by_name(gpus: Sequence[Gpu], entry: str) -> list[Gpu]:
    """Return what a name, or the beginning of one, means; the name of a whole GPU in MIG mode means its instances."""
    for name in ("uuid", "whole"):
        named = [gpu for gpu in gpus if getattr(gpu, name).lower().startswith(entry.lower())]
        if entry.startswith(("GPU-", "MIG-")) and len({getattr(gpu, name) for gpu in named}) == 1:
            return named
    return []


def _ordered(gpus: Sequence[Gpu]) -> Sequence[Gpu]:
    """Return GPUs in the order of CUDA's numbers. Only where they differ in kind is it another one than NVML's."""
    if os.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID" or len({gpu.name for gpu in gpus if not gpu.trouble}) < 2:
        return gpus
    order = _cudas_order()
    places = [order.index(_bare(gpu.whole)) if _bare(gpu.whole) in order else len(order) for gpu in gpus]
    return [gpus[place] for place in sorted(range(len(gpus)), key=lambda number: (places[number], number))]


def _cudas_order() -> list[str]:
    """Ask CUDA, in a process of its own: one that has asked could not be forked, nor see other GPUs later."""
    environment = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    try:
        asked = subprocess.run(
            [sys.executable, "-c", _ASK], env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return asked.stdout.split()


def _bare(uuid: str) -> str:
    return uuid.removeprefix("GPU-").replace("-", "").lower()
