"""Trained weights: torchvision's own, from files, and how they are loaded into a network. Code in a file never runs."""

from __future__ import annotations

import pickle
import re
import urllib.error
import warnings
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from engine.errors import DataUnavailable, first_line
from engine.networks.architectures import default_weights
from engine.networks.names import missing_weights, weights_folder
from engine.tensors.checkpoints import with_versions

if TYPE_CHECKING:
    from pathlib import Path


def own_weights(architecture: str) -> dict[str, Tensor]:
    """Return torchvision's own weights, downloaded if they are not there.

    Raises:
        DataUnavailable: if they cannot be had, saying which file to put where.
    """
    weights = default_weights(architecture)
    file = weights_folder() / weights.url.rpartition("/")[2]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return weights.get_state_dict(progress=False, check_hash=True)  # type: ignore[no-any-return]
    except (OSError, urllib.error.URLError) as error:
        raise missing_weights(architecture, file.name, str(error)) from error
    except RuntimeError as error:
        raise DataUnavailable(f"{file} is damaged: remove it, so that it is downloaded again ({error})") from error


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict from a ``.safetensors`` or ``.pth`` file; code in it is refused, not run.

    Raises:
        DataUnavailable: if it is not such a file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise DataUnavailable(f"there is no weights file {path}") from None
    except pickle.UnpicklingError as error:
        raise DataUnavailable(
            f"{path} holds more than weights, code perhaps, and is not opened: save the state_dict alone"
        ) from error
    except (
        OSError,
        RuntimeError,
        ValueError,
        EOFError,
        LookupError,
        TypeError,
        AttributeError,
        SafetensorError,
    ) as error:
        raise DataUnavailable(f"{path} is not a readable weights file: {first_line(error)}") from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in state.items()
    ):
        raise DataUnavailable(f"{path} holds no state_dict, which is a dictionary of tensors")
    return {key.removeprefix("module."): value for key, value in state.items()}


def _renamed(key: str) -> str:
    """Return the present name of a weight in old files: torchvision renames those of DenseNet and ViT as it loads."""
    key = re.sub(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12])\.", r"\1\2.", key)
    return re.sub(r"\.mlp\.linear_([12])\.", lambda found: f".mlp.{0 if found[1] == '1' else 3}.", key)


def fit_weights(network: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Load weights into a network.

    Raises:
        DataUnavailable: naming what is missing or of another shape.
    """
    state = {_renamed(key): value for key, value in state.items()}
    own = network.state_dict()
    missing = [key for key in own if key not in state and not key.endswith("num_batches_tracked")]
    strange = [key for key in state if key not in own]
    other = [key for key in own if key in state and own[key].shape != state[key].shape]
    if broken := [key for key, value in state.items() if value.is_floating_point() and not value.isfinite().all()]:
        raise DataUnavailable(f"the weights of {source} are not finite (nan or inf) in {broken[0]}")
    # An auxiliary head serves training alone, and weights are often given away without it.
    missing = [key for key in missing if not key.lower().startswith("aux")]
    for what, keys in (
        ("lack", missing),
        ("have, which the network does not know,", strange),
        ("differ in shape at", other),
    ):
        if keys:
            more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
            raise DataUnavailable(f"the weights of {source} do not fit: they {what} {', '.join(keys[:3])}{more}")
    network.load_state_dict(with_versions(state, network), strict=False)
