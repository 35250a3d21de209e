"""How a network computes: number format, memory layout, compilation; chosen for the device unless the user does."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from engine.tensors.devices import fast_bf16

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from engine.experiments.hyperparameters import Precision, Switch

WORTH_COMPILING = 5_000
"""Steps from which compilation, which takes half a minute, pays."""
T = TypeVar("T", torch.Tensor, torch.nn.Module)


@dataclass(frozen=True, slots=True)
class Speed:
    """What was chosen; its text is what the record says."""

    device: torch.device
    bf16: bool
    channels_last: bool
    compile: bool

    def __str__(self) -> str:
        parts = [
            "bf16 autocast" if self.bf16 else "float32",
            "channels_last" if self.channels_last else "channels first",
        ]
        return ", ".join([*parts, *(["torch.compile"] if self.compile else [])])

    def autocast(self) -> AbstractContextManager[Any]:
        """Compute convolutions in bf16, if chosen; weights and losses stay float32."""
        if not self.bf16:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def lay_out(self, value: T) -> T:
        """Return images ``[N, C, H, W]`` or a network in the memory layout chosen."""
        return value.to(memory_format=torch.channels_last) if self.channels_last else value  # type: ignore[call-overload]

    def compiled(self, network: torch.nn.Module) -> Any:
        """Return the network as it is to be called in training."""
        return torch.compile(network) if self.compile else network


def chosen_speed(
    device: torch.device, precision: Precision, channels_last: Switch, compilation: Switch = "off", steps: int = 0
) -> Speed:
    """Resolve what is ``auto``: bf16 where the device has instructions for it, compilation for long runs on GPUs."""
    long = device.type == "cuda" and steps >= WORTH_COMPILING
    return Speed(
        device,
        bf16=fast_bf16(device) if precision == "auto" else precision == "bf16",
        channels_last=channels_last != "off",
        compile=long if compilation == "auto" else compilation == "on",
    )
