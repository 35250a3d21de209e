"""The memory of GPUs: how much a run needs, how much is left beside the runs of ours, and who has the rest."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from engine import wording
from engine.control import nvml
from engine.control.devices import CPU, device_of, device_set, gpu_of
from engine.control.queue import Wish
from engine.errors import MachineFailure
from engine.record.events import Pulse, StateChanged
from engine.record.log import last_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.control.queue import Entry
    from engine.record.run_directory import RunDirectory, RunRecord
    from engine.record.workspace import Workspace

CONTEXT = 512 << 20
"""Bytes of a GPU's memory that CUDA itself takes: with fewer no program can begin."""
UNKNOWN = 1 << 30
"""Bytes that a run is taken to need of whose experiment no run has told."""
RECENT = 20
"""How many earlier runs of an experiment are looked at."""
GROWTH_SECONDS = 120.0
"""For so long a run that has started may not have taken its memory yet."""


def wish_of(workspace: Workspace, record: RunRecord) -> Wish:
    """Return what a run asks of the queue of this host.

    A device that is named alone is taken with whatever memory it has left for a program to begin. Of several, those are
    left out which are too small altogether, unless all are.

    Raises:
        DataUnavailable, MachineFailure: if the devices it asked for are not there, or cannot be used.
    """
    devices = device_set(record.device)
    if devices == (CPU,):
        return Wish(devices, record.slots)
    if len(devices) == 1:
        return Wish(devices, record.slots, CONTEXT)
    need = needed(workspace, record)
    known = {name: nvml.memory(gpu) for name in devices if (gpu := gpu_of(name))}
    large = tuple(name for name in devices if (memory := known.get(name)) is None or memory.total >= need)
    return Wish(large, record.slots, need) if large else Wish(devices, record.slots, CONTEXT)


def needed(workspace: Workspace, record: RunRecord) -> int:
    """Return how much of a GPU's memory a run needs, in bytes: as the newest run of its experiment that tells.

    One of equal hyperparameters among the last `RECENT` tells best. If none tells, `UNKNOWN`.
    """
    newest = 0
    for run in workspace.ids([record.experiment])[:RECENT]:
        earlier = workspace.run(run)
        peak = _peak(earlier) if run != record.id else 0
        if peak and earlier.record().hyperparameters == record.hyperparameters:
            newest = peak
            break
        newest = newest or peak
    return newest + CONTEXT if newest else UNKNOWN


def _peak(run: RunDirectory) -> int:
    """Return the most memory of a GPU that a run held which has finished; 0 if it held none, or has not."""
    attempts = run.attempts()
    final = last_event(attempts[-1].events, (StateChanged,)) if attempts else None
    if not isinstance(final, StateChanged) or final.state != "finished":
        return 0
    pulse = last_event(attempts[-1].events, (Pulse,))
    return pulse.device if isinstance(pulse, Pulse) else 0


def free_memory(tickets: Sequence[Entry]) -> dict[str, int]:
    """Return for each GPU that somebody waits for how many bytes are left; those that do not tell are missing.

    What a run of ours needs and has not taken yet is not left.
    """
    wanted = {name for ticket in tickets if not ticket.running for name in ticket.devices if name != CPU}
    free = {}
    for name in sorted(wanted):
        gpu = gpu_of(name)
        memory = nvml.memory(gpu) if gpu else None
        if gpu and memory:
            free[name] = memory.free - _pending(gpu, [ticket for ticket in tickets if ticket.device == name])
        elif gpu and nvml.still_there(gpu):
            free[name] = 0
    return free


def _pending(gpu: nvml.Gpu, ours: Iterable[Entry]) -> int:
    """Return how many bytes runs of ours will still take on a GPU."""
    held = {process.pid: process.memory for process in nvml.processes(gpu)}
    pending = 0
    for ticket in ours:
        # In a container the driver tells other numbers of processes than ours.
        fresh = time.time() - ticket.since < GROWTH_SECONDS
        taken = held.get(ticket.pid)
        pending += max(0, ticket.need - (taken if taken is not None else 0 if fresh else ticket.need))
    return pending


def missing(short: Sequence[str], need: int) -> str:
    """Say in one line on which devices a run waits for memory, how much of it, and who has it.

    Raises:
        MachineFailure: if none of these devices answers any more.
    """
    gpus = [(device_of(name), gpu) for name in short if (gpu := gpu_of(name))]
    troubles = [f"{device} {trouble}" for device, gpu in gpus if (trouble := nvml.still_there(gpu))]
    if troubles and len(troubles) == len(short):
        raise MachineFailure("; ".join(troubles))
    parts = []
    for device, gpu in gpus:
        memory = nvml.memory(gpu)
        if memory:
            others = who(gpu)
            parts.append(f"{device} has {wording.size(memory.free)} free{f' ({others})' if others else ''}")
    return f"waits for {wording.size(need)} of memory: {'; '.join(parts)}" if parts else ""


def who(gpu: nvml.Gpu, most: int = 3) -> str:
    """Say which processes have a GPU's memory: ``38.2 GiB by python of alice (pid 4711)``; empty if nobody is told."""
    told = [process for process in nvml.processes(gpu) if process.memory][:most]
    return ", ".join(f"{wording.size(process.memory or 0)} by {_process(process.pid)}" for process in told)


def _process(pid: int) -> str:
    if pid == os.getpid():
        return "this run"
    import psutil

    try:
        process = psutil.Process(pid)
        return f"{process.name()} of {process.username()} (pid {pid})"
    except psutil.Error:
        return f"pid {pid}"
