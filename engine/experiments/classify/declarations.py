"""What the classification experiments are called and which hyperparameters they have. No torch."""

from __future__ import annotations

from typing import Literal

from engine.declaration import Experiment, Hyperparameters, hyperparameter


class CnnHyperparameters(Hyperparameters):
    """Hyperparameters of ``cnn``; the defaults are for the digits, MNIST wants batch 256 and lr 1e-3."""

    dataset: Literal["digits", "mnist"] = hyperparameter("digits", "data set to train on", group="data")
    batch: int = hyperparameter(32, "images in a batch", ge=1, le=60_000, unit="images", group="data")
    epochs: int = hyperparameter(10, "passes over the training images", ge=1, le=10_000, group="optimiser")
    lr: float = hyperparameter(3e-3, "learning rate of Adam", gt=0, le=1, live=True, group="optimiser")
    weight_decay: float = hyperparameter(0.0, "L2 penalty on the weights", ge=0, le=1, live=True, group="optimiser")


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
    ),
)
