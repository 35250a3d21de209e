"""Makes ``standin`` a device of torch: once a process, through the slot that torch keeps for backends outside of it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from types import SimpleNamespace
from unittest import mock

import pytest
import torch
import torch.utils.backend_registration

from tests.standin import generators
from tests.standin.tensors import NAME, Looking, StandinTensor, run

aten = torch.ops.aten
LOWER = (
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "linear", "matmul", "mm",
    "mv", "bmm", "addmm", "addbmm", "baddbmm", "chain_matmul", "scaled_dot_product_attention",
)  # fmt: skip
"""Operations that autocast computes in the lower precision."""
FLOAT32 = (
    "softmax", "log_softmax", "nll_loss", "cross_entropy_loss", "layer_norm", "group_norm", "mse_loss", "l1_loss",
    "binary_cross_entropy_with_logits", "kl_div", "cosine_similarity", "cdist", "prod", "cumsum", "norm", "sum",
    "exp", "log", "log1p", "pow", "rsqrt", "reciprocal", "softplus",
)  # fmt: skip
"""Operations that autocast computes in float32."""
_state = SimpleNamespace(opened=0)


class Module:
    """What torch calls as ``torch.standin``."""

    fast_at_bf16 = False

    def is_available(self) -> bool:
        return _state.opened > 0

    def is_initialized(self) -> bool:
        return _state.opened > 0

    def device_count(self) -> int:
        return 1 if _state.opened else 0

    def current_device(self) -> int:
        return 0

    def set_device(self, device: object) -> None:
        """There is one."""

    def synchronize(self, device: object = None) -> None:
        """Everything is computed at once."""

    def _is_in_bad_fork(self) -> bool:
        return False

    def manual_seed_all(self, seed: int) -> None:
        generators.default_generator.manual_seed(seed)

    manual_seed = manual_seed_all

    def get_rng_state(self, device: object = NAME) -> torch.Tensor:
        return generators.default_generator.get_state()

    def set_rng_state(self, state: torch.Tensor, device: object = NAME) -> None:
        generators.default_generator.set_state(state)

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16, torch.float16]

    def is_bf16_supported(self, including_emulation: bool = True) -> bool:
        return self.fast_at_bf16


def _hooks():
    class Hooks(torch._C._acc.PrivateUse1Hooks):
        def is_available(self) -> bool:
            return _state.opened > 0

        def has_primary_context(self, dev_id: int) -> bool:
            return True

        def is_built(self) -> bool:
            return True

    return Hooks()


@functools.cache
def _registered() -> tuple[object, ...]:
    begin = getattr(torch.utils.backend_registration, "_setup_privateuseone_for_python_backend", None)
    if begin is None:
        pytest.skip(f"torch {torch.__version__} takes no device that is written in Python")
    hooks = _hooks()
    begin(NAME, backend_module=Module(), hook=hooks)
    torch.utils._foreach_utils._foreach_supported_types.append(StandinTensor)
    # `torch.tensor(..., device=...)` comes here with every look of ours switched off.
    kernels = torch.library.Library("aten", "IMPL", "PrivateUse1")
    for func in (aten.empty.memory_format, aten.empty_strided.default):
        kernels.impl(func, functools.partial(_run, func))
    kernels.impl("_copy_from", _copy_from)
    autocast = torch.library.Library("aten", "IMPL", "AutocastPrivateUse1")
    for name in LOWER:
        _cast(autocast, name, lower=True)
    for name in FLOAT32:
        _cast(autocast, name, lower=False)
    others = torch.library.Library("_", "IMPL", "AutocastPrivateUse1")
    others.fallback(torch.library.fallthrough_kernel)
    return hooks, kernels, autocast, others


def _copy_from(source, to, non_blocking=False):
    return run(aten.copy_.default, (to, source, non_blocking), {})


def _run(func, *args, **kwargs):
    return run(func, args, kwargs)


def _cast(library: torch.library.Library, name: str, *, lower: bool) -> None:
    packet = getattr(aten, name)
    for overload in packet.overloads():
        func = getattr(packet, overload)
        if "out" not in func._schema.name + overload and not func._schema.is_mutable:
            library.impl(func._schema.name + (f".{overload}" if overload != "default" else ""), _computed(func, lower))


def _computed(func, lower: bool):
    below = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastPrivateUse1)

    def computed(*args, **kwargs):
        dtype = torch.get_autocast_dtype(NAME) if lower else torch.float32
        with torch._C._ExcludeDispatchKeyGuard(below):
            return func(*_as(dtype, args), **_as(dtype, kwargs))

    return computed


def _as(dtype: torch.dtype, value):
    if isinstance(value, torch.Tensor):
        castable = value.is_floating_point() and value.dtype != torch.float64 and value.device.type == NAME
        return value.to(dtype) if castable else value
    if isinstance(value, (tuple, list)):
        return type(value)(_as(dtype, one) for one in value)
    if isinstance(value, dict):
        return {key: _as(dtype, one) for key, one in value.items()}
    return value


@contextlib.contextmanager
def opened() -> Iterator[None]:
    """Let ``torch.device("standin")`` be a device of this thread meanwhile.

    Backward passes run in the calling thread: the threads that torch keeps for devices are counted when the first
    backward pass of a process begins, which may have been before there was this one.
    """
    _registered()
    _state.opened += 1
    try:
        with (
            mock.patch.object(torch, "Generator", generators.Generator),
            torch.autograd.set_multithreading_enabled(False),
            Looking(),
        ):
            yield
    finally:
        _state.opened -= 1
