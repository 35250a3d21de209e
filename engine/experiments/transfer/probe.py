"""Classifies images by the features of a frozen network at one cut."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from engine.datasets import photographs
from engine.experiments.transfer import classifiers, grid
from engine.experiments.transfer.features import Extractor, Place
from engine.experiments.transfer.outcome import report
from engine.networks import backbones
from engine.networks.cuts import Sectioned
from engine.report.figures import curves

if TYPE_CHECKING:
    from engine.control.context import Context
    from engine.experiments.transfer.classifiers import Scored
    from engine.experiments.transfer.declarations import ProbeHyperparameters


def run(hyperparameters: ProbeHyperparameters, context: Context) -> None:
    """Take features, choose C by cross-validation on the training images, fit, and test once.

    The practical "Transfer learning by feature extraction": features of VGG16 at relu7, L2-normalised, a linear SVM.
    """
    chosen, values_of_c = hyperparameters, grid.parse(hyperparameters.C)
    data = photographs.load(chosen.dataset)
    backbone = backbones.load(chosen.model, context)
    preprocessing = backbone.preprocessing
    if chosen.resize == "squash":
        preprocessing = replace(preprocessing, resize=0)
    cut = Sectioned(backbone.network, backbone.shape).find(chosen.cut)
    extractor = Extractor(
        backbone,
        [Place(cut)],
        preprocessing,
        chosen.pool,
        chosen.precision,
        context,
        refuse_broken=chosen.broken == "refuse",
    )
    context.message(f"{backbone.name} is cut at {cut.name} ({cut.node}), {' x '.join(map(str, cut.shape))}")

    pieces = [extractor.chunks(part) for part in data]
    total = sum(pieces) + (len(values_of_c) if len(values_of_c) > 1 else 0) + 1
    steps = iter(context.steps(total, unit="piece of work"))

    train, test = (
        extractor.extract(part, chosen.dataset, name, steps) for name, part in zip(data._fields, data, strict=True)
    )
    scaled = classifiers.scale(train.values.pop(cut.name), test.values.pop(cut.name), chosen.scaling)
    samples = classifiers.samples(*scaled, context.device)
    labels = train.labels.numpy()
    machine = classifiers.Machine(chosen.classifier, chosen.gamma, chosen.pca, context.seed)

    c = values_of_c[0]
    if len(values_of_c) > 1:
        scored = []
        for one in classifiers.cross_validated(machine, samples, labels, values_of_c, chosen.folds):
            step = next(steps)
            scored.append(one)
            context.log(step, {"validation/accuracy": one.accuracy, "validation/fit_seconds": one.fit_seconds})
        c = classifiers.best(scored).c
        _log_grid(scored, c, context, step)

    step = next(steps)
    fitted = classifiers.fit(machine, c, samples, labels)
    tested = data.test[test.indices]
    accuracy = report(torch.from_numpy(fitted.scores), tested, preprocessing, context, step)
    results = {
        "test/accuracy": accuracy,
        "train/accuracy": fitted.train_accuracy,
        "classifier/C": c,
        "classifier/seconds": fitted.seconds,
        "features/dimensions": samples.dimensions,
        "features/seconds": extractor.seconds,
        "train/images": len(train.labels),
        "test/images": len(test.labels),
    }
    if fitted.components:
        results["pca/components"] = fitted.components
    if len(values_of_c) > 1:
        results["validation/accuracy"] = classifiers.best(scored).accuracy
    context.result(results)
    next(steps, None)


def _log_grid(scored: list[Scored], c: float, context: Context, step: int) -> None:
    """Log the curve over C: what the mean accuracy of the folds and the time of a fit were."""
    rows = [[f"{one.c:g}", round(one.accuracy, 4), round(one.fit_seconds, 4)] for one in scored]
    context.table("C", ["C", "cross-validated accuracy", "seconds per fit"], rows)
    values = [one.c for one in scored]
    series = {"cross-validated accuracy": [one.accuracy for one in scored]}
    label = f"C (chosen: {c:g})"
    context.figure("C", curves(values, series, x_label=label, y_label="accuracy", logarithmic=True), step)
