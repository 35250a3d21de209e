"""Trains a generator against a discriminator (Goodfellow et al. 2014, arXiv:1406.2661), with or without the class.

The networks are those of Radford, Metz & Chintala 2016 (arXiv:1511.06434), their conditional form, or dense ones after
Mirza & Osindero 2014 (arXiv:1411.1784).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from engine.datasets.feeding import Feed
from engine.datasets.images import drawn, signed_range, unit_range
from engine.datasets.loading import load_splits
from engine.datasets.sampling import EpochSampler
from engine.drawing.grids import image_grid
from engine.experiments.generate import fidelity, quality
from engine.experiments.generate.collapse import CollapseWatch
from engine.experiments.generate.latent import columns, fixed_labels, fixed_noise, one_hot
from engine.experiments.generate.players import (
    channels_of,
    discriminator_of,
    generator_of,
    has_conditional_discriminator,
    is_conditional,
)
from engine.experiments.speed import chosen_speed

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.authoring import Context
    from engine.datasets.images import ImageSet
    from engine.experiments.capture import Step
    from engine.experiments.generate.declarations import GanHyperparameters
    from engine.experiments.speed import Speed
    from engine.tensors.checkpoints import State

FIGURES = (
    *("generator/loss", "discriminator/loss", "discriminator/real", "discriminator/fake"),
    *("generator/gradient", "discriminator/gradient"),
)
"""What is logged at every step: both losses in nats, D(x) and D(G(z)) in [0, 1], the lengths of both gradients."""
BETA2 = 0.999
"""Adam's decay of squared gradients; that of gradients is a hyperparameter."""
MEASURED = 400
"""Real images whose diversity samples are compared with, at most."""


def train(hyperparameters: GanHyperparameters, context: Context) -> None:
    """Train both networks, then measure the quality of the generator's samples."""
    if hyperparameters.fidelity:
        fidelity.require_weights()
    data = load_splits(hyperparameters.dataset, int(hyperparameters.size), channels_of(hyperparameters), context)
    generator, speed = train_networks(hyperparameters, data.train, context)
    samples = quality.new_samples(hyperparameters, generator, len(data.train.classes), context, speed)
    if samples is None:
        return
    quality.log_quality(hyperparameters, samples, data, context)
    if hyperparameters.fidelity:
        fidelity.measure(samples, data, context)


