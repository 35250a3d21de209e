"""How a network is named wherever a program needs one, and what can be said of it by name alone. No torch.

``squeezenet1_1`` (torchvision's own weights), ``vgg16:random``, ``squeezenet1_1:PATH`` (weights from a file),
``run:ID`` (a network an earlier run trained) and ``cnn:DATASET`` (the small CNN, trained once on a data set and kept).
"""

from __future__ import annotations

import difflib
import importlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from engine.datasets import sources
from engine.errors import DataUnavailable, InvalidHyperparameters

ARCHITECTURES = (
    *("alexnet", "googlenet", "inception_v3", "maxvit_t", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small"),
    *(f"convnext_{size}" for size in ("tiny", "small", "base", "large")),
    *(f"densenet{depth}" for depth in (121, 161, 169, 201)),
    *(f"efficientnet_b{number}" for number in range(8)),
    *(f"efficientnet_v2_{size}" for size in "sml"),
    *(f"mnasnet{width}" for width in ("0_5", "0_75", "1_0", "1_3")),
    *(f"regnet_{kind}_{size}" for kind in "xy" for size in ("400mf", "800mf", "1_6gf", "3_2gf", "8gf", "16gf", "32gf")),
    "regnet_y_128gf",
    *(f"resnet{depth}" for depth in (18, 34, 50, 101, 152)),
    *("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2"),
    *(f"shufflenet_v2_x{width}" for width in ("0_5", "1_0", "1_5", "2_0")),
    *("squeezenet1_0", "squeezenet1_1"),
    *(f"swin_{version}{size}" for version in ("", "v2_") for size in "tsb"),
    *(f"vgg{depth}{norm}" for depth in (11, 13, 16, 19) for norm in ("", "_bn")),
    *("vit_b_16", "vit_b_32", "vit_l_16", "vit_l_32", "vit_h_14"),
)
"""Torchvision's classifiers."""
SMALL_CNN = "cnn"
WEIGHT_FILES = (".pth", ".pt", ".safetensors")


@dataclass(frozen=True, slots=True)
class ModelName:
    """A network as named.

    Attributes:
        architecture: one of torchvision's, or ``cnn``; empty for a run.
        weights: where they come from.
        detail: the path of the file, the id of the run, or the name of the data set.
    """

    architecture: str
    weights: Literal["pretrained", "random", "file", "run", "trained"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """A place in a network whose values can be taken.

    Attributes:
        name: as people call it, e.g. ``relu7``.
        node: torchvision's name of it, e.g. ``classifier.4``.
        shape: of the values for one image, without the batch.
        behind: whether it lies in the classifier, behind the convolutional part.
    """

    name: str
    node: str
    shape: tuple[int, ...]
    behind: bool

    @property
    def size(self) -> int:
        """How many values there are for one image."""
        return math.prod(self.shape)

    @property
    def spatial(self) -> bool:
        """Whether the values are maps ``[C, H, W]``; ``[H, W, C]``, as Swin has inside, is none (inputs are square)."""
        return len(self.shape) == 3 and self.shape[1] == self.shape[2]


@dataclass(frozen=True, slots=True)
class CutTable:
    """All cuts of a network in the order of computation; ``fits`` names the cuts that may feed each classifier cut."""

    model: str
    cuts: tuple[Cut, ...]
    fits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def parse(text: str) -> ModelName:
    """Read a network's name.

    Raises:
        ValueError: saying what can be written instead.
    """
    head, colon, detail = text.strip().partition(":")
    if head == "run":
        if not detail:
            raise ValueError("run: needs a run's id behind it, as in run:last")
        return ModelName("", "run", detail)
    if head not in {*ARCHITECTURES, SMALL_CNN}:
        near = difflib.get_close_matches(head, (*ARCHITECTURES, SMALL_CNN), n=2)
        hint = f"did you mean {' or '.join(near)}?" if near else "one of torchvision's, cnn:DATASET or run:ID is wanted"
        raise ValueError(f"there is no network {head!r}; {hint}")
    if colon and not detail:
        wanted = "random or a data set" if head == SMALL_CNN else "random or the path of a weights file"
        raise ValueError(f"behind {head}: goes {wanted}")
    if detail == "random":
        return ModelName(head, "random")
    if head == SMALL_CNN:
        return ModelName(head, "trained", sources.check(detail or "digits"))
    return ModelName(head, "file", detail) if detail else ModelName(head, "pretrained")


def check(text: str) -> str:
    """Return the name if it is one; for pydantic.

    Raises:
        ValueError: as :func:`parse` does.
    """
    parse(text)
    return text.strip()


NETWORK_MARK = AfterValidator(check)
"""What tells such a hyperparameter from any other text."""
NetworkName = Annotated[str, NETWORK_MARK]
"""The type of a hyperparameter that names a network."""


def check_several(text: str) -> str:
    """Return names of networks, separated by commas, each once, if each is one; none are fine too. For pydantic.

    Raises:
        ValueError: as :func:`parse` does.
    """
    if text and not several(text):
        raise ValueError("names no network")
    return ",".join(dict.fromkeys(check(name) for name in several(text)))


def several(text: str) -> list[str]:
    """Return the single names in a text that may hold several."""
    return [name.strip() for name in text.split(",") if name.strip()]


NETWORKS_MARK = AfterValidator(check_several)
"""What tells a hyperparameter that names any number of networks from other text."""
NetworkNames = Annotated[str, NETWORKS_MARK]
"""The type of a hyperparameter that names networks, separated by commas."""
DESCRIPTION = "network: torchvision's name, NAME:random, NAME:PATH, cnn:DATASET or run:ID"
"""What such a hyperparameter says of itself."""


def absolute(text: str) -> str:
    """Return a network's name with the path of a weights file written out, so that it means the same from anywhere."""
    name = parse(text)
    return f"{name.architecture}:{Path(name.detail).expanduser().absolute()}" if name.weights == "file" else text


def weights_folder() -> Path:
    """Return where torchvision keeps its own weights: below ``TORCH_HOME``, or torch's cache folder."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser() / "hub" / "checkpoints"


def require_weights(text: str) -> None:
    """Check that a weights file which is named is there.

    Raises:
        DataUnavailable: saying what is missing.
    """
    name = parse(text)
    if name.weights == "trained":
        sources.require_present(name.detail)
    if name.weights != "file":
        return
    path = Path(name.detail).expanduser()
    if not path.is_file():
        raise DataUnavailable(f"there is no weights file {path}")
    if path.suffix not in WEIGHT_FILES:
        raise DataUnavailable(f"{path.name} is no weights file by its name; those end in {', '.join(WEIGHT_FILES)}")


def cut_table(model: str) -> CutTable:
    """Return the places at which a network can be cut, their shapes, and which pairs fit; needs no weights.

    Raises:
        InvalidHyperparameters: if there is no such network.
        DataUnavailable: if it is that of a run.
    """
    try:
        check(model)
    except ValueError as error:
        raise InvalidHyperparameters({"model": str(error)}) from None
    table: CutTable = importlib.import_module("engine.networks.cuts").table(model)
    return table
