"""Tensors of the stand-in device: values on the host inside, a device of their own outside, every operation looked at.

What an accelerator refuses is refused here: operands of two devices, generators of the other one. What makes the host
wait for it is told to the ledger.
"""

from __future__ import annotations

import functools
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode

from tests.standin import ledger
from tests.standin.generators import device_randomness, is_of_device

NAME = "standin"
DEVICE = torch.device("privateuseone", 0)
"""The device; torch calls it by its own name for such devices until it is opened for the first time."""
aten = torch.ops.aten
HOST_INDICES = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default}
"""Operations that take indices from the host too: these are copied to the device, and the host waits for that."""
TRANSFERS = {aten.copy_.default, aten._to_copy.default}
WAITING = {aten._linalg_check_errors.default}
"""Operations without a tag that make the host wait."""


class StandinTensor(torch.Tensor):
    """A tensor whose device is the stand-in; its values lie in a tensor of the host, ``stored``."""

    stored: torch.Tensor

    @staticmethod
    def __new__(cls, stored: torch.Tensor) -> StandinTensor:
        # In inference mode a view of a tensor that is not of that kind is not either.
        differs = torch.is_inference_mode_enabled() and not stored.is_inference()
        with torch.inference_mode(mode=False) if differs else nullcontext():
            self = torch.Tensor._make_wrapper_subclass(
                cls,
                stored.size(),
                strides=stored.stride(),
                storage_offset=stored.storage_offset(),
                dtype=stored.dtype,
                layout=stored.layout,
                device=DEVICE,
            )
        self.stored = stored
        return self

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return run(func, args, kwargs or {})

    @property
    def data(self) -> torch.Tensor:
        return torch.Tensor.data.__get__(self)

    @data.setter
    def data(self, other: StandinTensor) -> None:
        # A module's `.to` gives its parameters other values in this way.
        torch.Tensor.data.__set__(self, other)
        self.stored = other.stored

    def numpy(self, *, force: bool = False) -> Any:
        if force:
            return self.detach().cpu().numpy()
        raise TypeError("can't convert standin:0 device type tensor to numpy. Use Tensor.cpu() first")

    def tolist(self) -> Any:
        return self.detach().cpu().tolist()

    def __repr__(self, *, tensor_contents: str | None = None) -> str:
        return f"{self.detach().cpu()!r} on the stand-in"

    def __format__(self, specification: str) -> str:
        return self.detach().item().__format__(specification) if self.dim() == 0 else super().__format__(specification)

    def __deepcopy__(self, memo: dict[int, Any]) -> torch.Tensor:
        copied = self.detach().clone().requires_grad_(self.requires_grad)
        if isinstance(self, torch.nn.Parameter):
            copied = torch.nn.Parameter(copied, self.requires_grad)
        memo[id(self)] = copied
        return copied


