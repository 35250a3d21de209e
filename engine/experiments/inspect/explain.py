"""Shows which pixels count for a class: saliency and its kin, class activation maps, side by side."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.errors import InvalidHyperparameters
from engine.experiments.inspect import activation, attribution, evaluation
from engine.experiments.pictures import beside, heat, stacked
from engine.experiments.subjects import Subjects, all_logits, batch_size, open_images, targets_of
from engine.networks import backbones
from engine.networks.cuts import Cut, Sectioned
from engine.networks.names import several
from engine.report.figures import curves

if TYPE_CHECKING:
    from engine.control.context import Context
    from engine.experiments.inspect.declarations import AttributionHyperparameters
    from engine.networks.backbones import Backbone

OVERVIEW = 12
"""Images in the overview, at most."""


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
    maps: dict[str, Tensor] = field(default_factory=dict)
    errors: Tensor | None = None

    @property
    def true(self) -> list[str]:
        """The name of each image's true class, empty where it is not known."""
        classes = self.backbone.classes
        return [classes[label] if label >= 0 else "" for label in self.subjects.labels(classes).tolist()]

    def says(self, index: int) -> str:
        """Return the class that is explained in an image, and its probability."""
        return f"{self.backbone.classes[self.targets[index]]} {float(self.probabilities[index]):.2f}"


def run(hyperparameters: AttributionHyperparameters, context: Context) -> None:
    """Log a map for every image, method and network, and what the maps are worth if that is asked for."""
    methods = hyperparameters.methods.split(",")
    views = [_view(name, hyperparameters, context) for name in several(hyperparameters.model)]
    architectures = [view.title for view in views]
    for view in views:
        if architectures.count(view.title) > 1:
            view.title = view.backbone.name
    batch = batch_size(context.device)
    steps = iter(context.steps(sum(math.ceil(len(view.subjects) / batch) for view in views) * len(methods), "batch"))
    rows, done = [], 0
    for view in views:
        ask = Methods(hyperparameters, view, context.seed)
        for method in methods:
            maps, errors = [], []
            for part, images in view.subjects.batches(batch, context.device):
                step = next(steps)
                done += len(images)
                inputs = view.backbone.preprocessing.standardised(images)
                targets = view.targets[part].to(context.device)
                maps.append(ask.maps(method, inputs, targets, part).cpu())
                if method == "integrated-gradients":
                    errors.append(ask.completeness_error.cpu())
                context.log(step, {"maps/done": done})
            view.maps[method] = torch.cat(maps)
            _log_maps(view, method, hyperparameters, context, several_networks=len(views) > 1)
            worth = {"completeness error": torch.cat(errors)} if errors else {}
            if hyperparameters.evaluate:
                worth |= _deletion_and_insertion(view, view.maps[method], batch, context)
            rows += _rows(view, method, worth)
            prefix = f"{view.title}/{method}" if len(views) > 1 else method
            context.result({f"{prefix}/{name.replace(' ', '_')}": float(own.mean()) for name, own in worth.items()})
    list(steps)
    _log_side_by_side(views, hyperparameters, context)
    columns = ["image", "network", "true class", "class", "probability", "method"]
    context.table("maps", [*columns, "deletion", "insertion", "completeness error"], rows)
    if hyperparameters.sanity:
        _check_sanity(views, methods, hyperparameters, context)
    context.result({"images/number": len(views[0].subjects)})


def _view(name: str, chosen: AttributionHyperparameters, context: Context) -> View:
    backbone = backbones.load(name, context).fixed()
    preprocessing = backbone.preprocessing.resized(chosen.resize)
    subjects = open_images(chosen.images, preprocessing, context)
    logits = all_logits(subjects, backbone, batch_size(context.device), context.device)
    targets = targets_of(chosen.target, subjects, backbone, logits)
    probabilities = logits.softmax(1).gather(1, targets[:, None]).squeeze(1)
    wants_maps = any("cam" in method for method in chosen.methods.split(","))
    if chosen.layer and not wants_maps:
        raise InvalidHyperparameters({"layer": "only class activation maps have one: add the method gradcam"})
    sectioned = Sectioned(backbone.network, backbone.shape) if wants_maps else None
    layer = activation.layer(sectioned, chosen.layer) if sectioned else None
    if layer:
        context.message(f"class activation maps of {name} at {layer.name}, {list(layer.shape)}")
    return View(backbone.architecture, backbone, subjects, targets, probabilities, sectioned, layer)


