"""Draws what lies between the samples of a trained generator (Radford et al. 2016, section 6.1; White 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from engine.datasets.pictures import image_grid
from engine.datasets.sources import classes_of
from engine.errors import DataUnavailable
from engine.experiments.generate.latent import fixed_noise, one_hot
from engine.experiments.generate.players import generator_of, is_conditional
from engine.experiments.generate.quality import samples_of
from engine.experiments.speed import chosen_speed
from engine.families import experiment
from engine.networks.backbones import fit_weights
from engine.tensors.checkpoints import load_module

if TYPE_CHECKING:
    from torch import Tensor

    from engine.control.context import Context
    from engine.experiments.generate.declarations import InterpolateHyperparameters

PATHS = ("linear", "spherical")


def run(hyperparameters: InterpolateHyperparameters, context: Context) -> None:
    """Draw paths between latent vectors; of a conditional generator also classes by noise and paths between classes."""
    device, points, paths = context.device, hyperparameters.points, hyperparameters.paths
    earlier = context.earlier(hyperparameters.model.removeprefix("run:"))
    record, saved = earlier.record(), earlier.last_checkpoint()
    if saved is None:
        raise DataUnavailable(f"run {earlier.id} has saved no generator")
    trained = experiment(record.experiment).validate(record.hyperparameters)
    classes = len(classes_of(trained.dataset))
    generator = generator_of(trained, classes)
    fit_weights(generator, load_module(earlier.path / saved.file, "generator"), hyperparameters.model)
    speed = chosen_speed(device, "float32", "auto")
    generator = speed.lay_out(generator.to(device))
    conditional = is_conditional(trained)
    kinds = PATHS if hyperparameters.path == "both" else (hyperparameters.path,)
    ends = fixed_noise(2 * paths, trained.nz, context.seed).to(device).view(2, paths, 1, trained.nz)
    shares = torch.linspace(0, 1, points, device=device).view(1, points, 1)
    # In each row of paths one class, so that nothing but the noise changes along it.
    rows = torch.arange(paths, device=device) % classes

    for _ in context.steps(1):
        for kind in kinds:
            between = linear(*ends, shares) if kind == "linear" else spherical(*ends, shares)
            told = [one_hot(rows.repeat_interleave(points), classes)] if conditional else []
            images = samples_of(generator, between.flatten(0, 1), *told, speed=speed)
            context.image(kind, image_grid(images, columns=points), 1)
            context.result({f"{kind}/evenness": evenness(images.view(paths, points, -1))})
        if conditional:
            every = torch.arange(classes, device=device)
            by_class = samples_of(
                generator,
                ends[0].expand(-1, classes, -1).flatten(0, 1),
                one_hot(every.repeat(paths), classes),
                speed=speed,
            )
            context.image("class by noise", image_grid(by_class, columns=classes), 1)
            following = linear(one_hot(every, classes)[:, None], one_hot(every.roll(-1), classes)[:, None], shares)
            noise = ends[0, :1].expand(classes, points, -1)
            images = samples_of(generator, noise.flatten(0, 1), following.flatten(0, 1), speed=speed)
            context.image("between classes", image_grid(images, columns=points), 1)


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

    Gaussian vectors lie near a sphere, which chords leave. Where both point the same way, or against each other, or
    vectors have a single element, there is no arc, and it is the chord.
    """
    cosine = torch.nn.functional.cosine_similarity(first, second, dim=-1, eps=1e-12)[..., None].clamp(-1, 1)
    angle = torch.acos(cosine)
    sine = torch.sin(angle)
    flat = sine < 1e-4
    sine = torch.where(flat, 1.0, sine)
    arc = (torch.sin((1 - shares) * angle) * first + torch.sin(shares * angle) * second) / sine
    return torch.where(flat, linear(first, second, shares), arc)


def evenness(paths: Tensor) -> float:
    """Return how evenly images ``[N, points, D]`` change along their paths: the smallest step over the mean one.

    0 where a path stands still somewhere, 1 where every step changes the image as much.
    """
    steps = paths.diff(dim=1).norm(dim=2)
    return float((steps.min(1).values / steps.mean(1).clamp(min=1e-12)).mean())