def train_networks(hyperparameters: GanHyperparameters, real: ImageSet, context: Context) -> tuple[nn.Module, Speed]:
    """Alternate updates of the discriminator and the generator, and show samples from fixed noise.

    Returns:
        The generator, in training mode, and how it computes.
    """
    device, classes, conditional = context.device, len(real.classes), is_conditional(hyperparameters)
    fixed = [part.to(device) for part in fixed_inputs(hyperparameters, classes, context.seed)]
    sampler = EpochSampler(len(real), hyperparameters.batch, context.seed, device=real.images.device, drop_last=True)
    steps_per_epoch = max(1, sampler.steps_per_epoch // hyperparameters.d_updates)
    total = hyperparameters.epochs * steps_per_epoch or hyperparameters.steps
    feed = Feed(real, sampler.batch, total * hyperparameters.d_updates, device)
    speed = chosen_speed(
        device,
        hyperparameters.precision,
        hyperparameters.channels_last,
        hyperparameters.compile,
        total,
        hyperparameters.capture,
    )
    context.message(f"computing with {speed}")
    some = drawn(real, MEASURED)
    groups = fixed[1].argmax(1) if conditional else None
    watch = CollapseWatch(unit_range(some.images), some.labels if conditional else None, device)
    game = Game(hyperparameters, classes, speed, watch, context)
    generator, state = game.generator, game.state
    context.restore(**state)
    train_step = game.begin()

    for step in context.steps(total):
        updates = range((step - 1) * hyperparameters.d_updates + 1, step * hyperparameters.d_updates + 1)
        batches = [feed.batch(update) for update in updates]
        given = [part for batch in batches for part in (batch.images, batch.labels)]
        metrics = dict[str, Any](train_step(hyperparameters.lr_g, hyperparameters.lr_d, *given))
        if step == 1:
            context.image("real", image_grid(unit_range(drawn(real, hyperparameters.previews).images)), step)
        if step in {1, total} or step % hyperparameters.preview_every == 0:
            samples = quality.samples_of(generator, *fixed, speed=speed)
            context.image("samples", image_grid(samples, columns=columns(classes) if conditional else 0), step)
            metrics["samples/diversity"] = watch.samples(samples, groups)
            watch.log_alarms(context, step)
        context.log(step, metrics, epoch=sampler.epoch(step * hyperparameters.d_updates))
        context.checkpoint(step, **state)

    context.result(dict(zip(FIGURES, game.figures.tolist(), strict=True)))
    return generator, speed


class Game:
    """Both networks with their optimisers, and the steps in which they are trained.

    Args:
        hyperparameters: of the run.
        classes: of the images.
        speed: how the networks compute.
        watch: is told the discriminator's loss at every step.
        context: of the run.

    Attributes:
        generator: of images.
        figures: of the last step, ``[FIGURES]``.
        state: what a checkpoint keeps.
    """

    def __init__(
        self, hyperparameters: GanHyperparameters, classes: int, speed: Speed, watch: CollapseWatch, context: Context
    ) -> None:
        self._hyperparameters, self._classes, self._speed, self._watch = hyperparameters, classes, speed, watch
        self._context, self._device = context, context.device
        self._conditional = is_conditional(hyperparameters)
        self._informed = has_conditional_discriminator(hyperparameters)
        self.generator = speed.lay_out(generator_of(hyperparameters, classes).to(self._device))
        discriminator = speed.lay_out(discriminator_of(hyperparameters, classes).to(self._device))
        self._weights_g, self._weights_d = list(self.generator.parameters()), list(discriminator.parameters())
        adam = functools.partial(
            torch.optim.Adam,
            betas=(hyperparameters.beta1, BETA2),
            fused=True,
            capturable=speed.captures and self._device.type != "cpu",
        )
        self._optimiser_g = adam(self._weights_g, hyperparameters.lr_g)
        self._optimiser_d = adam(self._weights_d, hyperparameters.lr_d)
        self._generate, self._discriminate = speed.compiled(self.generator), speed.compiled(discriminator)
        self.figures = torch.zeros(len(FIGURES), device=self._device)
        self.state: State = {
            "modules": {"generator": self.generator, "discriminator": discriminator},
            "optimisers": {"generator": self._optimiser_g, "discriminator": self._optimiser_d},
            "tensors": {"figures": self.figures, "watch": watch.state},
        }

    def begin(self) -> Step:
        """Return the step: of both learning rates, and of images and labels for each update of the discriminator."""
        return self._speed.step(self._update, self._context)

    def _noise(self, count: int) -> Tensor:
        return torch.randn(count, self._hyperparameters.nz, device=self._device, generator=self._context.generator)

    def _update(self, lr_g: float, lr_d: float, *given: Tensor) -> dict[str, Tensor]:
        self._optimiser_g.param_groups[0]["lr"] = lr_g
        self._optimiser_d.param_groups[0]["lr"] = lr_d
        batches = [*zip(given[::2], given[1::2], strict=True)]
        for update, (pixels, classes) in enumerate(batches, 1):
            images = self._speed.lay_out(signed_range(pixels))
            labels = (one_hot(classes, self._classes),) if self._conditional else ()
            known_labels = labels if self._informed else ()
            with self._speed.autocast():
                # The generator needs no gradient through images that only update the discriminator.
                with torch.set_grad_enabled(update == len(batches)):
                    fake_images = self._generate(self._noise(len(pixels)), *labels)
                real_logits = self._discriminate(images, *known_labels).float()
                fake_logits = self._discriminate(fake_images.detach(), *known_labels).float()
            loss_d = discriminator_loss(real_logits, fake_logits)
            self._optimiser_d.zero_grad()
            loss_d.backward()
            self._optimiser_d.step()

        for update in range(self._hyperparameters.g_updates):
            with self._speed.autocast():
                # The first update takes the images that the discriminator has just seen, as in the paper's own code.
                fake_images = fake_images if update == 0 else self._generate(self._noise(len(pixels)), *labels)
                logits = self._discriminate(fake_images, *known_labels).float()
            loss_g = generator_loss(logits, self._hyperparameters.loss)
            self._optimiser_g.zero_grad()
            # Gradients of the discriminator's weights are not used here, so they are not computed.
            loss_g.backward(inputs=self._weights_g)
            self._optimiser_g.step()

        probabilities = real_logits.detach().sigmoid().mean(), fake_logits.detach().sigmoid().mean()
        lengths = gradient_norm(self._weights_g), gradient_norm(self._weights_d)
        self.figures.copy_(torch.stack([loss_g.detach(), loss_d.detach(), *probabilities, *lengths]))
        self._watch.discriminator(self.figures[1])
        return dict(zip(FIGURES, self.figures, strict=True))


def fixed_inputs(hyperparameters: GanHyperparameters, classes: int, seed: int) -> list[Tensor]:
    """Return the inputs of every preview: noise and, for conditional networks, each class with the same noise."""
    if not is_conditional(hyperparameters):
        return [fixed_noise(hyperparameters.previews, hyperparameters.nz, seed)]
    labels = fixed_labels(hyperparameters.previews, classes)
    noise = fixed_noise(hyperparameters.previews, hyperparameters.nz, seed, repeated=classes)
    return [noise, one_hot(labels, classes)]


def gradient_norm(weights: list[nn.Parameter]) -> Tensor:
    """Return the length of the gradient of all weights together."""
    return torch.nn.utils.get_total_norm([weight.grad for weight in weights if weight.grad is not None])


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return -log D(x) - log(1 - D(G(z))), the mean over both batches of logits ``[N]``."""
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def generator_loss(fake_logits: Tensor, kind: str) -> Tensor:
    """Return the generator's loss for logits ``[N]`` (Goodfellow et al. 2014, section 3).

    ``non-saturating``: -log D(G(z)), whose gradient is strong while the discriminator is right. ``minimax``:
    log(1 - D(G(z))), the value of the game itself, whose gradient vanishes then.
    """
    return F.softplus(-fake_logits).mean() if kind == "non-saturating" else -F.softplus(fake_logits).mean()
