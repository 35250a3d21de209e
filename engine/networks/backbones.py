"""Networks by name, with their weights and what their images must go through: torchvision's, from files, from runs."""

from __future__ import annotations

import hashlib
import importlib
import pickle
import re
import urllib.error
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from engine.datasets import sources
from engine.datasets.photographs import Preprocessing
from engine.errors import DataUnavailable, first_line
from engine.networks.cuts import Sectioned
from engine.networks.names import SMALL_CNN, ModelName, parse, weights_folder
from engine.networks.small_cnn import SmallCnn
from engine.tensors.checkpoints import load_module, with_versions

if TYPE_CHECKING:
    from engine.authoring import Context

SMALL_CNN_INPUT = Preprocessing(28, channels=1, mean=(0.0,), std=(1.0,))


@dataclass(frozen=True, slots=True)
class Backbone:
    """A network ready for use, in evaluation mode.

    Attributes:
        name: as asked for.
        network: on the device asked for.
        preprocessing: what its weights were trained with.
        classes: names of what it tells apart.
        architecture: ``squeezenet1_1`` and the like, or ``cnn``.
    """

    name: str
    network: nn.Module
    preprocessing: Preprocessing
    classes: tuple[str, ...]
    architecture: str

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one input image."""
        return (self.preprocessing.channels, self.preprocessing.size, self.preprocessing.size)

    def fixed(self) -> Backbone:
        """Return the same, its parameters without gradients: those cost a third of a backward pass and more."""
        self.network.requires_grad_(False)
        return self

    def logits(self, images: Tensor) -> Tensor:
        """Return the logits ``[N, classes]``, float32, of images ``[N, C, H, W]`` in [0, 1]."""
        return self.network(self.preprocessing.standardised(images)).float()  # type: ignore[no-any-return]

    def digest(self) -> str:
        """Return what changes with any weight: 16 hexadecimal characters."""
        content = hashlib.blake2b(digest_size=8)
        for key, value in self.network.state_dict().items():
            content.update(f"{key}{tuple(value.shape)}".encode())
            content.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
        return content.hexdigest()


def load(name: str, context: Context) -> Backbone:
    """Return a network by name, on the context's device.

    Raises:
        DataUnavailable: if its weights are not there, saying which file to put where; or if they do not fit.
    """
    asked = parse(name)
    if asked.weights == "run":
        backbone = _of_run(name, asked.detail, context)
    elif asked.weights == "trained":
        backbone = _trained(name, asked.detail, context)
    elif asked.architecture == SMALL_CNN:
        backbone = Backbone(name, SmallCnn(), SMALL_CNN_INPUT, tuple("0123456789"), SMALL_CNN)
    else:
        backbone = _torchvision(name, asked.architecture, None if asked.weights == "random" else asked.detail)
    backbone.network.eval().to(context.device)
    if backbone.preprocessing.channels == 3:
        backbone.network.to(memory_format=torch.channels_last)
    return backbone


def build(architecture: str, classes: int | None = None) -> nn.Module:
    """Build one of torchvision's classifiers with random weights, as its paper has it, or with other classes."""
    from torchvision.models import get_model

    options: dict[str, Any] = {} if classes is None else {"num_classes": classes}
    if architecture in {"inception_v3", "googlenet"}:
        # Their own initialisation draws from a truncated normal through scipy, for half a minute.
        # And their weights take images scaled in another way, which the networks then do themselves.
        options |= {"init_weights": False, "aux_logits": True, "transform_input": True}
    if architecture == "vit_h_14":
        options["image_size"] = 518  # what its weights are for
    return get_model(architecture, weights=None, **options)  # type: ignore[no-any-return]


def preprocessing_of(architecture: str) -> Preprocessing:
    """Return what an architecture's own weights were trained with."""
    transforms = _default_weights(architecture).transforms()
    return Preprocessing(
        size=transforms.crop_size[0],
        resize=transforms.resize_size[0],
        interpolation=transforms.interpolation.value,
        mean=tuple(transforms.mean),
        std=tuple(transforms.std),
    )


def _default_weights(architecture: str) -> Any:
    from torchvision.models import get_model_weights

    return get_model_weights(architecture).DEFAULT  # type: ignore[attr-defined]


def bare(name: str) -> tuple[nn.Module, tuple[int, int, int]]:
    """Return a network without its weights and the shape of one input image; it takes no memory.

    Raises:
        DataUnavailable: for the network of a run, which its architecture alone does not tell.
    """
    asked = parse(name)
    if asked.weights == "run":
        raise DataUnavailable("of a run, name the architecture instead, as in cnn or squeezenet1_1")
    try:
        with torch.device("meta"):
            network = _bare_cnn(asked) if asked.architecture == SMALL_CNN else build(asked.architecture)
    except NotImplementedError:
        # RegNet works its widths out with tensors.
        network = build(asked.architecture).to("meta")
    wanted = SMALL_CNN_INPUT if asked.architecture == SMALL_CNN else preprocessing_of(asked.architecture)
    return network, (wanted.channels, wanted.size, wanted.size)


