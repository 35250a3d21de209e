"""Shows which pixels count for a class: maps from gradients and class activation maps, side by side."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.datasets.images import unit_range
from engine.drawing.heat import heat
from engine.drawing.tiles import overview, tile
from engine.errors import InvalidHyperparameters
from engine.experiments.earlier import load_network
from engine.experiments.inspect import evaluation
from engine.experiments.inspect.activation import NoClassActivation
from engine.experiments.inspect.choice import ACTIVATION_MAPS, BASELINES, METHODS
from engine.experiments.inspect.explanation import Explained, method
from engine.experiments.inspect.guided import NoGuidedBackpropagation
from engine.experiments.subjects import (
    Subjects,
    batch_size,
    image_seeds,
    logits_of,
    open_images,
    probabilities,
    targets_of,
)
from engine.networks.cuts import Sectioned
from engine.networks.names import several
from engine.plots import Lines, Tiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.authoring import Context
    from engine.experiments.inspect.declarations import AttributionHyperparameters
    from engine.networks.backbones import Backbone

CHECKED = 16
"""Images whose maps are compared with those at random weights: the batches in which the first of them are."""


@dataclass
class View:
    """One network, the images at its input size, the classes that are explained in them, and the methods it can do."""

    title: str
    explained: Explained
    subjects: Subjects
    targets: Tensor
    probabilities: Tensor
    methods: list[str]
    alone: bool = True
    maps: dict[str, Tensor] = field(default_factory=dict)

    @property
    def backbone(self) -> Backbone:
        """The network with what its images go through."""
        return self.explained.backbone

    @property
    def true(self) -> list[str]:
        """The name of each image's true class, empty where it is not known."""
        classes = self.backbone.classes
        return [classes[label] if label >= 0 else "" for label in self.subjects.labels(classes).tolist()]

    @property
    def prefix(self) -> str:
        """What stands before the names of its results."""
        return "" if self.alone else f"{self.title}/"

    def named(self, what: str) -> str:
        """Return a name for a picture or a plot of this network."""
        return what if self.alone else f"{what} {self.title}"

    def prediction(self, index: int) -> str:
        """Return the class that is explained in an image, and its probability."""
        return f"{self.backbone.classes[self.targets[index]]} {float(self.probabilities[index]):.2f}"


