"""The generating experiments: their names, hyperparameters and networks. No torch."""

from __future__ import annotations

import importlib.util
from typing import Annotated, ClassVar, Literal, NamedTuple

from pydantic import ValidationInfo, field_validator

from engine.datasets.references import DatasetReference, Pictures, too_few_to_validate
from engine.declaration import Experiment, Headline, Hyperparameters, hyperparameter
from engine.experiments.generate import pages
from engine.experiments.hyperparameters import Precision, Switch, capture, channels_last, precision
from engine.references import RunReference

EMBEDDED = "embedded"
TrainedGenerator = Annotated[str, RunReference(("dcgan", "cdcgan", "cgan"), words=(EMBEDDED,), otherwise=EMBEDDED)]
"""The type of a hyperparameter that names the generator of an earlier run."""


class Network(NamedTuple):
    """A generator or a discriminator, and what it is built with beside the shape of the images.

    Attributes:
        made_by: ``"package.module:class"``.
        widths: names of the hyperparameters that it takes.
        conditional: whether it takes the number of classes and, later, class vectors.
    """

    made_by: str
    widths: tuple[str, ...]
    conditional: bool = False


class GanHyperparameters(Hyperparameters):
    """What all adversarial networks have in common; defaults after Radford et al. 2016."""

    generator: ClassVar[Network]
    discriminator: ClassVar[Network]

    dataset: Pictures = hyperparameter(
        "digits", "data set to learn to draw, some of its classes, or folder:PATH", group="data"
    )
    size: Literal["32", "64"] = hyperparameter("32", "height and width of the images, in pixels", group="data")
    channels: Literal["auto", "1", "3"] = hyperparameter(
        "auto", "grey, three colour channels, or what the images have", group="data"
    )
    batch: int = hyperparameter(
        128, "real images in a batch, and as many fake ones", ge=2, le=4_096, unit="images", group="data", memory=True
    )
    nz: int = hyperparameter(100, "length of the latent vector", ge=1, le=10_000, group="networks")
    init: Literal["dcgan", "default"] = hyperparameter(
        "dcgan", "weights from N(0, 0.02), or torch's own", group="networks"
    )
    steps: int = hyperparameter(600, "steps to train", ge=1, le=10_000_000, group="training")
    epochs: int = hyperparameter(
        0, "passes over the images, in place of steps; 0 takes the number of steps", ge=0, le=100_000, group="training"
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
        50, "steps between two pictures of samples from fixed noise", ge=1, unit="steps", group="previews"
    )
    previews: int = hyperparameter(16, "images in a picture of samples", ge=1, le=400, unit="images", group="previews")
    quality: int = hyperparameter(
        2_000,
        "samples whose quality a CNN of the same images measures at the end; 0 for none",
        ge=0,
        le=50_000,
        group="quality",
    )
    fidelity: bool = hyperparameter(
        False, "measure FID and KID by Inception v3, too; needs the extra phosphene[fidelity]", group="quality"
    )
    precision: Precision = precision()
    channels_last: Switch = channels_last()
    compile: Switch = hyperparameter("auto", "torch.compile; auto is on for long runs on a GPU", group="speed")
    capture: Switch = capture()

    @field_validator("fidelity")
    @classmethod
    def _can_be_measured(cls, fidelity: bool, info: ValidationInfo) -> bool:
        if fidelity and importlib.util.find_spec("torch_fidelity") is None:
            raise ValueError("needs torch-fidelity: pip install 'phosphene[fidelity]'")
        if fidelity and info.data.get("quality", 2) < 2:
            raise ValueError("needs samples: set quality to 2 or more, for example 2000")
        return fidelity


class DcganHyperparameters(GanHyperparameters):
    """Hyperparameters of ``dcgan``, at the width of RDFIA practical 3-d."""

    generator = Network("engine.networks.dcgan:Generator", ("nz", "ngf"))
    discriminator = Network("engine.networks.dcgan:Discriminator", ("ndf",))

    ngf: int = hyperparameter(32, "feature maps of the generator's last stage", ge=1, le=1_024, group="networks")
    ndf: int = hyperparameter(32, "feature maps of the discriminator's first stage", ge=1, le=1_024, group="networks")


class ConditionalHyperparameters(GanHyperparameters):
    """What conditional networks have in common; the inherited discriminator does not take the class."""

    conditional_discriminator: ClassVar[Network]

    dataset: Annotated[str, DatasetReference(unfit=too_few_to_validate)] = hyperparameter(
        "digits", "data set to learn to draw, some of its classes, or folder:PATH", group="data"
    )
    tell_d: bool = hyperparameter(True, "give the class to the discriminator, too", group="networks")
    previews: int = hyperparameter(50, "images in a picture of samples", ge=1, le=400, unit="images", group="previews")


class CdcganHyperparameters(ConditionalHyperparameters, DcganHyperparameters):
    """Hyperparameters of ``cdcgan``."""

    generator = Network("engine.networks.cdcgan:ConditionalGenerator", ("nz", "ngf"), conditional=True)
    conditional_discriminator = Network("engine.networks.cdcgan:ConditionalDiscriminator", ("ndf",), conditional=True)


class CganHyperparameters(ConditionalHyperparameters):
    """Hyperparameters of ``cgan``."""

    generator = Network("engine.networks.cgan:DenseGenerator", ("nz", "hidden"), conditional=True)
    discriminator = Network("engine.networks.cgan:DenseDiscriminator", ("hidden",))
    conditional_discriminator = Network("engine.networks.cgan:DenseDiscriminator", ("hidden",), conditional=True)

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
        page=pages.DCGAN,
        charts=CHARTS,
        headline=Headline("quality/frechet", better="lower"),
        tables=("classes",),
    ),
    Experiment(
        name="cdcgan",
        title="Conditional DCGAN",
        family="generate",
        summary="Give the class to both networks of a DCGAN, so that the generator draws images of a chosen class.",
        hyperparameters=CdcganHyperparameters,
        program=PROGRAM,
        page=pages.CDCGAN,
        charts=CHARTS,
        headline=Headline("quality/as-asked", better="higher"),
        tables=("classes",),
    ),
    Experiment(
        name="cgan",
        title="Conditional GAN of dense layers",
        family="generate",
        summary="Train a conditional generator and discriminator of dense layers alone, to compare with convolutions.",
        hyperparameters=CganHyperparameters,
        program=PROGRAM,
        page=pages.CGAN,
        charts=CHARTS,
        headline=Headline("quality/as-asked", better="higher"),
        tables=("classes",),
    ),
    Experiment(
        name="interpolate",
        title="Paths between samples",
        family="generate",
        summary="Draw images between samples of a trained generator, and every class from the same noise.",
        hyperparameters=InterpolateHyperparameters,
        program="engine.experiments.generate.interpolate:run",
        page=pages.INTERPOLATE,
        shows=("pictures",),
        headline=Headline("linear/evenness", better="higher"),
    ),
)