def _bare_cnn(asked: ModelName) -> nn.Module:
    named = sources.parse(asked.detail or "digits")
    first, last = named.classes or (0, len(named.source.classes) - 1 if named.source else 9)
    return SmallCnn(classes=last - first + 1)


def skeleton(name: str) -> Sectioned:
    """Return the cuts of a network without its weights; see :func:`bare`."""
    return Sectioned(*bare(name))


def _torchvision(name: str, architecture: str, weights: str | None) -> Backbone:
    """Build a classifier: ``weights`` is None for random ones, empty for torchvision's own, else a path."""
    own = _default_weights(architecture)
    network = build(architecture)
    if weights is not None:
        state = read_weights(Path(weights).expanduser()) if weights else _own_weights(own, architecture)
        fit_weights(network, state, weights or f"torchvision's {own}")
    return Backbone(name, network, preprocessing_of(architecture), tuple(own.meta["categories"]), architecture)


def _own_weights(weights: Any, architecture: str) -> dict[str, torch.Tensor]:
    file = weights_folder() / weights.url.rpartition("/")[2]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return weights.get_state_dict(progress=False, check_hash=True)  # type: ignore[no-any-return]
    except (OSError, urllib.error.URLError) as error:
        raise DataUnavailable(
            f"the weights of {architecture} are not there and cannot be downloaded ({error}): "
            f"put {file.name} into {file.parent}, or name your own as {architecture}:PATH"
        ) from error
    except RuntimeError as error:
        raise DataUnavailable(f"{file} is damaged: remove it, so that it is downloaded again ({error})") from error


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read a state dict from a ``.safetensors`` or ``.pth`` file; code in it is refused, not run.

    Raises:
        DataUnavailable: if it is no such file.
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
        raise DataUnavailable(f"{path} is no readable weights file: {first_line(error)}") from error
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(
        isinstance(key, str) and isinstance(value, torch.Tensor) for key, value in state.items()
    ):
        raise DataUnavailable(f"{path} holds no state_dict, which is a dictionary of tensors")
    return {key.removeprefix("module."): value for key, value in state.items()}


def _renamed(key: str) -> str:
    """Return the present name of a weight in old files: torchvision renames those of DenseNet and ViT as it loads."""
    key = re.sub(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12])\.", r"\1\2.", key)
    return re.sub(r"\.mlp\.linear_([12])\.", lambda found: f".mlp.{0 if found[1] == '1' else 3}.", key)


def fit_weights(network: nn.Module, state: dict[str, torch.Tensor], source: str) -> None:
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
        raise DataUnavailable(f"the weights of {source} are no numbers (nan or inf) in {broken[0]}")
    # An auxiliary head serves training alone, and weights are often given away without it.
    missing = [key for key in missing if not key.lower().startswith("aux")]
    for what, keys in (
        ("lack", missing),
        ("have, as nothing the network knows,", strange),
        ("differ in shape at", other),
    ):
        if keys:
            more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
            raise DataUnavailable(f"the weights of {source} do not fit: they {what} {', '.join(keys[:3])}{more}")
    network.load_state_dict(with_versions(state, network), strict=False)


def fit_earlier(network: nn.Module, run_id: str, part: str, context: Context) -> None:
    """Load what an earlier run saved of a network into one of the same build.

    Args:
        network: to load into.
        run_id: of the earlier run.
        part: the name under which it saved the network.
        context: of this run.

    Raises:
        DataUnavailable: if it is not there any more, or does not fit.
    """
    run = context.earlier(run_id)
    saved = run.last_checkpoint()
    if saved is None:
        raise DataUnavailable(f"run {run_id} has saved no network that could be taken")
    fit_weights(network, load_module(run.path / saved.file, part), f"run:{run_id}")


def _of_run(name: str, run_id: str, context: Context) -> Backbone:
    """Rebuild the network an earlier run trained; the run's experiment declares how."""
    from engine.catalogue import experiment

    record = context.earlier(run_id).record()
    declared = experiment(record.experiment)
    if not declared.network:
        raise DataUnavailable(f"run {run_id} ({record.experiment}) has trained no network that could be taken")
    module, _, function = declared.network.partition(":")
    backbone: Backbone = getattr(importlib.import_module(module), function)(
        declared.validate(record.hyperparameters), context
    )
    fit_earlier(backbone.network, run_id, "network", context)
    return replace(backbone, name=name)


def _trained(name: str, dataset: str, context: Context) -> Backbone:
    """Return the small CNN trained on a data set, as it was kept when it was first needed."""
    from engine.networks.embedded import small_cnn

    network, classes = small_cnn(dataset, context)
    return Backbone(name, network, SMALL_CNN_INPUT, classes, SMALL_CNN)
