"""Gradient ascent on the input: images that maximise a class or a unit anywhere in a network.

Several are made as one batch, each from its own noise and with its own shifts, so that each is what it would be alone.
Simonyan, Vedaldi & Zisserman 2014; jitter, blur and clamping as in RDFIA practical 3-b, after Yosinski et al. 2015.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.drawing.tiles import tile
from engine.errors import InvalidHyperparameters
from engine.experiments.hyperparameters import FULL_SIZE
from engine.experiments.inspect.blur import blurred
from engine.experiments.speed import autocast, uses_bf16
from engine.experiments.subjects import open_images, probabilities
from engine.plots import Tiles
from engine.tensors.pixels import eight_bit

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.datasets.photographs import Preprocessing
    from engine.experiments.inspect.declarations import AscentHyperparameters
    from engine.networks.backbones import Backbone

Scores = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From inputs ``[N, C, H, W]`` to what is maximised, ``[N]``, and the logits ``[N, classes]``."""


@dataclass
class Ascent:
    """Images under gradient ascent.

    Attributes:
        inputs: as the network takes them, ``[N, C, S, S]``.
        scores: gives what is maximised.
        preprocessing: defines which values are valid pixels.
        chosen: learning rate, penalties and the like.
        keys: one for each image, from which its noise and its shifts are drawn.
        bf16: whether the network computes in bfloat16.
    """

    inputs: Tensor
    scores: Scores
    preprocessing: Preprocessing
    chosen: AscentHyperparameters
    keys: Sequence[str]
    bf16: bool = False

    def step(self, number: int) -> tuple[Tensor, Tensor]:
        """Take one step; return the scores ``[N]`` and the logits ``[N, classes]`` of the images before it."""
        chosen = self.chosen
        shifts = [self._shift(key, number) for key in self.keys]
        images = _rolled(self.inputs, shifts).detach().requires_grad_()
        with autocast(images.device, bf16=self.bf16):
            scores, logits = self.scores(images)
        scores = scores.float()
        # Learning rate and penalty are meant for inputs of 224 pixels a side: others step and shrink in proportion.
        scale = images.shape[-1] / FULL_SIZE
        penalty = chosen.l2 / scale**2 * images.square().sum((1, 2, 3)) + chosen.tv * total_variation(images)
        (slope,) = torch.autograd.grad((scores - penalty).sum(), images)
        if chosen.step == "normalised":
            slope = slope / slope.flatten(1).norm(dim=1).clamp(min=1e-12).view(-1, 1, 1, 1) / scale
        images = _rolled(images.detach() + chosen.lr * scale**2 * slope, [(-y, -x) for y, x in shifts])
        images = self._valid(images)
        if chosen.blur_every and number % chosen.blur_every == 0:
            images = blurred(images, chosen.blur_sigma)
        self.inputs = images
        return scores.detach(), logits.detach().float()

    def pictures(self) -> Tensor:
        """Return the images as they are now, ``[N, C, S, S]`` in [0, 1]."""
        mean, std = self._scaling()
        return (self.inputs * std + mean).clamp(0, 1)

    @torch.no_grad()
    def final_scores(self) -> tuple[Tensor, Tensor]:
        """Return scores ``[N]`` and logits ``[N, classes]`` of the images as they are saved: 8 bits, not shifted."""
        scores, logits = self.scores(self.preprocessing.standardised(eight_bit(self.pictures())))
        return scores.float(), logits.float()

    def _shift(self, key: str, step: int) -> tuple[int, int]:
        most = round(self.chosen.jitter * self.inputs.shape[-1] / FULL_SIZE)
        draw = random.Random(f"{key}/{step}")
        return draw.randint(-most, most), draw.randint(-most, most)

    def _valid(self, images: Tensor) -> Tensor:
        """Clamp to values that are pixels."""
        mean, std = self._scaling()
        return torch.clamp(images, -mean / std, (1 - mean) / std)

    def _scaling(self) -> tuple[Tensor, Tensor]:
        """Return what inputs are multiplied with and added to, to be pixels: mean and deviation, ``[1, C, 1, 1]``."""
        mean, std = self.preprocessing.mean, self.preprocessing.std
        return self.inputs.new_tensor(mean).view(1, -1, 1, 1), self.inputs.new_tensor(std).view(1, -1, 1, 1)


