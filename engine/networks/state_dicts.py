"""The state dict in a file of weights, read by content. Code in a file never runs."""

from __future__ import annotations

import pickle
import re
import struct
import warnings
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from engine.errors import DataUnavailable, first_line
from engine.networks.weight_files import SAFETENSORS, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CUSTOMARY = ("state_dict", "model_state_dict", "model_state", "model", "network", "net", "module", "weights", "params")
"""The keys under which trainings save a network beside other things, the most certain first."""
DEEPEST = 3
"""How many keys lead to a state dict at most."""
PACKED = "_packed_params"
"""How quantised layers call their weights."""
DAMAGE = (
    *(OSError, RuntimeError, ValueError, EOFError, LookupError, TypeError, AttributeError, AssertionError),
    *(ArithmeticError, MemoryError, struct.error, SafetensorError),
)
"""What readers raise where a file is damaged."""


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read the state dict in a file of ``torch.save`` or safetensors, whatever its ending; code in it is refused.

    Where a training saved more than the network, the state dict is looked for under the keys of what it saved.

    Raises:
        DataUnavailable: if there is none, saying what the file holds instead.
    """
    kind = kind_of(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            saved = load_file(path) if kind == SAFETENSORS else torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = ", ".join(re.findall(r"GLOBAL (\S+) was not an allowed", str(error)))
        raise DataUnavailable(
            f"{path} holds more than weights, {named or 'code perhaps'}, and is not opened: save the state_dict alone"
        ) from error
    except DAMAGE as error:
        raise DataUnavailable(f"{path} is not a readable weights file: {first_line(error)}") from error
    state = _state_dict(saved, path)
    for name, value in state.items():
        if why := _unfit(value):
            raise DataUnavailable(f"{path} holds {why} ({name}): save a state_dict of plain tensors")
    return state


def _state_dict(saved: object, path: Path) -> dict[str, Tensor]:
    """Return the state dict among what was saved: under the first customary key, or else the largest.

    Raises:
        DataUnavailable: if there is none, or there are several of which none is meant more than another.
    """
    dictionaries = dict(_dictionaries(saved, ()))
    states = {
        keys: found
        for keys, found in dictionaries.items()
        if found and all(isinstance(value, Tensor) for value in found.values())
    }
    for key in CUSTOMARY:
        for keys, found in states.items():
            if keys[-1:] == (key,):
                return found
    if any(PACKED in name for found in dictionaries.values() for name in found):
        raise DataUnavailable(f"{path} holds the weights of a quantised network: save the state_dict of the float one")
    if not states:
        raise DataUnavailable(f"{path} holds no state_dict, which is a dictionary of tensors")
    sizes = {keys: sum(value.numel() for value in found.values()) for keys, found in states.items()}
    largest = [keys for keys, size in sizes.items() if size == max(sizes.values())]
    if len(largest) > 1:
        named = ", ".join("/".join(keys) for keys in largest)
        raise DataUnavailable(f"{path} holds several state_dicts ({named}): save the one that is meant alone")
    return states[largest[0]]


def _dictionaries(value: object, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield the dictionaries whose keys are text, outer ones first, each with the keys that lead to it."""
    if isinstance(value, dict) and all(isinstance(key, str) for key in value) and len(keys) <= DEEPEST:
        yield keys, value
        for key, part in value.items():
            yield from _dictionaries(part, (*keys, key))


def _unfit(value: Tensor) -> str:
    """Return why a tensor is none that a network computes with as it is, or ""."""
    if value.is_quantized:
        return "quantised weights"
    if value.is_meta:
        return "shapes without values, on the device meta"
    return "sparse or nested tensors" if value.is_nested or value.layout != torch.strided else ""
