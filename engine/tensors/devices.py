"""The device of a run, and the random generators every program finds seeded."""

from __future__ import annotations

import functools
import random

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
    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported())
    return bool(torch.get_device_module(device).is_bf16_supported(including_emulation=False))


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


@functools.cache
def constants(values: tuple[float, ...], device: torch.device) -> torch.Tensor:
    """Return numbers as float32 ``[N]`` on a device, copied there once: each copy would make the host wait for a GPU.

    They are shared by all who ask: nobody may write into them.
    """
    # Tensors made in inference mode could not be used in a training afterwards.
    with torch.inference_mode(mode=False):
        return torch.tensor(values, device=device)


def numbers(values: list[torch.Tensor]) -> list[float]:
    """Bring scalars of one device to the host in a single copy."""
    fetched: list[float] = torch.stack([value.reshape(()).double() for value in values]).tolist()
    return fetched