def _rolled(images: Tensor, shifts: Sequence[tuple[int, int]]) -> Tensor:
    """Shift each image ``(down, right)``; what leaves at one side comes in at the other."""
    moved = [torch.roll(image, shift, (1, 2)) for image, shift in zip(images, shifts, strict=True)]
    return torch.stack(moved).contiguous(memory_format=_layout(images))


def _layout(images: Tensor) -> torch.memory_format:
    return torch.channels_last if images.shape[1] == 3 else torch.contiguous_format


def total_variation(images: Tensor) -> Tensor:
    """Return the squared differences of neighbours, summed and divided by the number of values, ``[N]``."""
    down, right = images.diff(dim=2), images.diff(dim=3)
    return (down.square().sum((1, 2, 3)) + right.square().sum((1, 2, 3))) / images[0].numel()


def start(
    chosen: AscentHyperparameters, backbone: Backbone, keys: Sequence[str], context: Context, *, deviation: float
) -> Tensor:
    """Return the inputs to begin with, ``[N, C, S, S]``: normal noise, or the image that is named.

    Raises:
        InvalidHyperparameters: if several images are named.
    """
    if chosen.start:
        found = open_images(chosen.start, backbone.preprocessing.resized("squash"), context, refuse=True)
        if len(found) not in {1, len(keys)}:
            raise InvalidHyperparameters(
                {"start": f"{len(found)} images are named for {len(keys)} to be made: name one, or one for each"}
            )
        pixels = found.pixels.to(context.device).expand(len(keys), -1, -1, -1)
        return backbone.preprocessing.normalised(pixels)
    drawn = [torch.randn(backbone.shape, generator=torch.Generator().manual_seed(_number(key))) for key in keys]
    noise = (deviation * torch.stack(drawn)).to(context.device)
    return noise.contiguous(memory_format=_layout(noise))


def _number(key: str) -> int:
    return random.Random(key).getrandbits(62)


def climb(ascent: Ascent, names: Sequence[str], targets: Tensor | None, context: Context) -> Tensor:
    """Take all steps, show the images on their way, and return the switching steps, ``[N]``.

    The switching step is the first, counted from 1, at which the network takes an image for its class, shifted as it
    sees it in that step; 0 if it never does.

    Args:
        ascent: where it begins.
        names: of the images, for their pictures and curves.
        targets: class numbers ``[N]``; None where no class is meant.
        context: logs and saves.
    """
    chosen = ascent.chosen
    switched = torch.zeros(len(names), device=ascent.inputs.device)
    context.restore(tensors={"inputs": ascent.inputs, "switched": switched})
    for step in context.steps(chosen.steps):
        scores, logits = ascent.step(step)
        values = {f"{name}/score": score for name, score in zip(names, scores, strict=True)}
        if targets is not None:
            there = logits.argmax(1) == targets
            switched = torch.where((switched == 0) & there, torch.full_like(switched, step), switched)
            sure = probabilities(logits, targets)
            values |= {f"{name}/probability": share for name, share in zip(names, sure, strict=True)}
        context.log(step, values)
        if step == 1 or step % chosen.show_every == 0 or step == chosen.steps:
            _show(ascent, names, targets, step, context)
        context.checkpoint(step, tensors={"inputs": ascent.inputs, "switched": switched})
    return switched


def _show(ascent: Ascent, names: Sequence[str], targets: Tensor | None, step: int, context: Context) -> None:
    """Log the images as they are now, each with its score or probability, and all of them as one plot."""
    scores, logits = ascent.final_scores()
    if targets is None:
        figures = [f"score {score:.3g}" for score in scores.tolist()]
    else:
        figures = [f"{share:.2f}" for share in probabilities(logits, targets).tolist()]
    pictures = ascent.pictures().cpu()
    if len(names) > 1:
        captions = tuple((name, f"{figure}, step {step:,}") for name, figure in zip(names, figures, strict=True))
        context.plot("overview", Tiles(tuple(map(tile, pictures)), captions), step)
    for name, figure, picture in zip(names, figures, pictures, strict=True):
        context.image(name, picture, step, f"{name} {figure}")


def chosen_bf16(chosen: AscentHyperparameters, backbone: Backbone, context: Context) -> bool:
    """Return whether to compute in bf16; it gains nothing for the small networks of grey images."""
    return uses_bf16(chosen.precision, context.device, pays=backbone.preprocessing.channels == 3)
