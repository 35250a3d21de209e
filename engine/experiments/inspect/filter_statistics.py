"""Counts which filters of a network respond to which class, how strongly and where, and which separate the classes.

After the filter-activation practical (Heritier & Nanchen, exercise 1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.datasets import decoding, photographs
from engine.drawing.heat import heat, strongest_in_colour
from engine.drawing.tiles import tile
from engine.errors import PhospheneError
from engine.experiments.earlier import load_network
from engine.experiments.inspect.feature_maps import layers_of
from engine.experiments.subjects import batch_size
from engine.networks.cuts import Sectioned
from engine.plots import Heatmap, Tiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.authoring import Context
    from engine.datasets.photographs import Photographs
    from engine.experiments.inspect.declarations import FilterStatisticsHyperparameters
    from engine.networks.places import Cut

PLACES = 28
"""Places a side to which maps are averaged, at most, before they are summed up."""
SHOWN = 16
"""Filters in a plot, at most: those that separate the classes best."""
TILE = 112
"""Pixels of the longer side of a class's mean image in a plot, at most."""
MOST_BYTES = 4 << 30
"""Of mean maps that are held, at most."""


class Statistics:
    """Activations of one layer's filters by class, summed up batch by batch.

    Args:
        shape: ``(filters, height, width)`` of the layer's maps.
        classes: how many there are.
        device: on which they are summed up.
    """

    def __init__(self, shape: Sequence[int], classes: int, device: torch.device | str = "cpu") -> None:
        filters, *sides = shape
        grid = [min(side, PLACES) for side in sides]

        def zeros(*size: int) -> Tensor:
            return torch.zeros(size, dtype=torch.float64, device=device)

        self.images = zeros(classes)
        self._fired = zeros(classes, filters)
        self._places = zeros(classes, filters)
        self._strength = zeros(classes, filters)
        self._strength_squared = zeros(filters)
        self._maps = zeros(classes, filters, *grid)
        self._maps_squared = zeros(filters, *grid)

    def add(self, maps: Tensor, labels: Tensor) -> None:
        """Take in the maps ``[N, filters, H, W]`` of a batch and its classes ``[N]``, both on the device."""
        maps = maps.detach().float()
        pooled = F.adaptive_avg_pool2d(maps, (self._maps.shape[-2], self._maps.shape[-1])).double()
        strength = maps.double().mean((2, 3))
        members = F.one_hot(labels, len(self.images)).double().T

        def by_class(values: Tensor) -> Tensor:
            return (members @ values.double().flatten(1)).view(-1, *values.shape[1:])

        self.images += members.sum(1)
        self._fired += by_class(maps.amax((2, 3)) > 0)
        self._places += by_class((maps > 0).float().mean((2, 3)))
        self._strength += by_class(strength)
        self._strength_squared += (strength**2).sum(0)
        self._maps += by_class(pooled)
        self._maps_squared += (pooled**2).sum(0)

    def to_host(self) -> None:
        """Bring the sums to the host, where they are evaluated."""
        for name, sums in vars(self).items():
            setattr(self, name, sums.cpu())

    def _mean(self, sums: Tensor) -> Tensor:
        return sums / self.images.clamp(min=1).view(-1, *[1] * (sums.ndim - 1))

    @property
    def fires(self) -> Tensor:
        """The share of the images of each class in which a filter is above 0 anywhere, ``[classes, filters]``."""
        return self._mean(self._fired)

    @property
    def places(self) -> Tensor:
        """The share of the places at which a filter is above 0, ``[classes, filters]``."""
        return self._mean(self._places)

    @property
    def strength(self) -> Tensor:
        """The mean activation over images and places, ``[classes, filters]``."""
        return self._mean(self._strength)

    @property
    def maps(self) -> Tensor:
        """The mean map of each filter for each class, ``[classes, filters, h, w]``."""
        return self._mean(self._maps)

    @property
    def separation(self) -> Tensor:
        """The F ratio of each filter's mean activation between the classes, ``[filters]``; see :meth:`_f_ratio`."""
        return self._f_ratio(self._strength, self._strength_squared)

    @property
    def regions(self) -> Tensor:
        """The F ratio at each place, ``[h, w]``: the largest of all filters."""
        return self._f_ratio(self._maps, self._maps_squared).amax(0)

    def _f_ratio(self, sums: Tensor, squares: Tensor) -> Tensor:
        """Return the one-way analysis of variance's F: the variance between the classes by that within them."""
        counts = self.images[self.images > 0].view(-1, *[1] * (sums.ndim - 1))
        sums, total = sums[self.images > 0], counts.sum()
        grand = sums.sum(0) / total
        between = (counts * (sums / counts - grand) ** 2).sum(0)
        within = (squares - total * grand**2 - between).clamp(min=0)
        ratio = (between / (len(counts) - 1)) / (within / (total - len(counts))).clamp(min=1e-30)
        return torch.where(between > 1e-12, ratio, torch.zeros_like(ratio))


