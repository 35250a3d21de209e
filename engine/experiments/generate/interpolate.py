"""Draws images between the samples of a trained generator (Radford et al. 2016, section 6.1; White 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch

from engine.datasets.loading import load_splits
from engine.datasets.sources import classes_of
from engine.drawing.grids import image_grid
from engine.experiments.earlier import restore, trained_by
from engine.experiments.generate import gan
from engine.experiments.generate.declarations import EMBEDDED, CdcganHyperparameters
from engine.experiments.generate.latent import fixed_noise, one_hot
from engine.experiments.generate.players import channels_of, generator_of, is_conditional
from engine.experiments.generate.quality import samples_of
from engine.experiments.speed import chosen_speed

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.authoring import Context
    from engine.experiments.generate.declarations import GanHyperparameters, InterpolateHyperparameters

PATHS = ("linear", "spherical")
SMALLEST_SINE = 1e-3
"""Of the angle between two vectors; below it they count as parallel."""
EMBEDDED_STEPS = 300
"""Steps of the embedded generator: a conditional DCGAN on the digits, trained within the run in half a minute."""


def run(hyperparameters: InterpolateHyperparameters, context: Context) -> None:
    """Draw paths between the samples of a generator."""
    if hyperparameters.model == EMBEDDED:
        trained: GanHyperparameters = CdcganHyperparameters(steps=EMBEDDED_STEPS, quality=0)
        data = load_splits(trained.dataset, int(trained.size), channels_of(trained), context)
        generator, _ = gan.train_networks(trained, data.train, context)
    else:
        trained, generator = earlier_generator(hyperparameters.model, context)
        for _ in context.steps(1):
            pass
    draw(hyperparameters, trained, generator.to(context.device), context)


def earlier_generator(model: str, context: Context) -> tuple[GanHyperparameters, nn.Module]:
    """Return the generator of an earlier run and the hyperparameters it was trained with.

    Raises:
        DataUnavailable: if its files are gone.
    """
    trained = cast("GanHyperparameters", trained_by(model, context)[1])
    generator = generator_of(trained, classes_in(trained))
    restore(generator, model, "generator", context)
    return trained, generator


def classes_in(trained: GanHyperparameters) -> int:
    """Return how many classes a generator takes, 0 if it is not conditional."""
    return len(classes_of(trained.dataset)) if is_conditional(trained) else 0


def draw(
    hyperparameters: InterpolateHyperparameters, trained: GanHyperparameters, generator: nn.Module, context: Context
) -> None:
    """Log paths between latent vectors; of a conditional generator also classes by noise and paths between classes."""
    device, points, paths, step = context.device, hyperparameters.points, hyperparameters.paths, context.total
    classes, speed = classes_in(trained), chosen_speed(device, "float32", "auto")
    generator = speed.lay_out(generator)
    first, second = fixed_noise(2 * paths, trained.nz, context.seed).to(device).view(2, paths, 1, trained.nz)
    shares = torch.linspace(0, 1, points, device=device).view(1, points, 1)
    # Each path has one class, so that only the noise changes along it.
    rows = torch.arange(paths, device=device) % max(1, classes)
    for kind in PATHS if hyperparameters.path == "both" else (hyperparameters.path,):
        between = linear(first, second, shares) if kind == "linear" else spherical(first, second, shares)
        one_hot_labels = [one_hot(rows.repeat_interleave(points), classes)] if classes else []
        images = samples_of(generator, between.flatten(0, 1), *one_hot_labels, speed=speed)
        context.image(kind, image_grid(images, columns=points), step)
        context.result({f"{kind}/evenness": evenness(images.view(paths, points, -1))})
    if not classes:
        return
    every = torch.arange(classes, device=device)
    latent = first.expand(-1, classes, -1).flatten(0, 1)
    by_class = samples_of(generator, latent, one_hot(every.repeat(paths), classes), speed=speed)
    context.image("class by noise", image_grid(by_class, columns=classes), step)
    following = linear(one_hot(every, classes)[:, None], one_hot(every.roll(-1), classes)[:, None], shares)
    latent = first[:1].expand(classes, points, -1).flatten(0, 1)
    images = samples_of(generator, latent, following.flatten(0, 1), speed=speed)
    context.image("between classes", image_grid(images, columns=points), step)


def linear(first: Tensor, second: Tensor, shares: Tensor) -> Tensor:
    """Return the points of the chords between vectors, ``[N, points, D]``.

    Args:
        first: ``[N, 1, D]``.
        second: ``[N, 1, D]``.
        shares: ``[1, points, 1]``, from 0 at the first to 1 at the second.
    """
    return (1 - shares) * first + shares * second


def spherical(first: Tensor, second: Tensor, shares: Tensor) -> Tensor:
    """Return the points of the arcs between vectors (Shoemake 1985; White 2016, arXiv:1609.04468), as :func:`linear`.

    Directions follow the great circle and lengths change evenly, so that no point is longer than both ends. Gaussian
    vectors lie near a sphere; chords leave it. Parallel vectors have no unique arc and get the chord.
    """
    lengths = first.norm(dim=-1, keepdim=True), second.norm(dim=-1, keepdim=True)
    one, other = first.double() / lengths[0].clamp(min=1e-12), second.double() / lengths[1].clamp(min=1e-12)
    angle = torch.acos((one * other).sum(-1, keepdim=True).clamp(-1, 1))
    sine = torch.sin(angle)
    parallel = sine < SMALLEST_SINE
    part = shares.double()
    direction = torch.sin((1 - part) * angle) * one + torch.sin(part * angle) * other
    arc = direction / torch.where(parallel, 1.0, sine) * linear(*lengths, shares)
    return torch.where(parallel, linear(first, second, shares), arc.to(first.dtype))


def evenness(paths: Tensor) -> float:
    """Return how evenly images ``[N, points, D]`` change along their paths: the smallest step divided by the mean step.

    It is 0 if two neighbours on each path are the same, and 1 if all steps change the image equally.
    """
    steps = paths.diff(dim=1).norm(dim=2)
    return float((steps.min(1).values / steps.mean(1).clamp(min=1e-12)).mean())
