"""The transfer experiments: their names and hyperparameters. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from engine.datasets.references import Dataset, DatasetReference
from engine.declaration import Experiment, Headline, Hyperparameters, hyperparameter
from engine.experiments.hyperparameters import Precision, Resize, resize
from engine.experiments.transfer import grid, pages
from engine.experiments.transfer.enough import too_few_for_folds, too_few_to_choose_c, too_few_to_hold_out
from engine.experiments.transfer.grid import Grid
from engine.networks.names import DESCRIPTION
from engine.networks.places import PENULTIMATE
from engine.networks.references import CutName, CutNames, NetworkName
from engine.references import RunReference

PREDICTIONS = "predictions"
"""The table with a line for each test image."""


def dataset() -> Any:
    """Declare the data set of a transfer."""
    return hyperparameter("digits:5-9", "data set, some of its classes, or folder:PATH", group="images")


def other_images(own: Mapping[str, Any], earlier: Mapping[str, Any]) -> str:
    """Say why the predictions of an earlier run cannot be compared image by image; nothing if they can."""
    if own["dataset"] == earlier["dataset"]:
        return ""
    return f"was tested on {earlier['dataset']}: take one on {own['dataset']}"


Against = Annotated[
    str, RunReference(("probe", "cuts", "finetune"), words=("",), table=PREDICTIONS, unfit=other_images)
]
"""The type of a hyperparameter that names an earlier run on the same test images, or none."""


class TransferHyperparameters(Hyperparameters):
    """Which network and which images; the defaults run offline, RDFIA practical 3-a takes scenes15 and vgg16."""

    dataset: Dataset = dataset()
    resize: Resize = resize(group="images")
    broken: Literal["skip", "refuse"] = hyperparameter(
        "skip", "skip images that cannot be read, or refuse them", group="images"
    )
    model: NetworkName = hyperparameter(
        "cnn:digits:0-4",
        DESCRIPTION,
        group="network",
    )
    against: Against = hyperparameter(
        "", "earlier run on the same images, compared by McNemar's test: run:ID, or last; empty for none", group="test"
    )


class FeatureHyperparameters(TransferHyperparameters):
    """Which features are taken."""

    pool: int = hyperparameter(
        1, "cells a side to which maps are averaged; 0 keeps them whole", ge=0, le=64, group="network"
    )
    precision: Precision = hyperparameter(
        "auto", "number format; auto is bf16 where it is fast and changes the features by at most 2 %", group="network"
    )
    scaling: Literal["l2", "standard", "none"] = hyperparameter(
        "l2", "features divided by each image's length, or standardised over the training images", group="classifier"
    )


class ProbeHyperparameters(FeatureHyperparameters):
    """Hyperparameters of ``probe``."""

    dataset: Annotated[str, DatasetReference(unfit=too_few_to_choose_c)] = dataset()
    cut: CutName = hyperparameter(
        PENULTIMATE,
        "where the network is cut: what its last layer is fed, or relu7, conv5_3; see phosphene cuts MODEL",
        group="network",
    )
    classifier: Literal["linear-svc", "svc-linear", "svc-rbf", "svc-sigmoid", "logistic"] = hyperparameter(
        "linear-svc", "one-vs-rest squared hinge, SVC with a kernel, or logistic regression", group="classifier"
    )
    C: Grid = hyperparameter(
        "1",
        "inverse regularisation; several (0.1,1,10) or a range (1e-4..1) are cross-validated",
        log=True,
        several=True,
        group="classifier",
    )
    folds: int = hyperparameter(
        5, "folds of the cross-validation on the training images", ge=2, le=20, group="classifier"
    )

    @property
    def validated(self) -> bool:
        """Whether C is chosen by cross-validation: a single one is fitted at once."""
        return len(grid.parse(self.C)) > 1

    gamma: float = hyperparameter(
        0.0,
        "of the RBF and the sigmoid kernel; 0 for 1 / (dimensions x variance)",
        ge=0,
        le=1e6,
        log=True,
        group="classifier",
    )
    pca: float = hyperparameter(
        0.0,
        "PCA in front: 0 none, below 1 the share of variance kept, else components",
        ge=0,
        le=10_000,
        group="classifier",
    )
    baselines: bool = hyperparameter(
        True, "probe the same network with random weights and the pixels, too", group="test"
    )


class CutsHyperparameters(FeatureHyperparameters):
    """Hyperparameters of ``cuts``."""

    dataset: Annotated[str, DatasetReference(unfit=too_few_for_folds)] = dataset()
    mode: Literal["curve", "pairs"] = hyperparameter(
        "curve", "every cut, or every pair of a convolutional and a classifier cut that fit", group="network"
    )
    cuts: CutNames = hyperparameter(
        "all", "cuts to try, separated by commas; all takes those that phosphene cuts MODEL lists", group="network"
    )
    C: Grid = hyperparameter(
        "1",
        "inverse regularisation; of several the best is taken for each cut",
        log=True,
        several=True,
        group="classifier",
    )
    folds: int = hyperparameter(
        5, "folds of the cross-validation on the training images", ge=2, le=20, group="classifier"
    )


class FinetuneHyperparameters(TransferHyperparameters):
    """Hyperparameters of ``finetune``; Nehlil & Boutaleb take scenes15, vgg16 and learning rate 5e-4."""

    dataset: Annotated[str, DatasetReference(unfit=too_few_to_hold_out)] = dataset()
    batch: int = hyperparameter(40, "images in a batch", ge=2, le=10_000, unit="images", group="images", memory=True)
    validation: float = hyperparameter(
        0.2, "share of each class's training images held out", gt=0, lt=1, group="images"
    )
    augmentation: bool = hyperparameter(
        False, "flip 0.5, rotation 15, resized crop, colour jitter 0.2, perspective 0.2", group="images"
    )
    freeze: Literal["backbone", "features", "none"] = hyperparameter(
        "none", "what is not trained: all but the last layer, the convolutional part, or none", group="network"
    )
    precision: Precision = hyperparameter(
        "auto", "number format of the convolutions; auto is bf16 where the device is fast at it", group="network"
    )
    epochs: int = hyperparameter(10, "passes over the training images", ge=1, le=10_000, group="optimiser")
    optimiser: Literal["adam", "sgd"] = hyperparameter("adam", "Adam, or SGD with momentum 0.9", group="optimiser")
    lr: float = hyperparameter(
        5e-4, "learning rate of the new layer", gt=0, le=10, live=True, log=True, group="optimiser"
    )
    lr_pretrained: float = hyperparameter(
        1.0,
        "learning rate of the pretrained layers, as a multiple of lr",
        ge=0,
        le=10,
        live=True,
        log=True,
        group="optimiser",
    )
    weight_decay: float = hyperparameter(
        0.0, "L2 penalty on the weights", ge=0, le=1, live=True, log=True, group="optimiser"
    )
    patience: int = hyperparameter(
        0, "epochs without a better validation loss after which it ends; 0 never", ge=0, le=10_000, group="optimiser"
    )


EXPERIMENTS = (
    Experiment(
        name="probe",
        title="Probe of a frozen network",
        family="transfer",
        summary="Classify new images by the features a frozen network gives at one cut, with an SVM or the like.",
        hyperparameters=ProbeHyperparameters,
        program="engine.experiments.transfer.probe:run",
        page=pages.PROBE,
        shows=("pictures", "tables"),
        charts=(("validation/accuracy",), ("validation/fit_seconds",), ("features/images_per_second",)),
        headline=Headline("test/accuracy", better="higher"),
        tables=("classes", "C", "baselines"),
    ),
    Experiment(
        name="cuts",
        title="Probe at every cut",
        family="transfer",
        summary="Compare the features of a frozen network at every cut, or at every pair of cuts, from one pass.",
        hyperparameters=CutsHyperparameters,
        program="engine.experiments.transfer.cuts:run",
        page=pages.CUTS,
        shows=("pictures", "tables"),
        charts=(("validation/accuracy", "test/accuracy"), ("features/images_per_second",)),
        headline=Headline("test/accuracy", better="higher"),
        tables=("cuts",),
    ),
    Experiment(
        name="finetune",
        title="Finetuning",
        family="transfer",
        summary="Give a pretrained network a new last layer and train it, or more of it, on other classes.",
        hyperparameters=FinetuneHyperparameters,
        program="engine.experiments.transfer.finetune:train",
        page=pages.FINETUNE,
        charts=(("train/loss", "validation/loss"), ("train/accuracy", "validation/accuracy")),
        headline=Headline("test/accuracy", better="higher"),
        tables=("classes",),
        network="engine.experiments.transfer.finetune:network",
    ),
)