class Methods:
    """Every method by its name, as it is asked of one network.

    Attributes:
        completeness_error: of the last integrated gradients, ``[M]``.
    """

    def __init__(self, chosen: AttributionHyperparameters, view: View, seed: int) -> None:
        self._chosen, self._view, self._seed = chosen, view, seed
        self._network: Callable[[Tensor], Tensor] = view.backbone.network
        self.completeness_error = torch.zeros(0)

    def maps(self, method: str, inputs: Tensor, targets: Tensor, part: slice) -> Tensor:
        """Return a method's maps ``[M, H, W]``, at least 0, for a batch of images."""
        network = self._network
        ways: dict[str, Callable[[], Tensor]] = {
            "gradient": lambda: attribution.saliency(network, inputs, targets),
            "smoothgrad": lambda: attribution.strongest(self._smoothed(inputs, targets, part)),
            "input-x-gradient": lambda: attribution.summed(attribution.input_x_gradient(network, inputs, targets)),
            "integrated-gradients": lambda: attribution.summed(self._integrated(inputs, targets)),
            "guided": lambda: attribution.strongest(attribution.guided_backpropagation(network, inputs, targets)),
            "cam": lambda: activation.cam(self._sectioned, self._layer, inputs, targets),
            "gradcam": lambda: self._grad_cam(inputs, targets),
            "gradient-gradcam": lambda: ways["gradcam"]() * ways["gradient"](),
            "guided-gradcam": lambda: ways["gradcam"]() * ways["guided"](),
        }
        return ways[method]()

    def _smoothed(self, inputs: Tensor, targets: Tensor, part: slice) -> Tensor:
        seeds = [self._seed * 1_000_003 + index for index in range(part.start, part.stop)]
        samples, sigma = self._chosen.samples, self._chosen.sigma
        return attribution.smoothgrad(self._network, inputs, targets, samples=samples, sigma=sigma, seeds=seeds)

    @property
    def _sectioned(self) -> Sectioned:
        assert self._view.sectioned is not None
        return self._view.sectioned

    @property
    def _layer(self) -> Cut:
        assert self._view.layer is not None
        return self._view.layer

    def _grad_cam(self, inputs: Tensor, targets: Tensor) -> Tensor:
        return activation.grad_cam(self._sectioned, self._layer, inputs, targets)

    def _integrated(self, inputs: Tensor, targets: Tensor) -> Tensor:
        shade = torch.zeros_like(inputs[:1])
        baseline = self._view.backbone.preprocessing.standardised(shade) if self._chosen.baseline == "black" else shade
        attributions = attribution.integrated_gradients(
            self._network, inputs, targets, baseline=baseline, steps=self._chosen.path_steps
        )
        self.completeness_error = attribution.completeness_error(
            self._network, inputs, targets, baseline=baseline, attributions=attributions
        )
        return attributions


def _log_maps(
    view: View, method: str, chosen: AttributionHyperparameters, context: Context, *, several_networks: bool
) -> None:
    name = f"{method} {view.title}" if several_networks else method
    for index, picture in enumerate(_pictures(view, method, chosen)):
        context.image(name, picture, index + 1, view.says(index))


def _pictures(view: View, method: str, chosen: AttributionHyperparameters) -> Tensor:
    over = view.subjects.pixels.float() / 255 if chosen.view == "overlay" else None
    return heat(view.maps[method], over=over)


def _log_side_by_side(views: list[View], chosen: AttributionHyperparameters, context: Context) -> None:
    """Log each image beside all its maps, and the first of them as one picture."""
    first = views[0]
    images = first.subjects.pixels.float() / 255
    pictures = {(view.title, method): _pictures(view, method, chosen) for view in views for method in view.maps}
    rows = []
    for index in range(len(first.subjects)):
        tiles, captions = [images[index]], [[first.subjects.names[index], first.true[index]]]
        for view in views:
            for method in view.maps:
                tiles.append(pictures[view.title, method][index])
                captions.append([f"{method} {view.title}" if len(views) > 1 else method, view.says(index)])
        picture = beside(tiles, captions)
        context.image("side by side", picture, index + 1, first.says(index))
        if index < OVERVIEW:
            rows.append(picture)
    context.image("overview", stacked(rows), 1)


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


def _deletion_and_insertion(view: View, maps: Tensor, batch: int, context: Context) -> dict[str, Tensor]:
    areas = []
    for part, images in view.subjects.batches(batch, context.device):
        inputs = view.backbone.preprocessing.standardised(images)
        targets, own = view.targets[part].to(context.device), maps[part].to(context.device)
        areas.append(torch.stack(evaluation.deletion_and_insertion(view.backbone.network, inputs, targets, own)).cpu())
    deletion, insertion = torch.cat(areas, 1)
    return {"deletion": deletion, "insertion": insertion}


def _check_sanity(views: list[View], methods: list[str], chosen: AttributionHyperparameters, context: Context) -> None:
    """Log how like the maps of the first batch stay as ever more layers lose what they learnt: they should not."""
    rows: list[list[object]] = []
    for view in views:
        part, images = next(view.subjects.batches(batch_size(context.device), context.device))
        context.message(f"maps at random weights, of {len(images)} images: {view.title}")
        inputs, targets = view.backbone.preprocessing.standardised(images), view.targets[part].to(context.device)
        names, likeness = [], {method: [] for method in methods}  # type: ignore[var-annotated]
        for name, network in evaluation.randomised(view.backbone.network, context.seed):
            sectioned = Sectioned(network, view.backbone.shape) if view.sectioned else None
            layer = sectioned.find(view.layer.node) if sectioned and view.layer else None
            other = replace(view, backbone=replace(view.backbone, network=network), sectioned=sectioned, layer=layer)
            ask = Methods(chosen, other, context.seed)
            for method in methods:
                maps = ask.maps(method, inputs, targets, part)
                own = evaluation.rank_correlation(view.maps[method][part], maps.cpu())
                likeness[method].append(float(own.mean()))
            names.append(name)
        rows += [
            [view.title, name, *(round(likeness[method][row], 4) for method in methods)]
            for row, name in enumerate(names)
        ]
        figure = curves(names, likeness, x_label="weights randomised down to", y_label="rank correlation with the maps")
        context.figure(f"sanity {view.title}" if len(views) > 1 else "sanity", figure, 1)
        prefix = f"{view.title}/" if len(views) > 1 else ""
        context.result({f"{prefix}{method}/sanity": values[-1] for method, values in likeness.items()})
    context.table("sanity", ["network", "randomised down to", *methods], rows)
