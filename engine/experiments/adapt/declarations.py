"""The adapting experiments: their names and hyperparameters. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ValidationInfo, field_validator

from engine.datasets.references import DatasetReference, other_classes, too_few_to_validate
from engine.datasets.sources import classes_of
from engine.declaration import Experiment, Headline, Hyperparameters, hyperparameter
from engine.experiments.adapt import pages
from engine.experiments.hyperparameters import Precision, Switch, capture, channels_last, precision
from engine.references import RunReference

SOURCE_ONLY = "source-only"


def unfit(own: Mapping[str, Any], earlier: Mapping[str, Any]) -> str:
    """Say why pseudo-labels cannot go on from an earlier run; nothing if they can."""
    if earlier.get("mode") == "target-only":
        return "has learnt from the target's labels: take one that has not"
    classes, others = (classes_of(source) for source in (own["source"], earlier["source"]))
    if classes == others:
        return ""
    return f"tells {len(others)} classes apart, {others[0]} …, not these {len(classes)}, {classes[0]} …"


Start = Annotated[
    str,
    RunReference(("dann", "pseudo-label"), words=(SOURCE_ONLY,), inherited=("batch_norm", "dropout"), unfit=unfit),
]
"""The type of a hyperparameter that names a trained network to go on from."""
Source = Annotated[str, DatasetReference(unfit=too_few_to_validate)]
"""The type of a hyperparameter that names a data set with labels."""
Target = Annotated[str, DatasetReference(same_classes_as="source", unfit=too_few_to_validate)]
"""The type of a hyperparameter that names a data set with the classes of the source."""


class AdaptationHyperparameters(Hyperparameters):
    """Two domains, and how the network is trained on them."""

    source: Source = hyperparameter("digits", "domain with labels", group="data")
    target: Target = hyperparameter("digits-m", "domain whose labels are used for figures alone", group="data")
    batch: int = hyperparameter(
        64, "images of each domain in a batch", ge=2, le=4_096, unit="images", group="data", memory=True
    )
    batch_norm: bool = hyperparameter(False, "batch normalisation after both convolutions", group="network")
    dropout: float = hyperparameter(
        0.25, "probability of dropping a map or a dense value; the paper's network has 0", ge=0, lt=1, group="network"
    )
    epochs: int = hyperparameter(
        20, "passes over the domain with more training images", ge=1, le=10_000, group="optimiser"
    )
    lr: float = hyperparameter(
        0.01,
        "learning rate at the start; after a share p of the steps lr / (1 + 10 p)^0.75",
        gt=0,
        le=1,
        log=True,
        group="optimiser",
    )
    momentum: float = hyperparameter(0.9, "momentum of gradient descent", ge=0, lt=1, group="optimiser")
    map_images: int = hyperparameter(
        300, "test images of each domain on the maps of the features; 0 for no maps", ge=0, le=5_000, group="report"
    )
    precision: Precision = precision()
    channels_last: Switch = channels_last()
    capture: Switch = capture()

    @field_validator("target")
    @classmethod
    def _tells_the_same_apart(cls, target: str, info: ValidationInfo) -> str:
        both = target, info.data.get("source", target)
        if any(name.startswith("folder:") for name in both):
            return target  # checked before the launch: a form should not read folders at every key
        if complaint := other_classes(*both):
            raise ValueError(complaint)
        return target


class DannHyperparameters(AdaptationHyperparameters):
    """Hyperparameters of ``dann``; defaults after Ganin et al. 2016."""

    mode: Literal["dann", "no-reversal", "source-only", "target-only"] = hyperparameter(
        "dann", "reversed gradient, plain gradient, or no adaptation", group="adaptation"
    )
    schedule: Literal["growing", "constant"] = hyperparameter(
        "growing", "whether lambda grows as 2 / (1 + exp(-gamma p)) - 1", group="adaptation"
    )
    gamma: float = hyperparameter(10.0, "how fast lambda grows", gt=0, le=1_000, group="adaptation")
    strength: float = hyperparameter(1.0, "lambda at the end, or the constant lambda", ge=0, le=100, group="adaptation")


class PseudoLabelHyperparameters(AdaptationHyperparameters):
    """Hyperparameters of ``pseudo-label``."""

    start: Start = hyperparameter(
        SOURCE_ONLY,
        "train on the source first, or go on from a run: run:ID, or last",
    )
    threshold: float = hyperparameter(
        0.95, "probability from which a prediction is a label", ge=0, le=1, group="labels"
    )
    calibrate: bool = hyperparameter(
        False, "scale probabilities by a temperature fitted on the source's validation images", group="labels"
    )
    rounds: int = hyperparameter(3, "rounds, each with new labels", ge=1, le=100, group="labels")
    round_epochs: int = hyperparameter(5, "epochs of a round", ge=1, le=1_000, group="labels")
    balance: bool = hyperparameter(False, "take the same number of each class, the most probable first", group="labels")


CHARTS = (("source/accuracy", "target/accuracy"), ("source/loss", "target/loss"))

EXPERIMENTS = (
    Experiment(
        name="dann",
        title="Domain-adversarial network",
        family="adapt",
        summary="Learn digits from labels of one domain and images of another, with features that hide the domain.",
        hyperparameters=DannHyperparameters,
        program="engine.experiments.adapt.dann:train",
        page=pages.DANN,
        charts=(
            CHARTS[0],
            ("source/domain-accuracy", "target/domain-accuracy"),
            ("train/loss", "train/domain-loss"),
            ("schedule/lambda",),
            CHARTS[1],
            ("source/domain-loss", "target/domain-loss"),
        ),
        headline=Headline("target-test/accuracy", better="higher"),
        network="engine.experiments.adapt.domains:network",
    ),
    Experiment(
        name="pseudo-label",
        title="Pseudo-labels",
        family="adapt",
        summary="Train a network on its own confident predictions in another domain.",
        hyperparameters=PseudoLabelHyperparameters,
        program="engine.experiments.adapt.pseudo_label:train",
        page=pages.PSEUDO_LABEL,
        charts=(
            CHARTS[0],
            ("train/loss", "train/pseudo-loss"),
            ("labels/share", "labels/right"),
            ("labels/temperature",),
            CHARTS[1],
        ),
        headline=Headline("target-test/accuracy", better="higher"),
        tables=("rounds",),
        network="engine.experiments.adapt.domains:network",
    ),
)
