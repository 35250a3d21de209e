"""Shows the maps of a network's layers for single images, before and after the ReLU."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.errors import InvalidHyperparameters
from engine.experiments.inspect.activation import NoClassActivation
from engine.experiments.pictures import beside, captioned_grid, resized, signed_heat, stacked
from engine.experiments.subjects import batch_size, open_images
from engine.networks import backbones
from engine.networks.cuts import Cut, Sectioned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.control.context import Context
    from engine.experiments.inspect.declarations import FeatureMapsHyperparameters

MAP = 72
"""Pixels: the side of a map in the picture, at least."""
MOST_COLUMNS = 8


def run(hyperparameters: FeatureMapsHyperparameters, context: Context) -> None:
    """Log the chosen maps of the chosen layers for every image, and what each channel answers on the whole."""
    backbone = backbones.load(hyperparameters.model, context).fixed()
    subjects = open_images(hyperparameters.images, backbone.preprocessing.resized(hyperparameters.resize), context)
    sectioned = Sectioned(backbone.network, backbone.shape)
    layers = layers_of(sectioned, hyperparameters.layers)
    places = {layer.node: around_relu(sectioned, layer, hyperparameters.relu) for layer in layers}
    chosen = {layer.node: channels_of(hyperparameters.channels, layer.shape[0], context.generator) for layer in layers}
    ends = list({cut.node: cut for own in places.values() for cut in own}.values())
    taken: dict[str, list[Tensor]] = {cut.node: [] for cut in ends}

    def take(cut: Cut, values: Tensor) -> None:
        taken[cut.node].append(values.detach().float().cpu())

    batch = batch_size(context.device)
    batches = list(subjects.batches(batch, context.device))
    for step, (_, images) in zip(context.steps(len(batches), unit="batch"), batches, strict=True):
        with torch.inference_mode():
            sectioned.run(ends, backbone.preprocessing.standardised(images), take)
        context.log(step, {"images/done": min(step * batch, len(subjects))})
    maps = {node: torch.cat(values) for node, values in taken.items()}
    pictures = subjects.pixels.float() / 255
    for index, name in enumerate(subjects.names):
        for layer in layers:
            numbers = chosen[layer.node]
            own = {cut: maps[cut.node][index, numbers] for cut in places[layer.node]}
            # What stands before and after the ReLU has one scale, so that they can be compared.
            top = torch.stack([values.abs().amax((1, 2)) for values in own.values()]).amax(0)
            top = top if hyperparameters.scale == "map" else top.amax().expand_as(top)
            sheets = [_sheet(values, numbers, cut, top) for cut, values in own.items()]
            context.image(layer.name, stacked([beside([pictures[index]], [[name]]), *sheets]), index + 1, name)
    context.table("channels", ["layer", "channel", "mean", "largest", "share active"], _rows(maps, places, layers))
    silent = sum(int((maps[layer.node].amax((0, 2, 3)) <= 0).sum()) for layer in layers)
    context.result({"images/number": len(subjects), "channels/silent": silent})


def layers_of(sectioned: Sectioned, text: str) -> list[Cut]:
    """Return the layers that are named, several separated by commas; the first convolution where none is.

    Raises:
        UnknownCut: if there is none of that name, with the nearest.
        NoClassActivation: if one gives no maps.
    """
    maps = [cut for cut in sectioned.cuts if cut.spatial]
    if not text.strip():
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
    wanted = {"before": [before], "after": [after], "both": [before, after]}[which]
    return list(dict.fromkeys(wanted))


def channels_of(text: str, count: int, generator: torch.Generator) -> list[int]:
    """Return the channels that are meant: ``0-15``, ``3,7``, ``all`` or ``random:16``, sorted.

    Raises:
        InvalidHyperparameters: if there is none of a number, or the text is something else.
    """
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


def _sheet(maps: Tensor, numbers: Sequence[int], cut: Cut, top: Tensor) -> Tensor:
    """Draw maps ``[C, H, W]`` under their numbers, scaled by ``top``, ``[C]``."""
    tiles = [resized(tile, min(max(maps.shape[-1], MAP), 2 * MAP)) for tile in signed_heat(maps, top)]
    grid = captioned_grid(torch.stack(tiles), [[str(number)] for number in numbers], columns=MOST_COLUMNS)
    return beside([grid], [[f"{cut.name}  {' x '.join(map(str, cut.shape))}"]], side=max(grid.shape[-2:]))


def _rows(maps: dict[str, Tensor], places: dict[str, list[Cut]], layers: list[Cut]) -> list[list[object]]:
    rows: list[list[object]] = []
    for layer in layers:
        for cut in places[layer.node]:
            values = maps[cut.node]
            figures = values.mean((0, 2, 3)), values.amax((0, 2, 3)), (values > 0).float().mean((0, 2, 3))
            for channel, (mean, largest, share) in enumerate(zip(*(own.tolist() for own in figures), strict=True)):
                rows.append([cut.name, channel, round(mean, 5), round(largest, 5), round(share, 4)])
    return rows
