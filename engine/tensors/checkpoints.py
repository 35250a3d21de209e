"""The state of a training in one safetensors file: modules, optimisers, tensors and random generators, bit for bit.

Tensors stand under ``modules/<name>/<key>`` and the like; what is no tensor goes as JSON into the file's metadata.
"""

from __future__ import annotations

import json
import random
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
import torch
from safetensors import safe_open

from engine.tensors.files import save_tensors

if TYPE_CHECKING:
    from pathlib import Path


class State(TypedDict, total=False):
    """What a program gives to `Context.restore` and `Context.checkpoint`: ``context.restore(**state)``."""

    modules: Mapping[str, torch.nn.Module]
    optimisers: Mapping[str, torch.optim.Optimizer]
    tensors: Mapping[str, torch.Tensor]


def save(
    path: Path,
    step: int,
    modules: Mapping[str, torch.nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
    tensors: Mapping[str, torch.Tensor],
    generator: torch.Generator,
) -> None:
    """Write everything needed to go on after ``step`` exactly as if there had been no interruption.

    Raises:
        OSError: if the disk refuses.
    """
    flat: dict[str, torch.Tensor] = {}
    plain: dict[str, Any] = {"step": step, "optimisers": {}}
    for name, module in modules.items():
        flat |= {f"modules/{name}/{key}": value for key, value in module.state_dict().items()}
    for name, optimiser in optimisers.items():
        state = optimiser.state_dict()
        rest: dict[str, dict[str, Any]] = {}
        for index, entries in state["state"].items():
            for key, value in entries.items():
                if isinstance(value, torch.Tensor):
                    flat[f"optimisers/{name}/{index}/{key}"] = value
                else:
                    rest.setdefault(str(index), {})[key] = value
        groups = [{key: _host(value) for key, value in group.items()} for group in state["param_groups"]]
        plain["optimisers"][name] = {"state": rest, "param_groups": groups}
    flat |= {f"tensors/{name}": value for name, value in tensors.items()}
    flat["generators/run"] = generator.get_state()
    flat["generators/torch"] = torch.get_rng_state()
    device = generator.device
    if device.type != "cpu":
        flat[f"generators/{device.type}"] = torch.get_device_module(device).get_rng_state(device)
    legacy = np.random.get_state(legacy=True)
    assert isinstance(legacy, tuple)
    flat["generators/numpy"] = torch.from_numpy(np.asarray(legacy[1]).astype(np.int64))
    plain["numpy"] = [legacy[0], *legacy[2:]]
    plain["random"] = random.getstate()
    # A copy each: safetensors refuses tensors that share memory, which tied weights do.
    flat = {key: value.detach().to("cpu").contiguous().clone() for key, value in flat.items()}
    save_tensors(path, flat, {"phosphene": json.dumps(plain)})


def _host(value: Any) -> Any:
    return {"tensor": value.tolist(), "dtype": str(value.dtype)} if isinstance(value, torch.Tensor) else value


def load(
    path: Path,
    modules: Mapping[str, torch.nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
    tensors: Mapping[str, torch.Tensor],
    generator: torch.Generator,
) -> int:
    """Restore in place what :func:`save` wrote, generators included, and return its step.

    Raises:
        KeyError: if the file lacks a module, an optimiser or a tensor.
        RuntimeError: if shapes differ.
    """
    with safe_open(path, "pt") as file:
        plain = json.loads(file.metadata()["phosphene"])
        flat = {key: file.get_tensor(key) for key in file.keys()}
    for name, module in modules.items():
        module.load_state_dict(with_versions(_under(flat, f"modules/{name}/"), module))
    for name, optimiser in optimisers.items():
        saved = plain["optimisers"][name]
        parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
        state: dict[int, dict[str, Any]] = {int(index): dict(entries) for index, entries in saved["state"].items()}
        for key, value in _under(flat, f"optimisers/{name}/").items():
            index, _, entry = key.partition("/")
            state.setdefault(int(index), {})[entry] = _laid_out(value, parameters[int(index)])
        groups = [{key: _device_side(value) for key, value in group.items()} for group in saved["param_groups"]]
        for group, own in zip(groups, optimiser.state_dict()["param_groups"], strict=True):
            # JSON has no tuples: take the kind of container the optimiser itself uses (Adam's betas).
            group |= {key: tuple(group[key]) for key, value in own.items() if isinstance(value, tuple)}
            # How the optimiser computes is its own affair: a run may go on on another device.
            group |= {key: own[key] for key in ("foreach", "fused", "capturable") if key in own}
        optimiser.load_state_dict({"state": state, "param_groups": groups})
    with torch.no_grad():
        for name, tensor in tensors.items():
            tensor.copy_(flat[f"tensors/{name}"])
    generator.set_state(flat["generators/run"])
    torch.set_rng_state(flat["generators/torch"])
    device = generator.device
    if f"generators/{device.type}" in flat:
        torch.get_device_module(device).set_rng_state(flat[f"generators/{device.type}"], device)
    kind, *rest = plain["numpy"]
    np.random.set_state((kind, flat["generators/numpy"].numpy().astype(np.uint32), *rest))
    version, inner, gauss = plain["random"]
    random.setstate((version, tuple(inner), gauss))
    return int(plain["step"])


def with_versions(state: Mapping[str, torch.Tensor], module: torch.nn.Module) -> OrderedDict[str, torch.Tensor]:
    """Return a state dict with the versions of a module's parts, which some modules require."""
    whole = OrderedDict(state)
    whole._metadata = module.state_dict()._metadata  # type: ignore[attr-defined]
    return whole


def _laid_out(value: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
    """Return an optimiser's tensor in the memory layout of its parameter, which fused optimisers take for granted."""
    if value.shape != parameter.shape or parameter.is_contiguous():
        return value
    return torch.empty_like(parameter, dtype=value.dtype, device="cpu").copy_(value)


def _device_side(value: Any) -> Any:
    if isinstance(value, dict) and "tensor" in value:
        return torch.tensor(value["tensor"], dtype=getattr(torch, value["dtype"].removeprefix("torch.")))
    return value


def _under(flat: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {key.removeprefix(prefix): value for key, value in flat.items() if key.startswith(prefix)}


def load_module(path: Path, name: str) -> dict[str, torch.Tensor]:
    """Return one module's weights out of a checkpoint, for programs that look at an earlier run's network."""
    with safe_open(path, "pt") as file:
        prefix = f"modules/{name}/"
        return {key.removeprefix(prefix): file.get_tensor(key) for key in file.keys() if key.startswith(prefix)}