def run(hyperparameters: AttributionHyperparameters, context: Context) -> None:
    """Log a map for every image, method and network; measure and check the maps if that is chosen."""
    views = [_view(name, hyperparameters, context) for name in several(hyperparameters.model)]
    architectures = [view.title for view in views]
    for view in views:
        view.alone = len(views) == 1
        if architectures.count(view.title) > 1:
            view.title = view.backbone.name
    batch = batch_size(context.device)
    work = sum(-(-len(view.subjects) // batch) * len(view.methods) for view in views)
    checks = [evaluation.stages(view.backbone.network) for view in views] if hyperparameters.sanity else []
    steps = iter(context.steps(work + sum(checks), unit="piece of work"))
    rows: list[list[object]] = []
    for view in views:
        for name in view.methods:
            explain = method(name).explain
            measured: dict[str, list[Tensor]] = {}
            maps = []
            for part, images in view.subjects.batches(batch, context.device):
                next(steps)
                inputs = view.backbone.preprocessing.standardised(images)
                targets = view.targets[part].to(context.device)
                own = explain(view.explained, inputs, targets, image_seeds(context.seed, part.start, len(images)))
                figures = dict(own.figures)
                if hyperparameters.evaluate:
                    areas = evaluation.deletion_and_insertion(view.backbone.network, inputs, targets, own.maps)
                    figures |= dict(zip(("deletion", "insertion"), areas, strict=True))
                for figure, values in figures.items():
                    measured.setdefault(figure, []).append(values.cpu())
                maps.append(own.maps.cpu())
            view.maps[name] = torch.cat(maps)
            for index in range(len(view.subjects)):
                picture = _picture(view, name, index, hyperparameters)
                context.image(view.named(name), picture, index + 1, view.prediction(index))
            joined = {figure: torch.cat(values) for figure, values in measured.items()}
            _warn(view, name, joined, context)
            rows += _rows(view, name, joined)
            means = {figure.replace(" ", "_"): float(values.mean()) for figure, values in joined.items()}
            context.result({f"{view.prefix}{name}/{figure}": mean for figure, mean in means.items()})
    _log_side_by_side(views, hyperparameters, context)
    columns = ["image", "network", "true class", "class", "probability", "method"]
    context.table("maps", [*columns, "deletion", "insertion", "completeness error"], rows)
    if hyperparameters.sanity:
        _check_sanity(views, hyperparameters, steps, context)
    list(steps)
    context.result({"images/number": len(views[0].subjects)})


def _view(name: str, chosen: AttributionHyperparameters, context: Context) -> View:
    backbone = load_network(name, context).fixed()
    preprocessing = backbone.preprocessing.resized(chosen.resize)
    subjects = open_images(chosen.images, preprocessing, context)
    logits = logits_of(subjects.pixels, backbone, context.device)
    targets = targets_of(chosen.target, subjects, backbone, logits)
    methods = list(dict.fromkeys([*chosen.methods.split(","), *(BASELINES if chosen.evaluate else ())]))
    need_layer = not set(methods).isdisjoint(ACTIVATION_MAPS)
    if chosen.layer and not need_layer:
        raise InvalidHyperparameters({"layer": "only class activation maps have one: add the method gradcam"})
    sectioned = Sectioned(backbone.network, backbone.shape) if need_layer else None
    explained = Explained(chosen, backbone, sectioned)
    view = View(backbone.architecture, explained, subjects, targets, probabilities(logits, targets), methods)
    _leave_out(view, context)
    if not set(view.methods).isdisjoint(ACTIVATION_MAPS):
        _, layer = explained.maps
        context.message(f"class activation maps of {name} at {layer.name}, {list(layer.shape)}")
    return view


def _leave_out(view: View, context: Context) -> None:
    """Leave out the methods that the network cannot do, and say why; one image tells, before any map is computed.

    Raises:
        InvalidHyperparameters: if none is left.
    """
    refused: dict[str, str] = {}
    inputs = view.backbone.preprocessing.standardised(unit_range(view.subjects.pixels[:1].to(context.device)))
    for name in view.methods:
        if method(name).tried:
            try:
                method(name).explain(view.explained, inputs, view.targets[:1].to(context.device), [0])
            except (NoClassActivation, NoGuidedBackpropagation) as error:
                refused[name] = str(error)
    view.methods = [name for name in view.methods if name not in refused]
    reasons = "; ".join(dict.fromkeys(refused.values()))
    if set(view.methods) <= set(BASELINES) and refused:
        raise InvalidHyperparameters(
            {"methods": f"{view.backbone.name} can do none of {', '.join(refused)}: {reasons}"}
        )
    if refused:
        context.message(f"{view.backbone.name} is shown without {', '.join(refused)}: {reasons}", level="alarm")


def _warn(view: View, name: str, measured: dict[str, Tensor], context: Context) -> None:
    """Say where a figure of a method is beyond what makes its maps sound."""
    for figure, (limit, advice) in method(name).limits.items():
        values = measured[figure]
        if beyond := int((values > limit).sum()):
            context.message(
                f"{view.named(name)}: the {figure} is above {limit:.0%} for {beyond} of {len(values)} images, "
                f"{float(values.max()):.0%} at most: {advice}",
                level="alarm",
            )


def _picture(view: View, method: str, index: int, chosen: AttributionHyperparameters) -> Tensor:
    """Draw one map, alone or over its image: ``[3, H, W]`` in [0, 1]."""
    over = unit_range(view.subjects.pixels[index : index + 1]) if chosen.view == "overlay" else None
    return heat(view.maps[method][index : index + 1], over=over)[0]


def _log_side_by_side(views: list[View], chosen: AttributionHyperparameters, context: Context) -> None:
    """Log each image beside all its maps, and the first of them as one plot."""
    first, rows = views[0], []
    for index, (name, true) in enumerate(zip(first.subjects.names, first.true, strict=True)):
        pictures = [unit_range(first.subjects.pixels[index])]
        captions = [(name, true)]
        for view in views:
            for explained_by in view.maps:
                pictures.append(_picture(view, explained_by, index, chosen))
                captions.append((view.named(explained_by), view.prediction(index)))
        row = Tiles(tuple(map(tile, pictures)), tuple(captions), columns=len(pictures))
        context.plot("side by side", row, index + 1)
        rows.append(row)
    context.plot("overview", overview(rows), 1)


def _rows(view: View, method: str, measured: dict[str, Tensor]) -> list[list[object]]:
    figures = [measured.get(name) for name in ("deletion", "insertion", "completeness error")]
    return [
        [
            name,
            view.title,
            view.true[index],
            view.backbone.classes[view.targets[index]],
            round(float(view.probabilities[index]), 4),
            method,
            *("" if own is None else round(float(own[index]), 4) for own in figures),
        ]
        for index, name in enumerate(view.subjects.names)
    ]


def _check_sanity(
    views: list[View],
    chosen: AttributionHyperparameters,
    steps: Iterator[int],
    context: Context,
) -> None:
    """Log how similar the maps of the first images stay while more and more layers lose what they learnt.

    Maps that explain a network depend on its weights, so that the similarity should fall.
    """
    rows: list[list[object]] = []
    columns = [name for name in METHODS if any(name in view.methods for view in views) and method(name).sanity_checked]
    for view in views:
        checked = [name for name in view.methods if method(name).sanity_checked]
        batches = [
            (part, view.backbone.preprocessing.standardised(images), view.targets[part].to(context.device))
            for part, images in view.subjects.batches(batch_size(context.device), context.device)
            if part.start < CHECKED
        ]
        context.message(f"maps at random weights, of {batches[-1][0].stop} images: {view.title}")
        names: list[str] = []
        similarity: dict[str, list[float]] = {name: [] for name in checked}
        for layer_name, network in evaluation.randomised(view.backbone.network, context.seed):
            next(steps)
            sectioned = Sectioned(network, view.backbone.shape) if view.explained.sectioned else None
            explained = Explained(chosen, replace(view.backbone, network=network), sectioned)
            for name in checked:
                found = [
                    evaluation.rank_correlation(
                        view.maps[name][part],
                        method(name)
                        .explain(explained, inputs, targets, image_seeds(context.seed, part.start, len(inputs)))
                        .maps.cpu(),
                    )
                    for part, inputs, targets in batches
                ]
                similarity[name].append(float(torch.cat(found).mean()))
            names.append(layer_name)
        for row, layer_name in enumerate(names):
            figures = [round(similarity[name][row], 4) if name in similarity else "" for name in columns]
            rows.append([view.title, layer_name, *figures])
        if similarity:
            series = {name: tuple(values) for name, values in similarity.items()}
            plot = Lines(tuple(names), series, x_label="weights randomised down to", y_label="rank correlation")
            context.plot(view.named("sanity"), plot, 1)
        context.result({f"{view.prefix}{name}/sanity": values[-1] for name, values in similarity.items()})
    context.table("sanity", ["network", "randomised down to", *columns], rows)
