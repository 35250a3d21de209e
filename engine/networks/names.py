"""How a network is named wherever a program needs one, and what its name alone tells. No torch.

``squeezenet1_1`` (torchvision's own weights), ``vgg16:random``, ``squeezenet1_1:PATH`` (weights from a file),
``run:ID`` (a network an earlier run trained) and ``cnn:DATASET`` (the small CNN, trained once on a data set and kept).
"""

from __future__ import annotations

import csv
import difflib
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

from engine.datasets import names as dataset_names
from engine.errors import DataUnavailable
from engine.paths import path_of, text_of


def _torchvision() -> dict[str, dict[str, str]]:
    text = resources.files(__package__).joinpath("torchvision.csv").read_text(encoding="utf-8")
    return {row["architecture"]: row for row in csv.DictReader(text.splitlines())}


_TABLE = _torchvision()
ARCHITECTURES = {name: row["weights"] for name, row in _TABLE.items()}
"""Torchvision's classifiers, and the file of the weights that it takes by default for each."""
ACTIVATIONS = {name: row["activation"] for name, row in _TABLE.items()}
"""The activation in each of them, ReLU or another; gates of channels apart."""
LAST_MAPS = {name: row["last_maps"] for name, row in _TABLE.items()}
"""How each makes its logits of its last maps: ``averaged`` and at most one linear layer, ``mixed``, ``none`` at all."""
WEIGHTS_ADDRESS = "https://download.pytorch.org/models/"
SMALL_CNN = "cnn"
SMALL_CNN_PENULTIMATE = "relu4"
"""The cut that feeds its last layer."""
DESCRIPTION = "network: torchvision's name, NAME:random, NAME:PATH, cnn:DATASET or run:ID"
"""What a hyperparameter that names a network says of itself."""


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

    @property
    def classes(self) -> int:
        """How many classes a small CNN that was not trained on a folder tells apart; 0 where its name does not say."""
        if self.weights == "trained":
            return len(dataset_names.parse(self.detail).class_names)
        return 0


def parse(text: str) -> ModelName:
    """Read a network's name.

    Raises:
        ValueError: saying what can be written instead.
    """
    head, colon, detail = text.strip().partition(":")
    detail = detail.strip()
    if head == "run":
        if not detail:
            raise ValueError("run: needs a run's id after it, as in run:last")
        return ModelName("", "run", detail)
    if head not in {*ARCHITECTURES, SMALL_CNN}:
        near = difflib.get_close_matches(head, (*ARCHITECTURES, SMALL_CNN), n=2)
        hint = f"did you mean {' or '.join(near)}?" if near else "one of torchvision's, cnn:DATASET or run:ID is wanted"
        raise ValueError(f"there is no network {head!r}; {hint}")
    if colon and not detail:
        wanted = "random or a data set" if head == SMALL_CNN else "random or the path of a weights file"
        raise ValueError(f"{head}: needs {wanted} after it")
    if detail == "random":
        return ModelName(head, "random")
    if head == SMALL_CNN:
        return ModelName(head, "trained", _dataset(detail or "digits"))
    return ModelName(head, "file", detail) if detail else ModelName(head, "pretrained")


def _dataset(text: str) -> str:
    """Return the name of a data set that the small CNN can be trained on."""
    name = dataset_names.check(text)
    if dataset_names.parse(name).photographs:
        raise ValueError(
            f"{name} holds photographs, whose sizes may differ: {SMALL_CNN}:DATASET needs images of one size, as mnist"
        )
    return name


def check(text: str) -> str:
    """Return the name of a network without the spaces around it.

    Raises:
        ValueError: as :func:`parse` does.
    """
    parse(text)
    return text.strip()


def several(text: str) -> list[str]:
    """Return the single names in a text that may hold several."""
    return [name.strip() for name in text.split(",") if name.strip()]


def absolute(text: str) -> str:
    """Return a network's name with the path of a weights file written out, so that it means the same from anywhere."""
    name = parse(text)
    return f"{name.architecture}:{text_of(path_of(name.detail).absolute())}" if name.weights == "file" else text


def weights_folder() -> Path:
    """Return where torchvision keeps its own weights: below ``TORCH_HOME``, or torch's cache folder."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return path_of(os.environ.get("TORCH_HOME", f"{cache}/torch")) / "hub" / "checkpoints"


def missing_weights(architecture: str, file: str, reason: str) -> DataUnavailable:
    """Return the error for torchvision's own weights that are neither there nor to be had."""
    return DataUnavailable(
        f"the weights of {architecture} are not there and cannot be downloaded ({reason}): "
        f"put {file} into {weights_folder()}, or name your own as {architecture}:PATH"
    )
