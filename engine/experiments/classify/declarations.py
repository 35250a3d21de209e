"""What the classification experiments are called and which hyperparameters they have. No torch."""

from __future__ import annotations

from typing import Annotated

from engine.datasets.references import DatasetReference, Images
from engine.declaration import Experiment, Headline, Hyperparameters, hyperparameter
from engine.experiments.classify import pages
from engine.experiments.hyperparameters import Resize, Switch, capture, images, network, resize
from engine.networks.references import Architecture, NetworkName


class CnnHyperparameters(Hyperparameters):
    """Hyperparameters of ``cnn``; the defaults are for the digits, MNIST wants batch 256 and lr 1e-3."""

    dataset: Annotated[str, DatasetReference(photographs=False)] = hyperparameter(
        "digits", "data set to train on, or some of its classes: digits:5-9", group="data"
    )
    batch: int = hyperparameter(32, "images in a batch", ge=1, le=60_000, unit="images", group="data", memory=True)
    epochs: int = hyperparameter(10, "passes over the training images", ge=1, le=10_000, group="optimiser")
    lr: float = hyperparameter(3e-3, "learning rate of Adam", gt=0, le=1, live=True, log=True, group="optimiser")
    weight_decay: float = hyperparameter(
        0.0, "L2 penalty on the weights", ge=0, le=1, live=True, log=True, group="optimiser"
    )
    capture: Switch = capture()


class PredictHyperparameters(Hyperparameters):
    """Hyperparameters of ``predict``."""

    images: Images = images()
    model: NetworkName = network()
    top_k: int = hyperparameter(5, "classes shown for each image, the most probable first", ge=1, le=1_000)
    resize: Resize = resize()


class AnatomyHyperparameters(Hyperparameters):
    """Hyperparameters of ``anatomy``."""

    model: Architecture = network("vgg16")


EXPERIMENTS = (
    Experiment(
        name="cnn",
        title="Small CNN",
        family="classify",
        summary="Train a network of three convolutions and two dense layers (7,465 parameters) on digits.",
        hyperparameters=CnnHyperparameters,
        program="engine.experiments.classify.cnn:train",
        page=pages.CNN,
        charts=(("train/loss", "validation/loss"), ("train/accuracy", "validation/accuracy")),
        headline=Headline("test/accuracy", better="higher"),
        network="engine.experiments.classify.cnn:network",
        small=True,
    ),
    Experiment(
        name="predict",
        title="Prediction",
        family="classify",
        summary="Name the most probable classes of any images, by any network.",
        hyperparameters=PredictHyperparameters,
        program="engine.experiments.classify.predict:run",
        page=pages.PREDICT,
        shows=("tables", "pictures"),
        headline=Headline("top1/accuracy", better="higher"),
        tables=("predictions",),
    ),
    Experiment(
        name="anatomy",
        title="Anatomy of a network",
        family="classify",
        summary="Count the parameters and multiply-adds of a network, layer by layer; no weights are needed.",
        hyperparameters=AnatomyHyperparameters,
        program="engine.experiments.classify.anatomy:run",
        page=pages.ANATOMY,
        shows=("tables",),
        headline=Headline("parameters/total", better="neither"),
        tables=("layers",),
    ),
)
