"""What the generating experiments are called and which hyperparameters they have. No torch."""

from __future__ import annotations

import importlib.util
from typing import Annotated, Literal

from pydantic import AfterValidator, ValidationInfo, field_validator

from engine.datasets.sources import Dataset, Pictures
from engine.declaration import Experiment, Headline, Hyperparameters, RunMark, hyperparameter
from engine.experiments.hyperparameters import Precision, Switch, channels_last, precision

DATASETS = ("digits", "mnist", "cifar10", "celeba:Smiling", "celeba:Eyeglasses", "celeba:Bald", "folder:")
EMBEDDED = "embedded"
GENERATORS = RunMark(("dcgan", "cdcgan", "cgan"), words=(EMBEDDED,), otherwise=EMBEDDED)
TrainedGenerator = Annotated[str, AfterValidator(GENERATORS.check), GENERATORS]


class GanHyperparameters(Hyperparameters):
    """What all adversarial networks have in common; defaults after Radford et al. 2016."""

    dataset: Pictures = hyperparameter(
        "digits", "data set to learn to draw, some of its classes, or folder:PATH", suggestions=DATASETS, group="data"
    )
    size: Literal["32", "64"] = hyperparameter("32", "height and width of the images, in pixels", group="data")
    channels: Literal["auto", "1", "3"] = hyperparameter(
        "auto", "grey, three colour channels, or what the images have", group="data"
    )
    batch: int = hyperparameter(128, "real images, and as many drawn ones", ge=2, le=4_096, unit="images", group="data")
    nz: int = hyperparameter(100, "length of the latent vector", ge=1, le=10_000, group="networks")
    init: Literal["dcgan", "default"] = hyperparameter(
        "dcgan", "weights from N(0, 0.02), or torch's own", group="networks"
    )
    steps: int = hyperparameter(600, "steps to train", ge=1, le=10_000_000, group="training")
    epochs: int = hyperparameter(
        0, "passes over the images instead of steps; 0 counts steps", ge=0, le=100_000, group="training"
    )
    lr_g: float = hyperparameter(
        2e-4, "learning rate of the generator", gt=0, le=10, live=True, log=True, group="training"
    )
    lr_d: float = hyperparameter(
        2e-4, "learning rate of the discriminator", gt=0, le=10, live=True, log=True, group="training"
    )
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
    quality: int = hyperparameter(
        2_000,
        "samples judged at the end by a CNN of the same images; 0 for none",
        ge=0,
        le=50_000,
        group="judging",
    )
    fidelity: bool = hyperparameter(
        False, "FID and KID of Inception v3 for them, too; needs the extra phosphene[fidelity]", group="judging"
    )
    precision: Precision = precision()
    channels_last: Switch = channels_last()
    compile: Switch = hyperparameter("auto", "torch.compile; auto is on for long runs on a GPU", group="speed")

    @field_validator("fidelity")
    @classmethod
    def _can_be_measured(cls, fidelity: bool, info: ValidationInfo) -> bool:
        if fidelity and importlib.util.find_spec("torch_fidelity") is None:
            raise ValueError("needs torch-fidelity: pip install 'phosphene[fidelity]'")
        if fidelity and info.data.get("quality", 2) < 2:
            raise ValueError("needs samples: let quality be 2,000 or so")
        return fidelity


class DcganHyperparameters(GanHyperparameters):
    """Hyperparameters of ``dcgan``, at the width the reports use."""

    ngf: int = hyperparameter(32, "feature maps of the generator's last stage", ge=1, le=1_024, group="networks")
    ndf: int = hyperparameter(32, "feature maps of the discriminator's first stage", ge=1, le=1_024, group="networks")


class ConditionalHyperparameters(GanHyperparameters):
    """What generators have that are told the class."""

    dataset: Dataset = hyperparameter(
        "digits", "data set to learn to draw, some of its classes, or folder:PATH", suggestions=DATASETS, group="data"
    )
    tell_d: bool = hyperparameter(True, "whether the discriminator is told the class, too", group="networks")
    previews: int = hyperparameter(50, "images in a picture of samples", ge=1, le=400, unit="images", group="previews")


class CdcganHyperparameters(ConditionalHyperparameters, DcganHyperparameters):
    """Hyperparameters of ``cdcgan``."""


class CganHyperparameters(ConditionalHyperparameters):
    """Hyperparameters of ``cgan``."""

    init: Literal["dcgan", "default"] = hyperparameter(
        "default", "weights from N(0, 0.02), or torch's own", group="networks"
    )
    hidden: int = hyperparameter(
        256,
        "width of the narrowest dense layers; others have up to four times as many",
        ge=1,
        le=4_096,
        group="networks",
    )


class InterpolateHyperparameters(Hyperparameters):
    """Hyperparameters of ``interpolate``."""

    model: TrainedGenerator = hyperparameter(
        "last",
        "generator of an earlier run: run:ID; last is the newest, or the embedded one",
        suggestions=("last", EMBEDDED),
    )
    path: Literal["both", "linear", "spherical"] = hyperparameter(
        "both", "along the chord between two latent vectors, or along the arc"
    )
    points: int = hyperparameter(10, "images on a path, its ends included", ge=2, le=100, unit="images")
    paths: int = hyperparameter(8, "paths, each between two vectors of its own", ge=1, le=100)


CHARTS = (
    ("generator/loss", "discriminator/loss"),
    ("discriminator/real", "discriminator/fake"),
    ("generator/gradient", "discriminator/gradient"),
    ("samples/diversity",),
)
PROGRAM = "engine.experiments.generate.gan:train"

EXPERIMENTS = (
    Experiment(
        name="dcgan",
        title="DCGAN",
        family="generate",
        summary="Let a generator and a discriminator of convolutions learn from each other to draw images.",
        hyperparameters=DcganHyperparameters,
        program=PROGRAM,
        charts=CHARTS,
        headline=Headline("quality/frechet", better="lower"),
        tables=("classes",),
    ),
    Experiment(
        name="cdcgan",
        title="Conditional DCGAN",
        family="generate",
        summary="The same with both networks told the class: what is asked for is drawn.",
        hyperparameters=CdcganHyperparameters,
        program=PROGRAM,
        charts=CHARTS,
        headline=Headline("quality/as-asked", better="higher"),
        tables=("classes",),
    ),
    Experiment(
        name="cgan",
        title="Conditional GAN of dense layers",
        family="generate",
        summary="The conditional game between networks of dense layers alone, for comparison.",
        hyperparameters=CganHyperparameters,
        program=PROGRAM,
        charts=CHARTS,
        headline=Headline("quality/as-asked", better="higher"),
        tables=("classes",),
    ),
    Experiment(
        name="interpolate",
        title="Paths between samples",
        family="generate",
        summary="Draw what lies between samples of a trained generator, and every class from the same noise.",
        hyperparameters=InterpolateHyperparameters,
        program="engine.experiments.generate.interpolate:run",
        headline=Headline("linear/evenness", better="higher"),
    ),
)
