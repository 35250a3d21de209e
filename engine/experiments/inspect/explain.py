"""Shows which pixels count for a class: saliency and its kin, class activation maps, side by side."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.drawing.heat import heat
from engine.drawing.tiles import overview, tile
from engine.errors import InvalidHyperparameters
from engine.experiments.earlier import load_network
from engine.experiments.inspect import activation, evaluation
from engine.experiments.inspect.methods import Methods
from engine.experiments.subjects import Subjects, batch_size, logits_of, open_images, probabilities, targets_of
from engine.networks.cuts import Sectioned
from engine.networks.names import several
from engine.plots import Lines, Tiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.authoring import Context
    from engine.experiments.inspect.declarations import AttributionHyperparameters
    from engine.networks.backbones import Backbone
    from engine.networks.places import Cut

CHECKED = 16
"""Images whose maps are compared with those at random weights, at least, if there are so many."""


@dataclass
class View:
    """One network, the images at its input size, and what it is asked about them."""

    title: str
    backbone: Backbone
    subjects: Subjects
    targets: Tensor
    probabilities: Tensor
    sectioned: Sectioned | None
    layer: Cut | None
    alone: bool = True
    maps: dict[str, Tensor] = field(default_factory=dict)

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
        """Return a name for a picture of this network."""
        return what if self.alone else f"{what} {self.title}"

    def says(self, index: int) -> str:
        """Return the class that is explained in an image, and its probability."""
        return f"{self.backbone.classes[self.targets[index]]} {float(self.probabilities[index]):.2f}"


def run(hyperparameters: AttributionHyperparameters, context: Context) -> None:
    """Log a map for every image, method and network, and what the maps are worth if that is asked for."""
    methods = hyperparameters.methods.split(",")
    views = [_view(name, hyperparameters, context) for name in several(hyperparameters.model)]
    architectures = [view.title for view in views]
    for view in views:
        view.alone = len(views) == 1
        if architectures.count(view.title) > 1:
            view.title = view.backbone.name
    batch = batch_size(context.device)
    work = sum(-(-len(view.subjects) // batch) * len(methods) for view in views)
    checks = [evaluation.stages(view.backbone.network) for view in views] if hyperparameters.sanity else []
    steps = iter(context.steps(work + sum(checks), unit="piece of work"))
    rows: list[list[object]] = []
    done = 0
    for view in views:
        ask = Methods(hyperparameters, view.backbone, view.sectioned, view.layer, context.seed)
        for method in methods:
            worth: dict[str, list[Tensor]] = {}
            maps = []
            for part, images in view.subjects.batches(batch, context.device):
                step = next(steps)
                inputs = view.backbone.preprocessing.standardised(images)
                targets = view.targets[part].to(context.device)
                own, figures = ask(method, inputs, targets, part.start)
                if hyperparameters.evaluate:
                    areas = evaluation.deletion_and_insertion(view.backbone.network, inputs, targets, own)
                    figures |= dict(zip(("deletion", "insertion"), areas, strict=True))
                for name, values in figures.items():
                    worth.setdefault(name, []).append(values.cpu())
                maps.append(own.cpu())
                done += len(images)
                context.log(step, {"maps/done": done})
            view.maps[method] = torch.cat(maps)
            for index in range(len(view.subjects)):
                context.image(
                    view.named(method), _picture(view, method, index, hyperparameters), index + 1, view.says(index)
                )
            joined = {name: torch.cat(values) for name, values in worth.items()}
            rows += _rows(view, method, joined)
            results = {name.replace(" ", "_"): float(values.mean()) for name, values in joined.items()}
            context.result({f"{view.prefix}{method}/{name}": value for name, value in results.items()})
    _log_side_by_side(views, hyperparameters, context)
    columns = ["image", "network", "true class", "class", "probability", "method"]
    context.table("maps", [*columns, "deletion", "insertion", "completeness error"], rows)
    if hyperparameters.sanity:
        _check_sanity(views, methods, hyperparameters, steps, context)
    list(steps)
    context.result({"images/number": len(views[0].subjects)})


def _view(name: str, chosen: AttributionHyperparameters, context: Context) -> View:
    backbone = load_network(name, context).fixed()
    preprocessing = backbone.preprocessing.resized(chosen.resize)
    subjects = open_images(chosen.images, preprocessing, context)
    logits = logits_of(subjects.pixels, backbone, context.device)
    targets = targets_of(chosen.target, subjects, backbone, logits)
    wants_maps = any("cam" in method for method in chosen.methods.split(","))
    if chosen.layer and not wants_maps:
        raise InvalidHyperparameters({"layer": "only class activation maps have one: add the method gradcam"})
    sectioned = Sectioned(backbone.network, backbone.shape) if wants_maps else None
    layer = activation.layer(sectioned, chosen.layer) if sectioned else None
    if layer:
        context.message(f"class activation maps of {name} at {layer.name}, {list(layer.shape)}")
    return View(backbone.architecture, backbone, subjects, targets, probabilities(logits, targets), sectioned, layer)


def _picture(view: View, method: str, index: int, chosen: AttributionHyperparameters) -> Tensor:
    """Draw one map, alone or over its image: ``[3, H, W]`` in [0, 1]."""
    over = view.subjects.pixels[index : index + 1].float() / 255 if chosen.view == "overlay" else None
    return heat(view.maps[method][index : index + 1], over=over)[0]


def _log_side_by_side(views: list[View], chosen: AttributionHyperparameters, context: Context) -> None:
    """Log each image beside all its maps, and the first of them as one plot."""
    first, rows = views[0], []
    for index, (name, true) in enumerate(zip(first.subjects.names, first.true, strict=True)):
        pictures = [first.subjects.pixels[index].float() / 255]
        captions = [(name, true)]
        for view in views:
            for method in view.maps:
                pictures.append(_picture(view, method, index, chosen))
                captions.append((view.named(method), view.says(index)))
        row = Tiles(tuple(map(tile, pictures)), tuple(captions), columns=len(pictures))
        context.plot("side by side", row, index + 1)
        rows.append(row)
    context.plot("overview", overview(rows), 1)


def _rows(view: View, method: str, worth: dict[str, Tensor]) -> list[list[object]]:
    figures = [worth.get(name) for name in ("deletion", "insertion", "completeness error")]
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
    methods: list[str],
    chosen: AttributionHyperparameters,
    steps: Iterator[int],
    context: Context,
) -> None:
    """Log how like the maps of the first images stay as ever more layers lose what they learnt: they should not."""
    rows: list[list[object]] = []
    for view in views:
        batches = [
            (part, view.backbone.preprocessing.standardised(images), view.targets[part].to(context.device))
            for part, images in view.subjects.batches(batch_size(context.device), context.device)
            if part.start < CHECKED
        ]
        context.message(f"maps at random weights, of {batches[-1][0].stop} images: {view.title}")
        names: list[str] = []
        likeness: dict[str, list[float]] = {method: [] for method in methods}
        for name, network in evaluation.randomised(view.backbone.network, context.seed):
            next(steps)
            sectioned = Sectioned(network, view.backbone.shape) if view.sectioned else None
            layer = sectioned.find(view.layer.node) if sectioned and view.layer else None
            ask = Methods(chosen, replace(view.backbone, network=network), sectioned, layer, context.seed)
            for method in methods:
                if method == "cam":
                    continue  # It is Grad-CAM but for a factor, which ranks do not see.
                alike = [
                    evaluation.rank_correlation(
                        view.maps[method][part], ask(method, inputs, targets, part.start)[0].cpu()
                    )
                    for part, inputs, targets in batches
                ]
                likeness[method].append(float(torch.cat(alike).mean()))
            names.append(name)
        shown = {method: values for method, values in likeness.items() if values}
        for row, name in enumerate(names):
            figures = [round(shown[method][row], 4) if method in shown else "" for method in methods]
            rows.append([view.title, name, *figures])
        if shown:
            plot = Lines(
                tuple(names),
                {method: tuple(values) for method, values in shown.items()},
                x_label="weights randomised down to",
                y_label="rank correlation",
            )
            context.plot(view.named("sanity"), plot, 1)
        context.result({f"{view.prefix}{method}/sanity": values[-1] for method, values in shown.items()})
    context.table("sanity", ["network", "randomised down to", *methods], rows)
