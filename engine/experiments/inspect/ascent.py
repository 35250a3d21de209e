"""Gradient ascent on the input: images that maximise a class or a unit anywhere in a network.

Several are made as one batch, each from its own noise and with its own shifts. The ascent is chaotic: rounding, which
differs with the batch and the number format, moves it by many steps, as another draw of the noise does.
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
from engine.experiments.subjects import batch_size, open_images, probabilities
from engine.plots import Tiles
from engine.tensors.devices import constants
from engine.tensors.pixels import eight_bit

if TYPE_CHECKING:
    from engine.authoring import Context
    from engine.datasets.photographs import Preprocessing
    from engine.experiments.inspect.declarations import AscentHyperparameters
    from engine.networks.backbones import Backbone

Scores = Callable[[Tensor, slice], tuple[Tensor, Tensor]]
"""From inputs ``[N, C, H, W]`` and where they stand among all to what is maximised, ``[N]``, and logits ``[N, K]``."""


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
        images = _rolled(self.inputs, shifts).detach()
        # Learning rate and penalty are meant for inputs of 224 pixels a side: others step and shrink in proportion.
        scale = images.shape[-1] / FULL_SIZE
        found = [self._slope(images[part], part, scale) for part in self._parts()]
        slope, scores, logits = (torch.cat(parts) for parts in zip(*found, strict=True))
        if chosen.step == "normalised":
            slope = slope / slope.flatten(1).norm(dim=1).clamp(min=1e-12).view(-1, 1, 1, 1) / scale
        images = _rolled(images + chosen.lr * scale**2 * slope, [(-y, -x) for y, x in shifts])
        images = self._valid(images)
        if chosen.blur_every and number % chosen.blur_every == 0:
            images = blurred(images, chosen.blur_sigma)
        self.inputs = images
        return scores, logits

    def _parts(self) -> list[slice]:
        """Return where the batches stand in which the network sees the images."""
        size = batch_size(self.inputs.device)
        return [slice(first, first + size) for first in range(0, len(self.inputs), size)]

    def _slope(self, images: Tensor, part: slice, scale: float) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradient of score less penalty, ``[N, C, S, S]``, the scores ``[N]`` and the logits ``[N, K]``."""
        images.requires_grad_()
        with autocast(images.device, bf16=self.bf16):
            scores, logits = self.scores(images, part)
        scores = scores.float()
        penalty = self.chosen.l2 / scale**2 * images.square().sum((1, 2, 3))
        penalty = penalty + self.chosen.tv * total_variation(images)
        (slope,) = torch.autograd.grad((scores - penalty).sum(), images)
        return slope, scores.detach(), logits.detach().float()

    def pictures(self) -> Tensor:
        """Return the images as they are now, ``[N, C, S, S]`` in [0, 1]."""
        mean, std = self._scaling()
        return (self.inputs * std + mean).clamp(0, 1)

    @torch.no_grad()
    def final_scores(self) -> tuple[Tensor, Tensor]:
        """Return scores ``[N]`` and logits ``[N, classes]`` of the images as they are saved: 8 bits, not shifted."""
        inputs = self.preprocessing.standardised(eight_bit(self.pictures()))
        found = [self.scores(inputs[part], part) for part in self._parts()]
        scores, logits = (torch.cat(parts).float() for parts in zip(*found, strict=True))
        return scores, logits

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
        mean, std = (
            constants(values, self.inputs.device) for values in (self.preprocessing.mean, self.preprocessing.std)
        )
        return mean.view(1, -1, 1, 1), std.view(1, -1, 1, 1)


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
    chosen: AscentHyperparameters, backbone: Backbone, keys: Sequence[str], context: Context, subjects: int = 0
) -> Tensor:
    """Return the inputs to begin with, ``[N, C, S, S]``: normal noise, or the images that are named.

    Args:
        chosen: the images, or the standard deviation of the noise.
        backbone: takes the inputs.
        keys: one for each image, those of the same subject together.
        context: of the run.
        subjects: how many there are; 0 for as many as images.

    Raises:
        InvalidHyperparameters: if neither one image is named nor one for each subject.
    """
    subjects = subjects or len(keys)
    if chosen.start:
        found = open_images(chosen.start, backbone.preprocessing.resized("squash"), context, refuse=True)
        if len(found) not in {1, subjects}:
            raise InvalidHyperparameters(
                {"start": f"{len(found)} images are named for {subjects} to be made: name one, or one for each"}
            )
        pixels = found.pixels.to(context.device).repeat_interleave(len(keys) // len(found), 0)
        return backbone.preprocessing.normalised(pixels)
    drawn = [torch.randn(backbone.shape, generator=torch.Generator().manual_seed(_number(key))) for key in keys]
    noise = (chosen.noise * torch.stack(drawn)).to(context.device)
    return noise.contiguous(memory_format=_layout(noise))


def _number(key: str) -> int:
    return random.Random(key).getrandbits(62)


@dataclass(frozen=True, slots=True)
class Switches:
    """When the network began to take each image for its class, counted in steps from 1; 0 where it did not.

    The image is seen as in that step: shifted, and in the number format of the run.

    Attributes:
        first: the first step in which it does, ``[N]``.
        stays: the step from which on it does in every one, ``[N]``.
    """

    first: Tensor
    stays: Tensor

    def after(self, step: int, there: Tensor) -> Switches:
        """Return them after one more step; ``there`` says which images are taken for their class, bool ``[N]``."""
        first, stays = (torch.where((steps == 0) & there, step, steps) for steps in (self.first, self.stays))
        return Switches(first, torch.where(there, stays, 0.0))


def climb(ascent: Ascent, names: Sequence[str], targets: Tensor | None, context: Context) -> Switches:
    """Take all steps, show the images on their way, and return when they switched.

    Args:
        ascent: where it begins; as many images for each name, next to each other.
        names: of what is maximised. Their curves are medians over their images, their pictures the first of those.
        targets: class numbers ``[N]``; None where no class is meant.
        context: logs and saves.
    """
    chosen = ascent.chosen
    none = torch.zeros(len(ascent.keys), device=ascent.inputs.device)
    state = {"inputs": ascent.inputs, "switched": none, "stays": none.clone()}
    context.restore(tensors=state)
    switches = Switches(state["switched"], state["stays"])
    for step in context.steps(chosen.steps):
        scores, logits = ascent.step(step)
        values = {f"{name}/score": score for name, score in zip(names, _medians(scores, names), strict=True)}
        if targets is not None:
            switches = switches.after(step, logits.argmax(1) == targets)
            sure = _medians(probabilities(logits, targets), names)
            values |= {f"{name}/probability": share for name, share in zip(names, sure, strict=True)}
        context.log(step, values)
        if step == 1 or step % chosen.show_every == 0 or step == chosen.steps:
            _show(ascent, names, targets, step, context)
        state = {"inputs": ascent.inputs, "switched": switches.first, "stays": switches.stays}
        context.checkpoint(step, tensors=state)
    return switches


def _medians(values: Tensor, names: Sequence[str]) -> Tensor:
    """Return the median of the values ``[N]`` of each name."""
    return values.view(len(names), -1).quantile(0.5, dim=1)


def _show(ascent: Ascent, names: Sequence[str], targets: Tensor | None, step: int, context: Context) -> None:
    """Log the first image of each name with its score or probability, and all images as one plot."""
    scores, logits = ascent.final_scores()
    if targets is None:
        figures = [f"score {score:.3g}" for score in scores.tolist()]
    else:
        figures = [f"{share:.2f}" for share in probabilities(logits, targets).tolist()]
    pictures, each = ascent.pictures().cpu(), len(ascent.keys) // len(names)
    if len(pictures) > 1:
        captions = tuple((names[index // each], f"{figure}, step {step:,}") for index, figure in enumerate(figures))
        context.plot("overview", Tiles(tuple(map(tile, pictures)), captions, columns=each if each > 1 else 0), step)
    for name, figure, picture in zip(names, figures[::each], pictures[::each], strict=True):
        context.image(name, picture, step, f"{name} {figure}")


def chosen_bf16(chosen: AscentHyperparameters, backbone: Backbone, context: Context) -> bool:
    """Return whether to compute in bf16; it gains nothing for the small networks of grey images."""
    return uses_bf16(chosen.precision, context.device, pays=backbone.preprocessing.channels == 3)
