"""The experiments that look inside a network: their names and hyperparameters. No torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from engine.datasets.references import DatasetReference, Images, OptionalImages
from engine.declaration import Experiment, Headline, Hyperparameters, hyperparameter
from engine.experiments.hyperparameters import Precision, Resize, images, network, resize
from engine.experiments.inspect import pages
from engine.experiments.inspect.choice import ACTIVATION_MAPS, GRADIENTS, METHODS, MethodsReference
from engine.networks.names import DESCRIPTION
from engine.networks.references import (
    Classes,
    ExplainedClass,
    LayerName,
    MapLayerName,
    MapLayerNames,
    NetworkName,
    NetworkNames,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.datasets.trees import Tree

GRADCAMS = "gradcam,gradient-gradcam,guided-gradcam"
SaliencyMethods = Annotated[str, MethodsReference((*METHODS, ",".join(GRADIENTS), GRADCAMS))]
GradcamMethods = Annotated[str, MethodsReference((*ACTIVATION_MAPS, GRADCAMS, "cam,gradcam"))]


def too_few_to_compare(values: Mapping[str, Any], tree: Tree) -> str:
    """Say why the classes of a folder cannot be compared; nothing if they can."""
    count = len(getattr(tree, values["part"]))
    if count > len(tree.classes):
        return ""
    return f"has {count} images of {len(tree.classes)} classes in its part {values['part']}: more are needed to compare"


class AttributionHyperparameters(Hyperparameters):
    """Hyperparameters of ``saliency`` and of ``gradcam``, which differ in their defaults."""

    images: Images = images()
    model: NetworkNames = network(description=f"{DESCRIPTION}; several beside each other")
    target: ExplainedClass = hyperparameter(
        "true",
        "class that is explained: true (predicted where that is not known), predicted, or one by number or name",
    )
    methods: SaliencyMethods = hyperparameter("gradient", f"one or several of {', '.join(METHODS)}", min_length=1)
    view: Literal["heat", "overlay"] = hyperparameter("heat", "show maps alone, or laid over the images")
    resize: Resize = resize()
    layer: MapLayerName = hyperparameter(
        "", "layer of class activation maps; empty for the last with maps", group="gradcam"
    )
    samples: int = hyperparameter(25, "noisy copies that SmoothGrad averages", ge=1, le=1_000, group="smoothgrad")
    sigma: float = hyperparameter(
        0.15, "SmoothGrad's noise, as a share of the image's range of values", ge=0, le=1, group="smoothgrad"
    )
    path_steps: int = hyperparameter(
        32, "points on the path of integrated gradients", ge=1, le=1_000, group="integrated gradients"
    )
    baseline: Literal["black", "mean"] = hyperparameter(
        "black", "image that shows nothing: black, or the mean colour", group="integrated gradients"
    )
    evaluate: bool = hyperparameter(
        default=False,
        description="measure deletion and insertion curves, beside a random map and an edge detector",
        group="evaluation",
    )
    sanity: bool = hyperparameter(
        default=False, description="compare with maps of the same network at random weights", group="evaluation"
    )


class GradcamHyperparameters(AttributionHyperparameters):
    """Hyperparameters of ``gradcam``."""

    methods: GradcamMethods = hyperparameter(GRADCAMS, f"one or several of {', '.join(METHODS)}", min_length=1)
    view: Literal["heat", "overlay"] = hyperparameter("overlay", "show maps alone, or laid over the images")


class FeatureMapsHyperparameters(Hyperparameters):
    """Hyperparameters of ``feature-maps``."""

    images: Images = images()
    model: NetworkName = network()
    layers: MapLayerNames = hyperparameter(
        "", "layers by name, separated by commas, or all; empty for the first convolution"
    )
    relu: Literal["before", "after", "both"] = hyperparameter("both", "show maps before or after a layer's ReLU")
    channels: str = hyperparameter(
        "0-15",
        "channels: 0-15, 3,7, all or random:16",
        suggestions=("0-15", "random:16", "all"),
        several=True,
        pattern=r"^\s*(all|random:[1-9]\d{0,4}|\d{1,5}(-\d{1,5})?(\s*,\s*\d{1,5}(-\d{1,5})?)*)\s*$",
    )
    scale: Literal["map", "layer"] = hyperparameter("map", "full colour is the largest value of each map, or of all")
    resize: Resize = resize()


class FilterStatisticsHyperparameters(Hyperparameters):
    """Hyperparameters of ``filter-statistics``."""

    dataset: Annotated[str, DatasetReference(unfit=too_few_to_compare)] = hyperparameter(
        "digits", "data set whose classes are compared"
    )
    part: Literal["train", "test"] = hyperparameter("test", "part of the data set that is looked at")
    model: NetworkName = network()
    layers: MapLayerNames = hyperparameter(
        "", "layers by name, separated by commas; empty for every convolution after its ReLU"
    )
    resize: Resize = resize()


def _lr(default: float) -> Any:
    return hyperparameter(
        default, "learning rate, for an input of 224 pixels", gt=0, le=1e6, live=True, log=True, group="ascent"
    )


def _steps(default: int) -> Any:
    return hyperparameter(default, "steps of gradient ascent", ge=1, le=1_000_000, group="ascent")


class AscentHyperparameters(Hyperparameters):
    """What ``class-image`` and ``activation-max`` share; the defaults are those of RDFIA practical 3-b."""

    model: NetworkName = network()
    steps: int = _steps(200)
    lr: float = _lr(5.0)
    step: Literal["plain", "normalised"] = hyperparameter(
        "plain", "take the gradient as it is, or divide it by its norm", group="ascent"
    )
    start: OptionalImages = hyperparameter(
        "", "image to begin with, one for all or one for each; empty for noise", group="ascent"
    )
    noise: float = hyperparameter(
        1.0, "standard deviation of the noise to begin with, in normalised values", ge=0, le=10, group="ascent"
    )
    show_every: int = hyperparameter(25, "steps between two pictures", ge=1, unit="steps", group="ascent")
    precision: Precision = hyperparameter(
        "auto", "number format; auto is bf16 where the device is fast at it", group="ascent"
    )
    l2: float = hyperparameter(
        1e-3,
        "weight of the squared norm of the input, for one of 224 pixels",
        ge=0,
        le=1e3,
        live=True,
        log=True,
        group="regularisation",
    )
    tv: float = hyperparameter(
        0.0,
        "weight of the mean total variation of the input",
        ge=0,
        le=1e3,
        live=True,
        log=True,
        group="regularisation",
    )
    jitter: int = hyperparameter(
        16,
        "largest random shift, for an input of 224 pixels",
        ge=0,
        le=112,
        unit="pixels",
        group="regularisation",
    )
    blur_every: int = hyperparameter(
        10, "steps between two blurs; 0 for none", ge=0, unit="steps", group="regularisation"
    )
    blur_sigma: float = hyperparameter(
        0.5, "standard deviation of the blur", ge=0.1, le=20, unit="pixels", group="regularisation"
    )


class ClassImageHyperparameters(AscentHyperparameters):
    """Hyperparameters of ``class-image``."""

    target: Classes = hyperparameter("all", "classes by number or name, separated by commas, or all")
    replicates: int = hyperparameter(
        5, "images of each class, from noise and shifts of their own", ge=1, le=64, unit="images"
    )


class ActivationMaxHyperparameters(AscentHyperparameters):
    """Hyperparameters of ``activation-max``."""

    layer: LayerName = hyperparameter("", "layer by name; empty for the logits")
    units: str = hyperparameter(
        "all",
        "units or filters: 0,3, 0-9, all; those joined by + are maximised together: 4+9,1+7",
        suggestions=("all", "0-9", "4+9,1+7,7+8,0+1"),
        several=True,
        min_length=1,
    )
    blur_every: int = hyperparameter(
        0, "steps between two blurs; 0 for none", ge=0, unit="steps", group="regularisation"
    )
    tv: float = hyperparameter(
        2.0,
        "weight of the mean total variation of the input",
        ge=0,
        le=1e3,
        live=True,
        log=True,
        group="regularisation",
    )


EXPERIMENTS = (
    Experiment(
        name="feature-maps",
        title="Feature maps",
        family="inspect",
        summary="Show the maps of any layer for any image, before and after the ReLU.",
        hyperparameters=FeatureMapsHyperparameters,
        program="engine.experiments.inspect.feature_maps:run",
        page=pages.FEATURE_MAPS,
        shows=("pictures", "tables"),
        headline=Headline("channels/silent", better="neither"),
    ),
    Experiment(
        name="saliency",
        title="Saliency",
        family="inspect",
        summary="Show which pixels count for a class: gradients, SmoothGrad, integrated gradients, guided.",
        hyperparameters=AttributionHyperparameters,
        program="engine.experiments.inspect.explain:run",
        page=pages.SALIENCY,
        shows=("pictures", "tables"),
        tables=("maps",),
    ),
    Experiment(
        name="gradcam",
        title="Grad-CAM",
        family="inspect",
        summary="Show which places of a layer's maps support a class: CAM, Grad-CAM, guided Grad-CAM.",
        hyperparameters=GradcamHyperparameters,
        program="engine.experiments.inspect.explain:run",
        page=pages.GRADCAM,
        shows=("pictures", "tables"),
        tables=("maps",),
    ),
    Experiment(
        name="class-image",
        title="Class images",
        family="inspect",
        summary="Make images that maximise the logits of some classes, from noise or from an image.",
        hyperparameters=ClassImageHyperparameters,
        program="engine.experiments.inspect.class_image:run",
        page=pages.CLASS_IMAGE,
        shows=("pictures", "charts"),
        headline=Headline("switching/step", better="lower"),
        tables=("classes", "replicates"),
    ),
    Experiment(
        name="activation-max",
        title="Activation maximisation",
        family="inspect",
        summary="Make images that maximise units of any layer, one by one or several together.",
        hyperparameters=ActivationMaxHyperparameters,
        program="engine.experiments.inspect.activation_max:run",
        page=pages.ACTIVATION_MAX,
        shows=("pictures", "charts"),
        headline=Headline("score/mean", better="higher"),
        tables=("units",),
    ),
    Experiment(
        name="filter-statistics",
        title="Filter statistics",
        family="inspect",
        summary="Count which filters respond to which class, how strongly and where, and which separate the classes.",
        hyperparameters=FilterStatisticsHyperparameters,
        program="engine.experiments.inspect.filter_statistics:run",
        page=pages.FILTER_STATISTICS,
        shows=("pictures", "tables"),
        tables=("separation",),
    ),
)