class Looking(TorchDispatchMode):
    """While it is entered every operation of the thread is looked at, those of the host too."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return run(func, args, kwargs or {})


@dataclass(frozen=True)
class Traits:
    """What the schema of an operation says."""

    written: tuple[tuple[int, str], ...]
    """Arguments that are changed in place: position and name."""
    returned: tuple[str | None, ...]
    """For each result the name of the changed argument that it is."""
    places: dict[str, int]
    seeded: bool
    reshapes: bool
    dynamic: bool
    composed: bool
    gives_tensors: bool


@functools.cache
def traits(func) -> Traits:
    schema = func._schema
    written = [
        (place, one.name) for place, one in enumerate(schema.arguments) if one.alias_info and one.alias_info.is_write
    ]
    by_set = {frozenset(schema.arguments[place].alias_info.before_set): name for place, name in written}
    returned = [
        by_set.get(frozenset(one.alias_info.before_set)) if one.alias_info and one.alias_info.is_write else None
        for one in schema.returns
    ]
    return Traits(
        written=tuple(written),
        returned=tuple(returned),
        places={one.name: place for place, one in enumerate(schema.arguments)},
        seeded=torch.Tag.nondeterministic_seeded in func.tags,
        reshapes=torch.Tag.inplace_view in func.tags,
        dynamic=torch.Tag.dynamic_output_shape in func.tags,
        composed=func._can_decompose(),
        gives_tensors=not schema.returns or any("Tensor" in str(one.type) for one in schema.returns),
    )


def run(func, args, kwargs):
    """Do an operation as the device would: refuse what it refuses, tell the ledger what it waits for."""
    theirs: list[StandinTensor] = []
    hosts: list[torch.Tensor] = []
    _gather((args, kwargs), theirs, hosts)
    wanted = kwargs.get("device")
    target = wanted is not None and torch.device(wanted).type == NAME
    if not theirs and not target:
        return _on_the_host(func, args, kwargs)
    known = traits(func)
    if known.composed:
        # In inference mode torch does not take apart what is made of other operations.
        with Looking():
            return func.decompose(*args, **kwargs)
    if known.reshapes:
        func(args[0].stored, *args[1:], **kwargs)
        # The tensor outside changes its shape too.
        with no_dispatch():
            func(*args, **kwargs)
        ledger.operation(func, args, kwargs, args[0])
        return args[0]
    result_here = target if wanted is not None else True
    _check_devices(func, known, args, kwargs, theirs, hosts, result_here)
    _tell(func, known, args, kwargs, theirs, hosts, target)
    inner_args, inner_kwargs = _unwrapped(args), _unwrapped(kwargs)
    if wanted is not None:
        inner_kwargs["device"] = torch.device("cpu") if target else wanted
    if inner_kwargs.get("pin_memory"):
        inner_kwargs["pin_memory"] = False
    if known.seeded and inner_kwargs.get("generator") is None:
        with device_randomness():
            out = func(*inner_args, **inner_kwargs)
    else:
        out = func(*inner_args, **inner_kwargs)
    result = _results(known, args, kwargs, out, result_here)
    ledger.operation(func, args, kwargs, result)
    return result


def _on_the_host(func, args, kwargs):
    generator = kwargs.get("generator")
    if generator is not None and is_of_device(generator):
        raise RuntimeError("Expected a 'cpu' device type for generator but found 'standin'")
    result = func(*args, **kwargs)
    ledger.operation(func, args, kwargs, result, on_host=True)
    return result


def _gather(value: Any, theirs: list[StandinTensor], hosts: list[torch.Tensor]) -> None:
    if isinstance(value, StandinTensor):
        theirs.append(value)
    elif isinstance(value, torch.Tensor):
        hosts.append(value)
    elif isinstance(value, (tuple, list)):
        for one in value:
            _gather(one, theirs, hosts)
    elif isinstance(value, dict):
        for one in value.values():
            _gather(one, theirs, hosts)


def _unwrapped(value: Any) -> Any:
    if isinstance(value, StandinTensor):
        return value.stored
    if isinstance(value, (tuple, list)):
        return type(value)(map(_unwrapped, value))
    if isinstance(value, dict):
        return {key: _unwrapped(one) for key, one in value.items()}
    return value


def _wrapped(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value if isinstance(value, StandinTensor) else StandinTensor(value)
    if isinstance(value, (tuple, list)):
        return type(value)(map(_wrapped, value))
    return value


def _results(known: Traits, args, kwargs, out, here: bool):
    """Return the results: arguments that were changed are themselves, everything new is of the device."""
    if not any(known.returned):
        return _wrapped(out) if here else out
    outs = out if isinstance(out, tuple) else (out,)
    given = [
        one if name is None else kwargs[name] if name in kwargs else args[known.places[name]]
        for one, name in zip(outs, known.returned, strict=True)
    ]
    wrapped = tuple(
        _wrapped(one) if here and name is None else one for one, name in zip(given, known.returned, strict=True)
    )
    return wrapped if isinstance(out, tuple) else wrapped[0]


def _check_devices(func, known: Traits, args, kwargs, theirs, hosts, here: bool) -> None:
    """Refuse operands of two devices, but for scalars and indices of the host, and for transfers."""
    place = known.places.get("generator")
    if place is not None and here:
        generator = kwargs.get("generator", args[place] if place < len(args) else None)
        if generator is not None and not is_of_device(generator):
            raise RuntimeError("Expected a 'standin' device type for generator but found 'cpu'")
    foreign = [one for one in hosts if one.dim() > 0 and one.device.type != "meta"]
    if not theirs or not foreign or func in TRANSFERS:
        return
    if func in HOST_INDICES and isinstance(args[0], StandinTensor):
        values = args[2] if len(args) > 2 else args[0]
        if isinstance(values, StandinTensor) or values.dim() == 0:
            return
    raise RuntimeError(
        f"Expected all tensors to be on the same device, but found at least two devices, standin:0 and cpu, in {func}"
    )


def _tell(func, known: Traits, args, kwargs, theirs, hosts, target: bool) -> None:
    """Tell the ledger of what makes the host wait, and of what comes from it."""
    if func in TRANSFERS:
        _tell_transfer(func, args, kwargs, theirs, hosts, target)
        return
    if func in HOST_INDICES:
        indices = [one for one in args[1] if one is not None]
        if any(not isinstance(one, StandinTensor) for one in indices):
            ledger.upload(func, waits=True)
        if any(one.dtype in (torch.bool, torch.uint8) for one in indices):
            ledger.sync(func)
    elif known.dynamic or func in WAITING or (theirs and not known.gives_tensors):
        ledger.sync(func)


def _tell_transfer(func, args, kwargs, theirs, hosts, target: bool) -> None:
    if func is aten.copy_.default:
        to, what = args[0], args[1]
        waits = not (kwargs.get("non_blocking") or (len(args) > 2 and args[2]))
        if isinstance(to, StandinTensor) and not isinstance(what, StandinTensor):
            ledger.upload(func, waits=waits)
        elif not isinstance(to, StandinTensor):
            ledger.sync(func)
    elif hosts and target:
        ledger.upload(func, waits=not kwargs.get("non_blocking"))
    elif theirs and kwargs.get("device") is not None and not target:
        ledger.sync(func)
