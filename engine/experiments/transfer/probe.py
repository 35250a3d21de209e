"""Classifies images by the features of a frozen network at one cut, beside those of a random network and of pixels."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from engine.experiments.earlier import load_network
from engine.experiments.metrics import class_accuracies
from engine.experiments.transfer import classifiers, grid
from engine.experiments.transfer.features import Extractor, Place
from engine.experiments.transfer.mcnemar import mcnemar
from engine.experiments.transfer.outcome import report
from engine.experiments.transfer.setting import Setting
from engine.networks.backbones import Backbone
from engine.networks.cuts import Sectioned
from engine.networks.names import ARCHITECTURES, SMALL_CNN
from engine.networks.places import PENULTIMATE
from engine.plots import Lines

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.experiments.transfer.classifiers import Fitted, Scored
    from engine.experiments.transfer.declarations import ProbeHyperparameters
    from engine.networks.places import Cut

PIXELS = 32
"""Cells a side to which larger images are averaged for the baseline of pixels (Torralba et al. 2008)."""
COLUMNS = (
    *("features", "dimensions", "C", "cross-validated accuracy", "standard deviation"),
    *("test accuracy", "mean class accuracy", "p"),
)
"""Of the table of baselines; p is that of McNemar's test between a baseline and the features of the network."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What a classifier makes of features.

    Attributes:
        name: of the features.
        dimensions: how many there are for one image.
        scored: each C under cross-validation, where there are several.
        c: the best of them.
        fitted: the classifier with that C.
        labels: of the test images, int64 ``[N]``.
        gram_seconds: how long the inner products of all images took.
    """

    name: str
    dimensions: int
    scored: tuple[Scored, ...]
    c: float
    fitted: Fitted
    labels: Tensor
    gram_seconds: float

    @property
    def predictions(self) -> Tensor:
        """The predicted classes of the test images, int64 ``[N]``."""
        return torch.from_numpy(self.fitted.predictions)

    @property
    def right(self) -> Tensor:
        """Which test images are classified rightly, bool ``[N]``."""
        return self.predictions == self.labels


def run(hyperparameters: ProbeHyperparameters, context: Context) -> None:
    """Take features, choose C by cross-validation on the training images, fit, and test once.

    The practical "Transfer learning by feature extraction": features of VGG16 at relu7, L2-normalised, a linear SVM.
    """
    chosen = hyperparameters
    setting = Setting(chosen, context)
    cut = setting.sectioned.penultimate() if chosen.cut == PENULTIMATE else setting.sectioned.find(chosen.cut)
    context.message(f"{setting.backbone.name} is cut at {cut.name} ({cut.node}), {' x '.join(map(str, cut.shape))}")
    setting.require_room([Place(cut)])
    extractors = {f"{setting.backbone.name} at {cut.name}": setting.extractor([Place(cut)])}
    if chosen.baselines:
        extractors |= _baselines(setting, cut, context)
    several = len(grid.parse(chosen.C)) > 1
    steps = setting.steps((len(grid.parse(chosen.C)) * several + 1) * len(extractors), passes=len(extractors))

    probed: list[Probed] = []
    for name, extractor in extractors.items():
        # Only what the network's own features reach is charted.
        probed.append(_probed(name, extractor, setting, chosen, context, steps, charted=not probed))
    own, *others = probed
    if several:
        _log_grid(own, context)
    _log_baselines(own, others, len(setting.data.test.classes), context)
    scores = torch.from_numpy(own.fitted.scores)
    report(own.predictions, scores, setting.data.test, setting.preprocessing, context, context.total, chosen.against)
    results = {"pca/components": float(own.fitted.components)} if own.fitted.components else {}
    if several:
        best = classifiers.best(own.scored)
        results |= {"validation/accuracy": best.accuracy, "validation/deviation": best.deviation}
    context.result(
        {
            "train/accuracy": own.fitted.train_accuracy,
            **results,
            **{f"{one.name.replace(' ', '-')}/accuracy": float(one.right.double().mean()) for one in others},
            "classifier/C": own.c,
            "classifier/seconds": own.fitted.seconds,
            "features/dimensions": own.dimensions,
            "features/seconds": next(iter(extractors.values())).seconds,
            "gram/seconds": own.gram_seconds,
            "train/images": len(setting.data.train),
            "test/images": len(setting.data.test),
        }
    )
    for _ in steps:
        pass


def _baselines(setting: Setting, cut: Cut, context: Context) -> dict[str, Extractor]:
    """Return what takes the same features of the network with random weights, and the pixels that the network sees."""
    found = {}
    backbone = setting.backbone
    if backbone.architecture in {SMALL_CNN, *ARCHITECTURES}:
        random = load_network(f"{backbone.architecture}:random", context)
        same = Sectioned(random.network, random.shape).find(cut.node)
        found["random network"] = setting.extractor([Place(same)], random)
    side = min(PIXELS, setting.preprocessing.size)
    layers = OrderedDict(pool=nn.AdaptiveAvgPool2d(side), flatten=nn.Flatten())
    plain = Backbone("pixels", nn.Sequential(layers), setting.preprocessing, (), "pixels")
    found["pixels"] = setting.extractor([Place(Sectioned(plain.network, plain.shape).find("flatten"))], plain)
    return found


def _probed(
    name: str,
    extractor: Extractor,
    setting: Setting,
    chosen: ProbeHyperparameters,
    context: Context,
    steps: Iterator[int],
    *,
    charted: bool,
) -> Probed:
    """Take the features of one kind, choose C for them, and fit."""
    values_of_c = grid.parse(chosen.C)
    (place,) = extractor.places
    train, test = setting.features(extractor, steps)
    scaled = classifiers.scale(train.values.pop(place.name), test.values.pop(place.name), chosen.scaling)
    began = time.perf_counter()
    samples = classifiers.samples(*scaled, context.device)
    gram_seconds = time.perf_counter() - began
    labels = train.labels.numpy()
    machine = classifiers.Machine(chosen.classifier, chosen.gamma, chosen.pca, context.seed)
    scored: list[Scored] = []
    if len(values_of_c) > 1:
        for one in classifiers.cross_validated(machine, samples, labels, values_of_c, chosen.folds):
            step = next(steps)
            scored.append(one)
            if charted:
                context.log(step, {"validation/accuracy": one.accuracy, "validation/fit_seconds": one.fit_seconds})
    next(steps)
    c = classifiers.best(scored).c if scored else values_of_c[0]
    fitted = classifiers.fit(machine, c, samples, labels)
    return Probed(name, samples.dimensions, tuple(scored), c, fitted, test.labels, gram_seconds)


def _log_grid(probed: Probed, context: Context) -> None:
    """Log the curve over C, with the value that was chosen, and the time of a fit."""
    scored = probed.scored
    columns = ["C", "cross-validated accuracy", "standard deviation", "seconds per fit"]
    rows = [[f"{one.c:g}", *(round(v, 4) for v in (one.accuracy, one.deviation, one.fit_seconds))] for one in scored]
    context.table("C", columns, rows)
    series = {"cross-validated": tuple(one.accuracy for one in scored)}
    errors = {"cross-validated": tuple(one.deviation for one in scored)}
    values = tuple(one.c for one in scored)
    plot = Lines(values, series, errors, x_label="C", y_label="accuracy", x_scale="log", marked=probed.c)
    context.plot("C", plot, context.total)


def _log_baselines(own: Probed, others: list[Probed], classes: int, context: Context) -> None:
    """Log what the features reach beside the baselines, all by the same classifier on the same images."""
    rows = []
    for one in (own, *others):
        best = classifiers.best(one.scored) if one.scored else None
        validated = (round(best.accuracy, 4), round(best.deviation, 4)) if best else ("", "")
        by_class = class_accuracies(one.labels, one.predictions, classes).nanmean()
        tested = (round(float(value), 4) for value in (one.right.double().mean(), by_class))
        p = "" if one is own else f"{mcnemar(own.right.numpy(), one.right.numpy()).p:.3g}"
        rows.append([one.name, one.dimensions, f"{one.c:g}", *validated, *tested, p])
    context.table("baselines", COLUMNS, rows)
