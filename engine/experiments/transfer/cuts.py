"""Compares the features of a frozen network at all its cuts, from one forward pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from engine.errors import PhospheneError
from engine.experiments.transfer import classifiers, grid
from engine.experiments.transfer.features import Place
from engine.experiments.transfer.outcome import report
from engine.experiments.transfer.setting import Setting
from engine.plots import Heatmap, Lines

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.experiments.transfer.declarations import CutsHyperparameters
    from engine.networks.cuts import Sectioned


@dataclass(frozen=True, slots=True)
class Probed:
    """What a linear machine makes of the features at one place."""

    place: Place
    dimensions: int
    c: float
    validated: float
    deviation: float
    tested: float
    seconds: float


def run(hyperparameters: CutsHyperparameters, context: Context) -> None:
    """Fit a linear machine on the features of each place; the best is chosen by cross-validation, not by the test."""
    chosen, values_of_c = hyperparameters, grid.parse(hyperparameters.C)
    setting = Setting(chosen, context)
    places = _chosen(setting.sectioned, chosen.cuts)
    if chosen.mode == "pairs":
        places = _pairs(setting.sectioned, places)
    setting.require_room(places)
    context.message(f"{len(places)} places, from one forward pass")
    extractor = setting.extractor(places)
    steps = setting.steps(len(places))

    train, test = setting.features(extractor, steps)
    labels = train.labels.numpy()
    machine = classifiers.Machine("linear-svc", seed=context.seed)
    probed: list[Probed] = []
    outcome = (torch.empty(0), torch.empty(0))
    for place in places:
        step = next(steps)
        scaled = classifiers.scale(train.values.pop(place.name), test.values.pop(place.name), chosen.scaling)
        samples = classifiers.samples(*scaled, context.device)
        best = classifiers.best(list(classifiers.cross_validated(machine, samples, labels, values_of_c, chosen.folds)))
        fitted = classifiers.fit(machine, best.c, samples, labels)
        tested = float((fitted.predictions == test.labels.numpy()).mean())
        context.log(step, {"validation/accuracy": best.accuracy, "test/accuracy": tested})
        if best.accuracy > max((one.validated for one in probed), default=-1.0):
            outcome = (torch.from_numpy(fitted.predictions), torch.from_numpy(fitted.scores))
        probed.append(Probed(place, samples.dimensions, best.c, best.accuracy, best.deviation, tested, fitted.seconds))

    leading = max(probed, key=lambda one: one.validated)
    context.message(
        f"the best place by cross-validation is {leading.place.name}: {leading.validated:.4f}, "
        f"on the test {leading.tested:.4f}"
    )
    _log_table(probed, context)
    context.plot("cuts", _heatmap(probed) if chosen.mode == "pairs" else _curve(probed, leading), step)
    report(*outcome, setting.data.test, setting.preprocessing, context, step, chosen.against)
    context.result(
        {
            "validation/accuracy": leading.validated,
            "features/seconds": extractor.seconds,
            "cuts/number": len(places),
        }
    )
    next(steps, None)


def _chosen(sectioned: Sectioned, names: str) -> list[Place]:
    if names.strip() == "all":
        return [Place(cut) for cut in sectioned.cuts]
    return [Place(cut) for cut in dict.fromkeys(sectioned.find(name) for name in names.split(","))]


def _pairs(sectioned: Sectioned, chosen: Sequence[Place]) -> list[Place]:
    """Return every chosen convolutional cut alone and with every classifier cut it can feed.

    Raises:
        PhospheneError: if the network has no convolutional part in front of a classifier, or none of it is chosen.
    """
    by_name = {cut.name: cut for cut in sectioned.cuts}
    fits = sectioned.fitting()
    if not fits:
        raise PhospheneError("this network has no convolutional part in front of a classifier: choose --mode curve")
    alone = [place for place in chosen if place.cut.spatial and not place.cut.behind]
    if not alone:
        raise PhospheneError("pairs begin with convolutional cuts, and --cuts names none: see phosphene cuts MODEL")
    pairs = [Place(by_name[start], by_name[end]) for end, starts in fits.items() for start in starts]
    return alone + [pair for pair in pairs if Place(pair.cut) in alone]


def _log_table(probed: Sequence[Probed], context: Context) -> None:
    columns = ["cut", "fed into", "features", "C", "cross-validated accuracy", "standard deviation", "test accuracy"]
    columns.append("seconds per fit")
    rows = [
        [
            one.place.cut.name,
            one.place.tail.name if one.place.tail else "",
            one.dimensions,
            f"{one.c:g}",
            round(one.validated, 4),
            round(one.deviation, 4),
            round(one.tested, 4),
            round(one.seconds, 3),
        ]
        for one in probed
    ]
    context.table("cuts", columns, rows)


def _curve(probed: Sequence[Probed], leading: Probed) -> Lines:
    names = tuple(one.place.name for one in probed)
    series = {
        "cross-validated": tuple(one.validated for one in probed),
        "test": tuple(one.tested for one in probed),
    }
    errors = {"cross-validated": tuple(one.deviation for one in probed)}
    return Lines(names, series, errors, x_label="cut", y_label="accuracy", marked=leading.place.name)


def _heatmap(probed: Sequence[Probed]) -> Heatmap:
    """Return the test accuracies: rows are convolutional cuts, columns the classifier cuts that they feed."""
    starts = list(dict.fromkeys(one.place.cut for one in probed))
    ends = list(dict.fromkeys(one.place.tail for one in probed))
    tested = {one.place: one.tested for one in probed}
    values = tuple(tuple(tested.get(Place(start, end), math.nan) for end in ends) for start in starts)
    names = tuple(end.name if end else "none" for end in ends)
    return Heatmap(values, tuple(start.name for start in starts), names, "convolutional cut", "classifier cut")
