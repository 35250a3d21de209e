"""Shows the maps of a network's layers for single images, before and after the ReLU."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.drawing.heat import signed_heat
from engine.drawing.tiles import tile
from engine.errors import InvalidHyperparameters
from engine.experiments.earlier import load_network
from engine.experiments.inspect.activation import NoClassActivation
from engine.experiments.subjects import batch_size, open_images
from engine.networks.cuts import Sectioned
from engine.plots import Tiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.authoring import Context
    from engine.experiments.inspect.declarations import FeatureMapsHyperparameters
    from engine.networks.places import Cut


def run(hyperparameters: FeatureMapsHyperparameters, context: Context) -> None:
    """Log the chosen maps of the chosen layers for every image, and statistics of each channel over all of them."""
    backbone = load_network(hyperparameters.model, context).fixed()
    subjects = open_images(hyperparameters.images, backbone.preprocessing.resized(hyperparameters.resize), context)
    sectioned = Sectioned(backbone.network, backbone.shape)
    layers = layers_of(sectioned, hyperparameters.layers)
    places = {layer: around_relu(sectioned, layer, hyperparameters.relu) for layer in layers}
    chosen = {layer: channels_of(hyperparameters.channels, layer.shape[0], context.generator) for layer in layers}
    ends = list(dict.fromkeys(cut for own in places.values() for cut in own))
    statistics = {cut: ChannelStatistics(cut.shape[0]) for cut in ends}
    maps: dict[Cut, Tensor] = {}

    def take(cut: Cut, values: Tensor) -> None:
        maps[cut] = values.float().cpu()
        statistics[cut].add(maps[cut])

    batch = batch_size(context.device)
    batches = subjects.batches(batch, torch.device("cpu"))
    for _step, (part, images) in zip(context.steps(-(-len(subjects) // batch), unit="batch"), batches, strict=True):
        with torch.inference_mode():
            sectioned.run(ends, backbone.preprocessing.standardised(images.to(context.device)), take)
        for row, name in enumerate(subjects.names[part]):
            for layer in layers:
                own = {cut: maps[cut][row, chosen[layer]] for cut in places[layer]}
                plot = _tiles(images[row], name, own, chosen[layer], one_scale=hyperparameters.scale == "layer")
                context.plot(layer.name, plot, part.start + row + 1)
    rows = [row for cut in ends for row in statistics[cut].rows(cut.name)]
    context.table("channels", ["layer", "channel", "mean", "largest", "share active"], rows)
    silent = sum(statistics[places[layer][-1]].silent for layer in layers)
    context.result({"images/number": len(subjects), "channels/silent": silent})


class ChannelStatistics:
    """Activations of each channel of a layer over all images and places, summed up batch by batch."""

    def __init__(self, channels: int) -> None:
        self._images = 0
        self._mean = torch.zeros(channels, dtype=torch.float64)
        self._active = torch.zeros(channels, dtype=torch.float64)
        self._largest = torch.full((channels,), -torch.inf)

    def add(self, maps: Tensor) -> None:
        """Take in maps ``[N, C, H, W]``."""
        self._images += len(maps)
        self._mean += maps.double().mean((2, 3)).sum(0)
        self._active += (maps > 0).double().mean((2, 3)).sum(0)
        self._largest = torch.maximum(self._largest, maps.amax((0, 2, 3)))

    @property
    def silent(self) -> int:
        """How many channels are never above 0."""
        return int((self._largest <= 0).sum())

    def rows(self, layer: str) -> list[list[object]]:
        """Return a row for each channel: layer, number, mean, largest value, share of places above 0."""
        figures = (self._mean / self._images, self._largest, self._active / self._images)
        return [
            [layer, number, round(mean, 5), round(largest, 5), round(share, 4)]
            for number, (mean, largest, share) in enumerate(zip(*(own.tolist() for own in figures), strict=True))
        ]


def layers_of(sectioned: Sectioned, text: str) -> list[Cut]:
    """Return the layers that are named, several separated by commas; the first convolution where none is.

    Raises:
        UnknownCut: if there is none of that name, with the nearest.
        NoClassActivation: if one gives no maps.
    """
    maps = [cut for cut in sectioned.cuts if cut.spatial]
    if not text.strip(" ,"):
        return maps[:1]
    if text.strip() == "all":
        return maps
    layers = [sectioned.find(name) for name in re.split(r",(?![^\[]*\])", text) if name.strip()]
    for layer in layers:
        if not layer.spatial:
            raise NoClassActivation(f"{layer.name} gives {list(layer.shape)} and no maps: name a convolutional layer")
    return list(dict.fromkeys(layers))


def around_relu(sectioned: Sectioned, layer: Cut, which: str) -> list[Cut]:
    """Return a layer's place before and after its ReLU, as far as it has one and as they are wanted."""
    before, after = sectioned.around_relu(layer)
    if before == after:
        return [layer]
    wanted = {"before": [before], "after": [after], "both": [before, after]}[which]
    return list(dict.fromkeys(wanted))


def channels_of(text: str, count: int, generator: torch.Generator) -> list[int]:
    """Return the channels that are meant: ``0-15``, ``3,7``, ``all`` or ``random:16``, sorted.

    Raises:
        InvalidHyperparameters: if there is none of a number, or the text is something else.
    """
    text = text.strip()
    if text == "all":
        return list(range(count))
    if drawn := re.fullmatch(r"random:(\d+)", text):
        order = torch.randperm(count, generator=generator, device=generator.device)
        return sorted(order[: int(drawn[1])].tolist())
    numbers: list[int] = []
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", text):
        numbers += range(int(first), int(last or first) + 1)
        # The default reaches beyond small layers; a channel that is named alone must be there.
        if not last and int(first) >= count:
            raise InvalidHyperparameters({"channels": f"there is no channel {first}: they are 0 to {count - 1}"})
    kept = sorted({number for number in numbers if number < count})
    if not kept:
        raise InvalidHyperparameters(
            {"channels": f"none of {text} is there: the layer's channels are 0 to {count - 1}"}
        )
    return kept


def _tiles(image: Tensor, name: str, maps: dict[Cut, Tensor], numbers: Sequence[int], *, one_scale: bool) -> Tiles:
    """Return the image, and after it the maps ``[C, H, W]`` of each place with the numbers of their channels.

    What stands before and after a ReLU has one scale, so that both can be compared.
    """
    top = torch.stack([values.abs().amax((1, 2)) for values in maps.values()]).amax(0)
    top = top.amax().expand_as(top) if one_scale else top
    shapes = (f"{cut.name} {' x '.join(map(str, cut.shape))}" for cut in maps)
    pictures, captions = [tile(image)], [(name, *shapes)]
    for cut, values in maps.items():
        pictures += [tile(coloured) for coloured in signed_heat(values, top)]
        captions += [(f"{cut.name} {number}",) for number in numbers]
    return Tiles(tuple(pictures), tuple(captions))
