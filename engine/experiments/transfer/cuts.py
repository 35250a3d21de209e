"""Compares the features of a frozen network at all its cuts, from one forward pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from engine.datasets import photographs
from engine.errors import PhospheneError
from engine.experiments.transfer import classifiers, grid
from engine.experiments.transfer.features import Extractor, Place
from engine.experiments.transfer.outcome import report
from engine.networks import backbones
from engine.networks.cuts import Sectioned
from engine.report.figures import curves, heatmap

if TYPE_CHECKING:
    from engine.control.context import Context
    from engine.experiments.transfer.declarations import CutsHyperparameters

MOST_BYTES = 4 << 30
"""Features that are held in memory at once, at most."""


def run(hyperparameters: CutsHyperparameters, context: Context) -> None:
    """Fit a linear machine on the features of each place; the best is chosen by cross-validation, not by the test."""
    chosen, values_of_c = hyperparameters, grid.parse(hyperparameters.C)
    data = photographs.load(chosen.dataset)
    backbone = backbones.load(chosen.model, context)
    preprocessing = backbone.preprocessing
    if chosen.resize == "squash":
        preprocessing = replace(preprocessing, resize=0)
    sectioned = Sectioned(backbone.network, backbone.shape)
    places = _pairs(sectioned) if chosen.mode == "pairs" else _chosen(sectioned, chosen.cuts)
    _require_room(places, chosen.pool, sum(map(len, data)))
    extractor = Extractor(
        backbone,
        places,
        preprocessing,
        chosen.pool,
        chosen.precision,
        context,
        refuse_broken=chosen.broken == "refuse",
    )
    context.message(f"{len(places)} places, from one forward pass")

    steps = iter(context.steps(sum(extractor.chunks(part) for part in data) + len(places), unit="piece of work"))
    train, test = (
        extractor.extract(part, chosen.dataset, name, steps) for name, part in zip(data._fields, data, strict=True)
    )
    labels, tested = train.labels.numpy(), data.test[test.indices]
    machine = classifiers.Machine("linear-svc", seed=context.seed)

    rows, leading = [], None
    for place in places:
        step = next(steps)
        scaled = classifiers.scale(train.values.pop(place.name), test.values.pop(place.name), chosen.scaling)
        samples = classifiers.samples(*scaled, context.device)
        scored = classifiers.best(
            list(classifiers.cross_validated(machine, samples, labels, values_of_c, chosen.folds))
        )
        fitted = classifiers.fit(machine, scored.c, samples, labels)
        accuracy = float((fitted.predictions == test.labels.numpy()).mean())
        context.log(step, {"validation/accuracy": scored.accuracy, "test/accuracy": accuracy})
        rows.append((place, samples.dimensions, scored.c, scored.accuracy, accuracy, fitted.seconds))
        if leading is None or scored.accuracy > leading[0]:
            leading = (scored.accuracy, place, accuracy, torch.from_numpy(fitted.scores))

    columns = ["cut", "fed into", "features", "C", "cross-validated accuracy", "test accuracy", "seconds per fit"]
    table = [
        [place.cut.name, place.tail.name if place.tail else "", size, f"{c:g}", round(v, 4), round(t, 4), round(s, 3)]
        for place, size, c, v, t, s in rows
    ]
    context.table("cuts", columns, table)
    accuracy_of = {place.name: accuracy for place, *_, accuracy, _ in rows}
    validation_of = {place.name: accuracy for place, _, _, accuracy, _, _ in rows}
    if chosen.mode == "pairs":
        ends = list(dict.fromkeys(place.tail for place in places))
        starts = list(dict.fromkeys(place.cut for place in places))
        values = [[accuracy_of.get(Place(start, end).name, math.nan) for end in ends] for start in starts]
        rows_, columns_ = [start.name for start in starts], [end.name if end else "none" for end in ends]
        labels_ = {"row_label": "convolutional cut", "column_label": "classifier cut"}
        context.figure("cuts", heatmap(values, rows_, columns_, **labels_), step)
    else:
        names = [place.name for place in places]
        series = {
            "cross-validated": [validation_of[name] for name in names],
            "test": [accuracy_of[name] for name in names],
        }
        figure = curves(names, series, x_label="cut", y_label="accuracy", marked=leading[1].name)
        context.figure("cuts", figure, step)
    validated, place, accuracy, scores = leading
    context.message(f"the best place by cross-validation is {place.name}: {validated:.4f}, on the test {accuracy:.4f}")
    report(scores, tested, preprocessing, context, step)
    context.result(
        {
            "test/accuracy": accuracy,
            "validation/accuracy": validated,
            "features/seconds": extractor.seconds,
            "cuts/number": len(places),
        }
        | {f"{place.name}/test_accuracy": value for place, *_, value, _ in rows}
    )
    next(steps, None)


def _chosen(sectioned: Sectioned, names: str) -> list[Place]:
    if names.strip() == "all":
        return [Place(cut) for cut in sectioned.cuts]
    return [Place(cut) for cut in dict.fromkeys(sectioned.find(name) for name in names.split(","))]


def _pairs(sectioned: Sectioned) -> list[Place]:
    """Return every convolutional cut with every classifier cut it can feed, and alone.

    Raises:
        PhospheneError: if the network has no convolutional part that ends somewhere.
    """
    by_name = {cut.name: cut for cut in sectioned.cuts}
    fits = sectioned.fitting()
    if not fits:
        raise PhospheneError("this network has no convolutional part in front of a classifier: choose --mode curve")
    alone = [Place(cut) for cut in sectioned.cuts if cut.spatial and not cut.behind]
    return alone + [Place(by_name[start], by_name[end]) for end, starts in fits.items() for start in starts]


def _require_room(places: Sequence[Place], pool: int, images: int) -> None:
    """Refuse what would not fit in memory before anything is computed.

    Raises:
        PhospheneError: saying what to change.
    """
    values = 0
    for place in places:
        channels, *sides = place.end.shape
        values += channels * math.prod(min(side, pool) if pool else side for side in sides)
    if values * 4 * images > MOST_BYTES:
        raise PhospheneError(
            f"the features of {images:,} images at {len(places)} cuts need {values * 4 * images / 2**30:.1f} GiB: "
            "choose fewer with --cuts, or a smaller --pool (1 is the least)"
        )
