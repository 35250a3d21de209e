"""Guided backpropagation: a forward pass whose ReLUs let only positive gradients back."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from engine.errors import PhospheneError

RECTIFIERS: frozenset[Callable[..., Any]] = frozenset(
    (F.relu, torch.relu, Tensor.relu, torch.relu_, Tensor.relu_, F.relu6, F.hardtanh, F.hardtanh_)
)
CLAMPS: frozenset[Callable[..., Any]] = frozenset((torch.clamp, Tensor.clamp, torch.clamp_min, Tensor.clamp_min))
"""With a lower bound of 0 and no upper one they are ReLUs too."""
IN_PLACE: frozenset[Callable[..., Any]] = frozenset((torch.relu_, Tensor.relu_, F.hardtanh_))
OTHERS: dict[Callable[..., Any], str] = {
    F.celu: "CELU",
    F.elu: "ELU",
    F.gelu: "GELU",
    F.hardswish: "Hardswish",
    F.leaky_relu: "LeakyReLU",
    F.logsigmoid: "LogSigmoid",
    F.mish: "Mish",
    F.prelu: "PReLU",
    F.rrelu: "RReLU",
    F.selu: "SELU",
    F.silu: "SiLU",
    F.softplus: "Softplus",
    F.softsign: "Softsign",
    F.tanh: "Tanh",
    torch.tanh: "Tanh",
    Tensor.tanh: "Tanh",
}
"""Activations for which there is no guided rule; a sigmoid that gates channels passes its gradient as it is."""


class NoGuidedBackpropagation(PhospheneError):
    """A network has activations for which guided backpropagation is not defined, or none at all."""


class GuidedReLU(torch.autograd.Function):
    """``min(max(x, 0), ceiling)``, whose backward pass lets a gradient through where both it and ``x`` are positive."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, ceiling: float) -> Tensor:
        """Rectify."""
        ctx.save_for_backward((values > 0) & (values < ceiling))
        return values.clamp(0, ceiling if math.isfinite(ceiling) else None)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        """Let the positive part of the gradient through where the ReLU did not cut."""
        (passing,), (gradient,) = ctx.saved_tensors, gradients
        return gradient.clamp(min=0) * passing, None


class Guided(TorchFunctionMode):
    """While it is entered, every ReLU and ReLU6 is a guided one: modules, functions, methods and in-place forms alike.

    It acts where PyTorch's functions are called, so that a functional ReLU is not missed as a module hook misses it;
    one put together by hand, as from ``maximum`` or ``where``, is not recognised.
    After Springenberg et al. 2015, Striving for simplicity: the all convolutional net.

    Raises:
        NoGuidedBackpropagation: on leaving, if there was no ReLU; on the way, if there is another activation.
    """

    def __init__(self) -> None:
        super().__init__()
        self._met = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Put guided ReLUs in the place of plain ones."""
        kwargs = kwargs or {}
        if func in OTHERS:
            raise NoGuidedBackpropagation(
                f"guided backpropagation is defined for ReLU, and this network uses {OTHERS[func]}"
            )
        values, *bounds = args or (kwargs.get("input"),)
        clamped = func in CLAMPS and _clamps_at_zero(bounds, kwargs)
        if func not in RECTIFIERS and not clamped:
            return func(*args, **kwargs)
        self._met += 1
        rectified = GuidedReLU.apply(values, math.inf if clamped else _ceiling(func, bounds, kwargs))
        in_place = (
            func in IN_PLACE or kwargs.get("inplace", False) or (func in {F.relu, F.relu6} and bounds[:1] == [True])
        )
        return values.copy_(rectified) if in_place and not _is_input(values) else rectified

    def __exit__(self, kind: Any, *rest: Any) -> None:
        super().__exit__(kind, *rest)  # type: ignore[no-untyped-call]  # torch leaves it without types
        if kind is None and not self._met:
            raise NoGuidedBackpropagation("guided backpropagation is defined for ReLU, and this network has none")


def _is_input(values: Tensor) -> bool:
    """Tell whether values are a leaf that wants gradients, or a view of one: those cannot be overwritten."""
    return values.is_leaf or (values._is_view() and values._base is not None and values._base.is_leaf)


def _clamps_at_zero(bounds: list[Any], kwargs: dict[str, Any]) -> bool:
    low, high = (*bounds, None, None)[:2]
    return kwargs.get("min", low) == 0 and kwargs.get("max", high) is None


def _ceiling(func: Any, bounds: list[Any], kwargs: dict[str, Any]) -> float:
    """Return where a rectifier stops to rise."""
    if func is F.relu6:
        return 6.0
    if func not in {F.hardtanh, F.hardtanh_}:
        return math.inf
    low = kwargs.get("min_val", bounds[0] if bounds else -1.0)
    if low != 0:
        raise NoGuidedBackpropagation("guided backpropagation is defined for ReLU, and this network uses Hardtanh")
    return float(kwargs.get("max_val", bounds[1] if len(bounds) > 1 else 1.0))
