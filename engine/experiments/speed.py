"""How a network computes: number format, memory layout, compilation, capture; chosen for the device, or by the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import torch

from engine.experiments.capture import RECORDERS, Step
from engine.tensors.devices import allow_tf32, fast_bf16, float32_name

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.experiments.capture import Update
    from engine.experiments.hyperparameters import Precision, Switch

COMPILED_FROM = 5_000
"""Steps of a run from which on compilation, which takes half a minute, saves time."""
T = TypeVar("T", bound="torch.Tensor | torch.nn.Module")


@dataclass(frozen=True, slots=True)
class Speed:
    """How a network computes; its text is what the record says."""

    device: torch.device
    bf16: bool
    channels_last: bool
    compile: bool
    capture: bool = False

    def __str__(self) -> str:
        parts = [
            "bf16 autocast" if self.bf16 else float32_name(),
            "channels_last" if self.channels_last else "channels first",
        ]
        return ", ".join(
            [*parts, *(["torch.compile"] if self.compile else []), *(["captured steps"] if self.captures else [])]
        )

    @property
    def captures(self) -> bool:
        """Whether steps are captured: if it is chosen, and if the device can do that."""
        return self.capture and self.device.type in RECORDERS

    def autocast(self) -> torch.autocast:
        """Return the context to compute in; see :func:`autocast`."""
        return autocast(self.device, bf16=self.bf16)

    def lay_out(self, value: T) -> T:
        """Return images ``[N, C, H, W]`` or a network in the memory layout chosen."""
        # torch's overloads of `to` lose the type of a module's subclass.
        return cast("T", value.to(memory_format=torch.channels_last)) if self.channels_last else value

    def compiled(self, network: torch.nn.Module) -> Any:
        """Return the network as it is to be called in training."""
        return torch.compile(network) if self.compile else network

    def step(self, update: Update, context: Context) -> Step:
        """Return a training step as it is to be taken, given what it does; see :class:`Step`."""
        if self.capture and not self.captures:
            context.message(f"steps are not captured: {self.device.type} has nothing that could record them")
        # What is compiled may not be looked at: it would be computed by other kernels.
        recorder = RECORDERS[self.device.type](context) if self.captures else None
        return Step(update, context, recorder, rehearsed=not self.compile)


def uses_bf16(precision: Precision, device: torch.device, *, pays: bool = True) -> bool:
    """Return whether to compute in bf16: where it is chosen, or on ``auto`` where the device is fast at it.

    Where ``tf32`` is chosen, and the device has it, products in float32 are rounded to it from here on.

    Args:
        precision: as chosen.
        device: which computes.
        pays: whether bf16 is worth it for this network on a device that is fast at it.
    """
    allow_tf32(device, on=precision == "tf32")
    return precision == "bf16" or (precision == "auto" and pays and fast_bf16(device))


def autocast(device: torch.device, *, bf16: bool) -> torch.autocast:
    """Return a context in which convolutions and products are computed in bf16, if chosen; weights stay float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=bf16)


def chosen_speed(
    device: torch.device,
    precision: Precision,
    channels_last: Switch,
    compilation: Switch = "off",
    steps: int = 0,
    capture: Switch = "off",
) -> Speed:
    """Return how to compute.

    ``auto`` is bf16 where the device is fast at it, compilation for long runs on GPUs, and captured steps on GPUs.
    """
    long = device.type == "cuda" and steps >= COMPILED_FROM
    return Speed(
        device,
        bf16=uses_bf16(precision, device),
        channels_last=channels_last != "off",
        compile=long if compilation == "auto" else compilation == "on",
        capture=device.type == "cuda" if capture == "auto" else capture == "on",
    )
