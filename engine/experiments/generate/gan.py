"""Trains a generator against a discriminator (Goodfellow et al. 2014, arXiv:1406.2661), with or without the class.

The networks are those of Radford, Metz & Chintala 2016 (arXiv:1511.06434), their conditional form, or dense ones after
Mirza & Osindero 2014 (arXiv:1411.1784).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    device, classes = context.device, len(real.classes)
    conditional, informed = is_conditional(hyperparameters), has_conditional_discriminator(hyperparameters)
    fixed = [part.to(device) for part in fixed_inputs(hyperparameters, classes, context.seed)]
    sampler = EpochSampler(len(real), hyperparameters.batch, context.seed, device=real.images.device, drop_last=True)
    steps_per_epoch = max(1, sampler.steps_per_epoch // hyperparameters.d_updates)
    total = hyperparameters.epochs * steps_per_epoch or hyperparameters.steps
    feed = Feed(real, sampler.batch, total * hyperparameters.d_updates, device)
    speed = chosen_speed(
        device, hyperparameters.precision, hyperparameters.channels_last, hyperparameters.compile, total
    )
    context.message(f"computing with {speed}")
    generator = speed.lay_out(generator_of(hyperparameters, classes).to(device))
    discriminator = speed.lay_out(discriminator_of(hyperparameters, classes).to(device))
    weights_g, weights_d = list(generator.parameters()), list(discriminator.parameters())
    optimiser_g = torch.optim.Adam(weights_g, hyperparameters.lr_g, (hyperparameters.beta1, BETA2), fused=True)
    optimiser_d = torch.optim.Adam(weights_d, hyperparameters.lr_d, (hyperparameters.beta1, BETA2), fused=True)
    figures = torch.zeros(len(FIGURES), device=device)
    some = drawn(real, MEASURED)
    groups = fixed[1].argmax(1) if conditional else None
    watch = CollapseWatch(unit_range(some.images), some.labels if conditional else None, device)
    state: State = {
        "modules": {"generator": generator, "discriminator": discriminator},
        "optimisers": {"generator": optimiser_g, "discriminator": optimiser_d},
        "tensors": {"figures": figures, "watch": watch.state},
    }
    context.restore(**state)
    generate, discriminate = speed.compiled(generator), speed.compiled(discriminator)

    def noise() -> Tensor:
        return torch.randn(sampler.size, hyperparameters.nz, device=device, generator=context.generator)

    for step in context.steps(total):
        optimiser_g.param_groups[0]["lr"] = hyperparameters.lr_g
        optimiser_d.param_groups[0]["lr"] = hyperparameters.lr_d
        for update in range(hyperparameters.d_updates):
            batch = feed.batch((step - 1) * hyperparameters.d_updates + update + 1)
            images = speed.lay_out(signed_range(batch.images))
            one_hot_labels = (one_hot(batch.labels, classes),) if conditional else ()
            known_labels = one_hot_labels if informed else ()
            with speed.autocast():
                # The generator needs no gradient through images that only update the discriminator.
                with torch.set_grad_enabled(update + 1 == hyperparameters.d_updates):
                    fake_images = generate(noise(), *one_hot_labels)
                real_logits = discriminate(images, *known_labels).float()
                fake_logits = discriminate(fake_images.detach(), *known_labels).float()
            loss_d = discriminator_loss(real_logits, fake_logits)
            optimiser_d.zero_grad()
            loss_d.backward()
            optimiser_d.step()

        for update in range(hyperparameters.g_updates):
            with speed.autocast():
                # The first update takes the images that the discriminator has just seen, as in the paper's own code.
                fake_images = fake_images if update == 0 else generate(noise(), *one_hot_labels)
                logits = discriminate(fake_images, *known_labels).float()
            loss_g = generator_loss(logits, hyperparameters.loss)
            optimiser_g.zero_grad()
            # Gradients of the discriminator's weights are not used here, so they are not computed.
            loss_g.backward(inputs=weights_g)
            optimiser_g.step()

        probabilities = real_logits.detach().sigmoid().mean(), fake_logits.detach().sigmoid().mean()
        lengths = gradient_norm(weights_g), gradient_norm(weights_d)
        figures.copy_(torch.stack([loss_g.detach(), loss_d.detach(), *probabilities, *lengths]))
        watch.discriminator(figures[1])
        metrics = dict(zip(FIGURES, figures, strict=True))
        if step == 1:
            context.image("real", image_grid(unit_range(drawn(real, hyperparameters.previews).images)), step)
        if step in {1, total} or step % hyperparameters.preview_every == 0:
            samples = quality.samples_of(generator, *fixed, speed=speed)
            context.image("samples", image_grid(samples, columns=columns(classes) if conditional else 0), step)
            metrics["samples/diversity"] = watch.samples(samples, groups)
            watch.log_alarms(context, step)
        context.log(step, metrics, epoch=sampler.epoch(step * hyperparameters.d_updates))
        context.checkpoint(step, **state)

    context.result(dict(zip(FIGURES, figures.tolist(), strict=True)))
    return generator, speed


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
