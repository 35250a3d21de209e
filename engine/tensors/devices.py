"""The device of a run, and the random generators every program finds seeded."""

from __future__ import annotations

import functools
import random
from typing import Any

import numpy as np
import threadpoolctl
import torch

from engine.errors import MachineFailure, PhospheneError

AMPERE = 8
"""The first major version of GPUs that have TF32 and bf16."""


def open_device(name: str) -> torch.device:
    """Return the device of that name, checked to be there.

    Raises:
        PhospheneError: if it is a GPU that this machine lacks, or that this torch cannot use.
    """
    device = torch.device(name)
    if device.type == "cuda":
        try:
            # Unlike asking whether there is one, this says why there is none.
            torch.cuda.init()
            count = torch.cuda.device_count()
        except (RuntimeError, AssertionError) as error:
            why = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")
            raise MachineFailure(
                f"torch cannot use the GPU: {why}; see phosphene doctor, or choose --device cpu"
            ) from None
        if (device.index or 0) >= count:
            raise PhospheneError(
                f"there is no GPU {name} for torch here ({count} found): choose --device cpu, or see phosphene doctor"
            )
        torch.cuda.set_device(device)
        allow_tf32(device, on=False)
    return device


def cuda_can_be_opened() -> bool:
    """Tell whether CUDA can be opened in this process: not in a fork of one that has asked for it."""
    return not torch.cuda._is_in_bad_fork()


def most_memory() -> int:
    """Return the most memory of its GPU that torch has had, in bytes, what it keeps for later included."""
    return torch.cuda.max_memory_reserved() if torch.cuda.is_initialized() else 0


def fast_bf16(device: torch.device) -> bool:
    """Tell whether a device has instructions for bf16; without them it is slower than float32."""
    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported())
    return bool(torch.get_device_module(device).is_bf16_supported(including_emulation=False))


def allow_tf32(device: torch.device, *, on: bool) -> None:
    """Let a GPU round the factors of products and convolutions in float32 to TF32's ten bits, or forbid it.

    By itself torch rounds in convolutions: here float32 is float32 unless TF32 is asked for. GPUs before Ampere have
    no TF32, and compute in float32.
    """
    able = on and device.type == "cuda" and torch.cuda.get_device_properties(device).major >= AMPERE
    torch.backends.cuda.matmul.allow_tf32 = able
    torch.backends.cudnn.allow_tf32 = able


def float32_name() -> str:
    """Return how products in float32 are computed: ``float32`` or ``TF32``."""
    return "TF32" if torch.backends.cuda.matmul.allow_tf32 else "float32"


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


def numbers(values: list[Any]) -> list[float]:
    """Bring scalars of one device to the host in a single copy, and those that fetch themselves by ``later``."""
    scalars = [value.reshape(()).double() for value in values if isinstance(value, torch.Tensor)]
    fetched = iter(torch.stack(scalars).tolist() if scalars else ())
    return [next(fetched) if isinstance(value, torch.Tensor) else value.later() for value in values]
