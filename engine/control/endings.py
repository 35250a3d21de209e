"""How an exception ends a run: the state, and one sentence that says why and what to do."""

from __future__ import annotations

import contextlib
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any

from engine import wording
from engine.control import nvml
from engine.control.memory import who
from engine.errors import PhospheneError, is_full_disk

if TYPE_CHECKING:
    from engine.declaration import Hyperparameters
    from engine.record.events import DeviceTaken, State

_ASKED = re.compile(r"(?:[Tt]ried to|Unable to) allocate ([\d.]+) ?(bytes|[KMGT]iB)")
_UNITS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def outcome(
    error: BaseException, taken: DeviceTaken | None = None, hyperparameters: Hyperparameters | None = None
) -> tuple[State, str]:
    """Return the state and the reason of a run that an exception ended.

    Args:
        error: as it was caught.
        taken: the device that the run had, if it had one.
        hyperparameters: of the run, as they are now.
    """
    if isinstance(error, PhospheneError):
        return "failed", str(error)
    if is_full_disk(error):
        return "failed", "the disk is full: free some space, then resume the run"
    if isinstance(error, SystemExit):
        return "failed", f"the program called sys.exit({error.code})"
    text = " ".join(str(error).split())[:500]
    gpu = _gpu(taken)
    if _of_memory(error, text):
        _show(error)
        return "failed", out_of_memory(text, taken, gpu, hyperparameters)
    if gpu and (trouble := nvml.still_there(gpu)):
        return "failed", f"{taken.device if taken else 'the GPU'} {trouble}, then resume the run"
    _show(error)
    if "CUDA error" in text:
        # What follows is how to look for a fault in a kernel.
        text = text.partition(" CUDA kernel errors")[0].partition(" Search for ")[0]
    return "failed", f"{type(error).__name__}: {text}" if text else type(error).__name__


def _of_memory(error: BaseException, text: str) -> bool:
    return (
        isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in text
    )


def out_of_memory(
    text: str, taken: DeviceTaken | None, gpu: nvml.Gpu | None, hyperparameters: Hyperparameters | None
) -> str:
    """Say how much memory was asked for and is free, who has the rest, and what to lower.

    Args:
        text: of the error, which names what was asked for.
        taken: the device that the run had.
        gpu: which GPU it is, if it is one.
        hyperparameters: of the run; those that are declared to take memory are named.
    """
    parts = []
    if found := _ASKED.search(text):
        parts.append(f"{wording.size(float(found[1]) * _UNITS[found[2]])} more were asked for")
    if memory := nvml.memory(gpu) if gpu else _of_host(gpu, taken):
        parts.append(f"{wording.size(memory.free)} of {wording.size(memory.total)} are free")
    if gpu and (others := who(gpu)):
        parts.append(f"taken are {others}")
    values = lowered(hyperparameters) if hyperparameters else []
    advice = f"lower {' or '.join(values)}, or choose another device" if values else "choose another device"
    where = f" on {taken.device}" if taken and gpu else ""
    told = f" ({'; '.join(parts)})" if parts else ""
    return f"out of memory{where}{told}: {advice}"


def lowered(hyperparameters: Hyperparameters) -> list[str]:
    """Return the hyperparameters that are declared to take less memory at a lower value, with the present ones."""
    fields: dict[str, Any] = dict(type(hyperparameters).model_fields)
    extras = {name: info.json_schema_extra for name, info in fields.items()}
    named = [name for name, extra in extras.items() if isinstance(extra, dict) and extra.get("memory")]
    return [f"{name} (now {wording.setting(getattr(hyperparameters, name))})" for name in named]


def _of_host(gpu: nvml.Gpu | None, taken: DeviceTaken | None) -> nvml.Memory | None:
    """Return the memory of the host, where the run has computed there."""
    if gpu is not None or (taken is not None and taken.name):
        return None
    import psutil

    memory = psutil.virtual_memory()
    return nvml.Memory(memory.total - memory.available, memory.total)


def _gpu(taken: DeviceTaken | None) -> nvml.Gpu | None:
    if taken is None or not taken.uuid:
        return None
    return next((gpu for gpu in nvml.driver().gpus if gpu.uuid == taken.uuid), None)


def _show(error: BaseException) -> None:
    """Print where it came from into the run's output."""
    with contextlib.suppress(OSError):
        traceback.print_exception(error)
        sys.stderr.flush()