def run(hyperparameters: FilterStatisticsHyperparameters, context: Context) -> None:
    """Log, layer by layer, how each filter responds to each class of a data set."""
    backbone = load_network(hyperparameters.model, context).fixed()
    data = getattr(photographs.load(hyperparameters.dataset, context=context), hyperparameters.part)
    if len(data) <= len(data.classes):
        raise PhospheneError(
            f"{len(data)} images of {len(data.classes)} classes are too few to compare: take more, or --part train"
        )
    sectioned = Sectioned(backbone.network, backbone.shape)
    layers = (
        layers_of(sectioned, hyperparameters.layers) if hyperparameters.layers.strip(" ,") else sectioned.convolutions()
    )
    if not layers:
        raise PhospheneError("this network has no convolution with a ReLU after it: name layers with maps")
    sizes = (layer.shape[0] * min(layer.shape[1], PLACES) ** 2 for layer in layers)
    if sum(sizes) * len(data.classes) * 8 > MOST_BYTES:
        raise PhospheneError(f"maps of {len(layers)} layers for {len(data.classes)} classes are too many: name layers")
    gathered = {layer: Statistics(layer.shape, len(data.classes), context.device) for layer in layers}
    preprocessing = backbone.preprocessing.resized(hyperparameters.resize)
    batch = batch_size(context.device)
    mean_images = torch.zeros(len(data.classes), *backbone.shape, dtype=torch.float64)
    labels = torch.zeros(0, dtype=torch.long)

    def take(cut: Cut, values: Tensor) -> None:
        gathered[cut].add(values, labels)

    batches, all_scaled = decoding.decoded(data, preprocessing, batch), 0
    for _step, (indices, pixels, broken, scaled) in zip(context.steps(-(-len(data) // batch), unit="batch"), batches):  # noqa: B905
        decoding.leave_out(broken, context, refuse=False)
        all_scaled += scaled
        own = data.labels[indices]
        mean_images.index_add_(0, own, pixels.double() / 255)
        labels = own.to(context.device)
        with torch.inference_mode():
            sectioned.run(list(layers), preprocessing.normalised(pixels.to(context.device)), take)
    decoding.tell_scaled(all_scaled, len(data), context)
    for statistics in gathered.values():
        statistics.to_host()
    counts = next(iter(gathered.values())).images
    mean_images /= counts.clamp(min=1).view(-1, 1, 1, 1)
    for layer, statistics in gathered.items():
        _draw(layer, statistics, mean_images, data, context)
    _tabulate(gathered, data.classes, context)


def _draw(layer: Cut, statistics: Statistics, mean_images: Tensor, data: Photographs, context: Context) -> None:
    """Log a layer's responses, its mean maps, the strongest filter at each place, and where the classes differ."""
    best = statistics.separation.argsort(descending=True)[:SHOWN].sort().values
    names = [str(number) for number in best.tolist()]
    for what, values in (("fires", statistics.fires), ("strength", statistics.strength)):
        plot = Heatmap(
            tuple(map(tuple, values[:, best].tolist())), data.classes, tuple(names), "class", f"filter of {layer.name}"
        )
        context.plot(f"{what} {layer.name}", plot, 1)
    maps = statistics.maps[:, best].float()
    # One scale for each filter, so that its classes can be compared.
    shares = maps / maps.amax((0, 2, 3), keepdim=True).clamp(min=1e-12)
    pictures, captions = [], []
    for label, name in enumerate(data.classes):
        pictures += [tile(mean_images[label].float(), TILE), *map(tile, heat(shares[label], top=1.0))]
        captions += [(name,), *((number,) for number in names)]
    mean_maps = Tiles(tuple(pictures), tuple(captions), columns=1 + len(names))
    context.plot(f"mean maps {layer.name}", mean_maps, 1)
    regions = statistics.regions.float()
    patterns = Tiles(
        tuple(map(tile, (*strongest_in_colour(shares), heat(regions[None])[0]))),
        (*((name,) for name in data.classes), (f"F up to {float(regions.max()):.0f}",)),
    )
    context.plot(f"patterns {layer.name}", patterns, 1)


def _tabulate(gathered: dict[Cut, Statistics], classes: Sequence[str], context: Context) -> None:
    responses: list[list[object]] = []
    separations: list[tuple[str, int, float, str]] = []
    results: dict[str, float] = {}
    for layer, own in gathered.items():
        for number, ratio in enumerate(own.separation.tolist()):
            strongest = int(own.strength[:, number].argmax())
            strongest_class = classes[strongest] if own.strength[strongest, number] > 0 else ""
            separations.append((layer.name, number, round(ratio, 2), strongest_class))
            for label, name in enumerate(classes):
                figures = own.fires[label, number], own.places[label, number], own.strength[label, number]
                responses.append([layer.name, number, name, *(round(float(value), 4) for value in figures)])
        results |= {
            f"{layer.name}/largest_F": float(own.separation.max()),
            f"{layer.name}/silent": int((own.fires.amax(0) == 0).sum()),
        }
    context.table(
        "separation", ["layer", "filter", "F", "answers most to"], sorted(separations, key=lambda row: -row[2])
    )
    context.table("filters", ["layer", "filter", "class", "fires share", "places share", "strength"], responses)
    context.result(results)
