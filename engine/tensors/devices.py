"""The device of a run, and the random generators every program finds seeded."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import threadpoolctl
import torch

from engine.errors import PhospheneError


def open_device(name: str) -> torch.device:
    """Return the device of that name, checked to be there.

    Raises:
        PhospheneError: if it is a GPU this machine or this torch lacks.
    """
    device = torch.device(name)
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            raise PhospheneError(
                f"there is no GPU {name} for torch here ({count} found): choose --device cpu, or see phosphene doctor"
            )
        torch.cuda.set_device(device)
    return device


def cuda_can_be_opened() -> bool:
    """Tell whether CUDA can be opened in this process: not in a fork of one that has asked for it."""
    return not torch.cuda._is_in_bad_fork()


def fast_bf16(device: torch.device) -> bool:
    """Tell whether a device has instructions for bf16; without them it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported())


def prepare_torch(seed: int, threads: int) -> None:
    """Seed torch's generators, those of GPUs not opened yet included, numpy's and Python's; set the threads of all."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    threadpoolctl.threadpool_limits(threads)


def own_generator(seed: int, device: torch.device) -> torch.Generator:
    """Return a seeded generator of the run's own on the device."""
    generator = torch.Generator(device)
    generator.manual_seed(seed)
    return generator


def numbers(values: list[Any]) -> list[float]:
    """Bring scalars of one device to the host in a single copy, and those that fetch themselves by ``later``."""
    scalars = [value.reshape(()).double() for value in values if isinstance(value, torch.Tensor)]
    fetched = iter(torch.stack(scalars).tolist() if scalars else ())
    return [next(fetched) if isinstance(value, torch.Tensor) else value.later() for value in values]
