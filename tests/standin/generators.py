"""Random generators of the stand-in device; each is a generator of the host that says it is the device's."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator
from typing import Any

import torch

_HostGenerator = torch.Generator
_addresses: set[int] = set()
"""Where the device's generators lie: torch gives them to operations as other objects of Python."""


class StandinGenerator(torch.Generator):
    """A generator of the device. Its stream is that of a generator of the host with the same seed."""

    def __new__(cls) -> StandinGenerator:
        self = super().__new__(cls, "cpu")
        _addresses.add(self._cdata)
        weakref.finalize(self, _addresses.discard, self._cdata)
        return self

    @property
    def device(self) -> torch.device:
        return torch.device("standin", 0)


def is_of_device(generator: torch.Generator) -> bool:
    """Tell whether a generator that an operation was given is one of the device's."""
    return generator._cdata in _addresses


class _Type(type(torch.Generator)):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _HostGenerator)


class Generator(metaclass=_Type):
    """Stands for ``torch.Generator`` while the device is open: ``torch.Generator("standin")`` makes one of its own."""

    def __new__(cls, device: torch.device | str = "cpu") -> torch.Generator:
        return StandinGenerator() if torch.device(device).type == "standin" else _HostGenerator(device)


default_generator = StandinGenerator()
"""The generator of operations that are given none."""


@contextlib.contextmanager
def device_randomness() -> Iterator[None]:
    """Let operations of the host draw from the device's generator, and leave the host's as it was."""
    host = torch.get_rng_state()
    torch.set_rng_state(default_generator.get_state())
    try:
        yield
    finally:
        default_generator.set_state(torch.get_rng_state())
        torch.set_rng_state(host)
