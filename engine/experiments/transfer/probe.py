"""Classifies images by the features of a frozen network at one cut."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import torch

from engine.experiments.transfer import classifiers, grid
from engine.experiments.transfer.features import Place
from engine.experiments.transfer.outcome import report
from engine.experiments.transfer.setting import Setting
from engine.plots import Lines

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.experiments.transfer.classifiers import Scored
    from engine.experiments.transfer.declarations import ProbeHyperparameters


def run(hyperparameters: ProbeHyperparameters, context: Context) -> None:
    """Take features, choose C by cross-validation on the training images, fit, and test once.

    The practical "Transfer learning by feature extraction": features of VGG16 at relu7, L2-normalised, a linear SVM.
    """
    chosen, values_of_c = hyperparameters, grid.parse(hyperparameters.C)
    setting = Setting(chosen, context)
    cut = setting.sectioned.find(chosen.cut)
    context.message(f"{setting.backbone.name} is cut at {cut.name} ({cut.node}), {' x '.join(map(str, cut.shape))}")
    setting.require_room([Place(cut)])
    extractor = setting.extractor([Place(cut)])
    several = len(values_of_c) > 1
    steps = setting.steps(extractor, len(values_of_c) * several + 1)

    train, test = setting.features(extractor, steps)
    scaled = classifiers.scale(train.values.pop(cut.name), test.values.pop(cut.name), chosen.scaling)
    began = time.perf_counter()
    samples = classifiers.samples(*scaled, context.device)
    gram_seconds = time.perf_counter() - began
    labels = train.labels.numpy()
    machine = classifiers.Machine(chosen.classifier, chosen.gamma, chosen.pca, context.seed)

    c, scored, results = values_of_c[0], [], {}
    if several:
        for one in classifiers.cross_validated(machine, samples, labels, values_of_c, chosen.folds):
            step = next(steps)
            scored.append(one)
            context.log(step, {"validation/accuracy": one.accuracy, "validation/fit_seconds": one.fit_seconds})
        best = classifiers.best(scored)
        c, results["validation/accuracy"] = best.c, best.accuracy
        _log_grid(scored, c, context, step)

    step = next(steps)
    fitted = classifiers.fit(machine, c, samples, labels)
    if fitted.components:
        results["pca/components"] = fitted.components
    tested = setting.data.test[test.indices]
    predictions, scores = torch.from_numpy(fitted.predictions), torch.from_numpy(fitted.scores)
    accuracy = report(predictions, scores, tested, setting.preprocessing, context, step)
    context.result(
        {
            "test/accuracy": accuracy,
            "train/accuracy": fitted.train_accuracy,
            **results,
            "classifier/C": c,
            "classifier/seconds": fitted.seconds,
            "features/dimensions": samples.dimensions,
            "features/seconds": extractor.seconds,
            "gram/seconds": gram_seconds,
            "train/images": len(train.labels),
            "test/images": len(test.labels),
        }
    )
    next(steps, None)


def _log_grid(scored: list[Scored], c: float, context: Context, step: int) -> None:
    """Log the curve over C, with the value that was chosen, and the time of a fit."""
    rows = [[f"{one.c:g}", round(one.accuracy, 4), round(one.fit_seconds, 4)] for one in scored]
    context.table("C", ["C", "cross-validated accuracy", "seconds per fit"], rows)
    series = {"cross-validated": tuple(one.accuracy for one in scored)}
    values = tuple(one.c for one in scored)
    plot = Lines(values, series, x_label="C", y_label="accuracy", x_scale="log", marked=c)
    context.plot("C", plot, step)
