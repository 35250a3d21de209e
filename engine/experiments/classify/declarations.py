"""What the classification experiments are called and which hyperparameters they have. No torch."""

from __future__ import annotations

from typing import Literal

from engine.datasets.sources import Dataset
from engine.datasets.trees import Images
from engine.declaration import Experiment, Hyperparameters, hyperparameter
from engine.networks.names import ARCHITECTURES, DESCRIPTION, NetworkName


class CnnHyperparameters(Hyperparameters):
    """Hyperparameters of ``cnn``; the defaults are for the digits, MNIST wants batch 256 and lr 1e-3."""

    dataset: Dataset = hyperparameter(
        "digits",
        "data set to train on, or some of its classes: digits:5-9",
        suggestions=("digits", "mnist", "cifar10", "digits:0-4", "digits:5-9"),
        group="data",
    )
    batch: int = hyperparameter(32, "images in a batch", ge=1, le=60_000, unit="images", group="data")
    epochs: int = hyperparameter(10, "passes over the training images", ge=1, le=10_000, group="optimiser")
    lr: float = hyperparameter(3e-3, "learning rate of Adam", gt=0, le=1, live=True, group="optimiser")
    weight_decay: float = hyperparameter(0.0, "L2 penalty on the weights", ge=0, le=1, live=True, group="optimiser")


IMAGES = ("digits:test/0-15", "mnist:test/0-15", "scenes15:test/0-15", "sample:china", "sample:flower")
NETWORKS = ("cnn:digits", "cnn:mnist", "run:last", *ARCHITECTURES)


class PredictHyperparameters(Hyperparameters):
    """Hyperparameters of ``predict``."""

    images: Images = hyperparameter(
        "digits:test/0-15",
        "files, folders, archives, sample:china or digits:test/0-15, separated by commas",
        suggestions=IMAGES,
        min_length=1,
    )
    model: NetworkName = hyperparameter("cnn:digits", DESCRIPTION, suggestions=NETWORKS)
    top_k: int = hyperparameter(5, "classes shown for each image, the most probable first", ge=1, le=1_000)
    resize: Literal["squash", "weights"] = hyperparameter(
        "squash", "squash images to the input size, or cut the centre out as the weights' own transform"
    )


class AnatomyHyperparameters(Hyperparameters):
    """Hyperparameters of ``anatomy``."""

    model: NetworkName = hyperparameter("vgg16", DESCRIPTION, suggestions=NETWORKS)


EXPERIMENTS = (
    Experiment(
        name="cnn",
        title="Small CNN",
        family="classify",
        summary="Train a network of three convolutions and two dense layers (7,465 parameters) on digits.",
        hyperparameters=CnnHyperparameters,
        program="engine.experiments.classify.cnn:train",
        charts=(("train/loss", "validation/loss"), ("train/accuracy", "validation/accuracy")),
        headline="test/accuracy",
        network="engine.experiments.classify.cnn:network",
    ),
    Experiment(
        name="predict",
        title="Prediction",
        family="classify",
        summary="Name the most probable classes of any images, by any network.",
        hyperparameters=PredictHyperparameters,
        program="engine.experiments.classify.predict:run",
        charts=(("images/done",),),
        headline="top1/accuracy",
        tables=("predictions",),
    ),
    Experiment(
        name="anatomy",
        title="Anatomy of a network",
        family="classify",
        summary="Count the parameters and multiply-adds of a network, layer by layer; no weights are needed.",
        hyperparameters=AnatomyHyperparameters,
        program="engine.experiments.classify.anatomy:run",
        headline="parameters/total",
        tables=("layers",),
    ),
)
