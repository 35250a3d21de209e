"""What the generating experiments are called and which hyperparameters they have. No torch."""

from __future__ import annotations

from typing import Literal

from engine.declaration import Experiment, Hyperparameters, hyperparameter


class DcganHyperparameters(Hyperparameters):
    """Hyperparameters of ``dcgan``; defaults after Radford et al. 2016, at the width the reports use."""

    dataset: Literal["digits", "mnist"] = hyperparameter("digits", "data set to learn to draw", group="data")
    size: Literal["32", "64"] = hyperparameter("32", "height and width of the images, in pixels", group="data")
    channels: Literal["1", "3"] = hyperparameter("1", "grey, or three colour channels", group="data")
    batch: int = hyperparameter(128, "real images, and as many drawn ones", ge=2, le=4_096, unit="images", group="data")
    nz: int = hyperparameter(100, "length of the latent vector", ge=1, le=10_000, group="networks")
    ngf: int = hyperparameter(32, "feature maps of the generator's last stage", ge=1, le=1_024, group="networks")
    ndf: int = hyperparameter(32, "feature maps of the discriminator's first stage", ge=1, le=1_024, group="networks")
    init: Literal["dcgan", "default"] = hyperparameter(
        "dcgan", "weights from N(0, 0.02), or torch's own", group="networks"
    )
    steps: int = hyperparameter(600, "steps to train", ge=1, le=10_000_000, group="training")
    epochs: int = hyperparameter(
        0, "passes over the images instead of steps; 0 counts steps", ge=0, le=100_000, group="training"
    )
    lr_g: float = hyperparameter(2e-4, "learning rate of the generator", gt=0, le=10, live=True, group="training")
    lr_d: float = hyperparameter(2e-4, "learning rate of the discriminator", gt=0, le=10, live=True, group="training")
    beta1: float = hyperparameter(0.5, "Adam's first momentum", ge=0, lt=1, group="training")
    loss: Literal["non-saturating", "minimax"] = hyperparameter(
        "non-saturating", "what the generator minimises", group="training"
    )
    d_updates: int = hyperparameter(1, "updates of the discriminator in a step", ge=1, le=100, group="training")
    g_updates: int = hyperparameter(1, "updates of the generator in a step", ge=1, le=100, group="training")
    preview_every: int = hyperparameter(
        50, "samples from fixed noise after so many", ge=1, unit="steps", group="previews"
    )
    previews: int = hyperparameter(16, "images in a picture of samples", ge=1, le=400, unit="images", group="previews")
    precision: Literal["auto", "float32", "bf16"] = hyperparameter(
        "auto", "bf16 where the device is fast at it", group="speed"
    )
    channels_last: Literal["auto", "on", "off"] = hyperparameter("auto", "memory layout; auto is on", group="speed")
    compile: Literal["auto", "on", "off"] = hyperparameter(
        "auto", "torch.compile; auto is on for long runs on a GPU", group="speed"
    )


EXPERIMENTS = (
    Experiment(
        name="dcgan",
        title="DCGAN",
        family="generate",
        summary="Let a generator and a discriminator of convolutions learn from each other to draw digits.",
        hyperparameters=DcganHyperparameters,
        program="engine.experiments.generate.dcgan:train",
        charts=(("generator/loss", "discriminator/loss"), ("discriminator/real", "discriminator/fake")),
        headline="generator/loss",
    ),
)
