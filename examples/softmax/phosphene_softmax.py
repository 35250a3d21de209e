"""The declaration of an experiment of one's own; it imports no torch, so that listing it costs nothing."""

from __future__ import annotations

from phosphene import Experiment, Headline, Hyperparameters, hyperparameter


class SoftmaxHyperparameters(Hyperparameters):
    """Hyperparameters of ``softmax``."""

    epochs: int = hyperparameter(20, "passes over the training images", ge=1, le=1_000)
    lr: float = hyperparameter(0.5, "learning rate of plain gradient descent", gt=0, le=10, live=True, log=True)


EXPERIMENT = Experiment(
    name="softmax",
    title="Softmax regression",
    family="classify",
    summary="Fit one linear layer to the digits and look at its weights.",
    hyperparameters=SoftmaxHyperparameters,
    program="phosphene_softmax_program:train",
    charts=(("train/loss",),),
    headline=Headline("test/accuracy", better="higher"),
)
