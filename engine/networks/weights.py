"""Trained weights: torchvision's own, and how weights are loaded into a network."""

from __future__ import annotations

import re
import urllib.error
import warnings
from collections import Counter
from typing import TYPE_CHECKING

from engine.errors import DataUnavailable
from engine.networks.architectures import default_weights
from engine.networks.names import missing_weights, weights_folder
from engine.tensors.checkpoints import with_versions

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from torch import Tensor, nn

WRAPPERS = re.compile(r"(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
"""What torch.compile and wrappers put into names, at any place of them."""


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


def _renamed(key: str) -> str:
    """Return the present name of a weight in old files: torchvision renames those of DenseNet and ViT as it loads."""
    key = re.sub(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12])\.", r"\1\2.", key)
    return re.sub(r"\.mlp\.linear_([12])\.", lambda found: f".mlp.{0 if found[1] == '1' else 3}.", key)


def _under_prefix(state: Mapping[str, Tensor], own: Collection[str]) -> str:
    """Return the prefix under which a state dict has most of a network's own names, the shortest such.

    Wrappers put one in front: ``module.`` several GPUs, ``_orig_mod.`` torch.compile, ``model.`` Lightning.
    """
    starts = ((key, [0, *(found.end() for found in re.finditer(r"\.", key))]) for key in state)
    found = Counter(key[:at] for key, places in starts for at in places if key[at:] in own)
    return min(found, key=lambda prefix: (-found[prefix], len(prefix)), default="")


def fit_weights(network: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Load weights into a network, whatever prefix wrappers gave their names.

    Raises:
        DataUnavailable: naming what is missing, of another shape or of another kind of numbers.
    """
    own = network.state_dict()
    named = {_renamed(WRAPPERS.sub("", key)): value for key, value in state.items()}
    prefix = _under_prefix(named, own)
    state = {key.removeprefix(prefix): value for key, value in named.items() if key.startswith(prefix)}
    missing = [key for key in own if key not in state and not key.endswith("num_batches_tracked")]
    strange = [key for key in state if key not in own]
    # Averaging (torch.optim.swa_utils) counts in front of the network it wraps.
    strange += [key for key in named if not key.startswith(prefix) and key != "n_averaged"]
    other = [key for key in own if key in state and own[key].shape != state[key].shape]
    whole = [key for key in own if key in state and own[key].is_floating_point() and not state[key].is_floating_point()]
    if broken := [
        key for key, value in state.items() if value.is_floating_point() and not value.float().isfinite().all()
    ]:
        raise DataUnavailable(f"the weights of {source} are not finite (nan or inf) in {broken[0]}")
    # An auxiliary head serves training alone, and weights are often given away without it.
    missing = [key for key in missing if not key.lower().startswith("aux")]
    for what, keys in (
        ("lack", missing),
        ("have, which the network does not know,", strange),
        ("differ in shape at", other),
        ("have integers, as quantised ones do, in", whole),
    ):
        if keys:
            more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
            raise DataUnavailable(f"the weights of {source} do not fit: they {what} {', '.join(keys[:3])}{more}")
    network.load_state_dict(with_versions(state, network), strict=False)
