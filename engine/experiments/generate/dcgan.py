"""Trains a deep convolutional GAN (Radford, Metz, Chintala 2016, arXiv:1511.06434)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

from engine.datasets.images import load, signed_range, unit_range
from engine.datasets.pictures import image_grid
from engine.datasets.sampling import EpochSampler
from engine.experiments.generate.speed import chosen_speed
from engine.networks.dcgan import Discriminator, Generator, initialise

if TYPE_CHECKING:
    from torch import Tensor

    from engine.control.context import Context
    from engine.experiments.generate.declarations import DcganHyperparameters

FIGURES = ("generator/loss", "discriminator/loss", "discriminator/real", "discriminator/fake")
"""What is logged at every step: both losses in nats, D(x) and D(G(z)) in [0, 1]."""


def train(hyperparameters: DcganHyperparameters, context: Context) -> None:
    """Alternate updates of the discriminator and the generator; preview what fixed noise becomes."""
    device, size, channels = context.device, int(hyperparameters.size), int(hyperparameters.channels)
    real = load(hyperparameters.dataset, size=size, channels=channels, device=device).train
    fixed = fixed_noise(hyperparameters.previews, hyperparameters.nz, context.seed).to(device)
    generator = Generator(hyperparameters.nz, hyperparameters.ngf, channels, size).to(device)
    discriminator = Discriminator(hyperparameters.ndf, channels, size).to(device)
    initialise(generator, hyperparameters.init)
    initialise(discriminator, hyperparameters.init)

    speed = chosen_speed(hyperparameters, device)
    context.message(f"computing with {speed}")
    generator, discriminator = speed.lay_out(generator), speed.lay_out(discriminator)
    betas = (hyperparameters.beta1, 0.999)
    weights_g = list(generator.parameters())
    optimiser_g = torch.optim.Adam(weights_g, hyperparameters.lr_g, betas, fused=True)
    optimiser_d = torch.optim.Adam(discriminator.parameters(), hyperparameters.lr_d, betas, fused=True)
    figures = torch.zeros(len(FIGURES), device=device)
    state = {
        "modules": {"generator": generator, "discriminator": discriminator},
        "optimisers": {"generator": optimiser_g, "discriminator": optimiser_d},
        "tensors": {"figures": figures},
    }
    context.restore(**state)
    draw, judge = speed.compiled(generator), speed.compiled(discriminator)

    def noise() -> Tensor:
        return torch.randn(sampler.size, hyperparameters.nz, device=device, generator=context.generator)

    def preview(step: int) -> None:
        generator.eval()
        with torch.no_grad(), speed.autocast():
            samples = generator(fixed)
        generator.train()
        context.image("samples", image_grid((samples.float() + 1) / 2), step)

    sampler = EpochSampler(len(real), hyperparameters.batch, context.seed, device=device, drop_last=True)
    steps_per_epoch = max(1, sampler.steps_per_epoch // hyperparameters.d_updates)
    total = hyperparameters.epochs * steps_per_epoch or hyperparameters.steps
    for step in context.steps(total):
        optimiser_g.param_groups[0]["lr"], optimiser_d.param_groups[0]["lr"] = (
            hyperparameters.lr_g,
            hyperparameters.lr_d,
        )

        for update in range(hyperparameters.d_updates):
            batch = (step - 1) * hyperparameters.d_updates + update + 1
            images = speed.lay_out(signed_range(real.images[sampler.batch(batch)]))
            with speed.autocast():
                fakes = draw(noise())
                real_logits, fake_logits = judge(images).float(), judge(fakes.detach()).float()
            loss_d = discriminator_loss(real_logits, fake_logits)
            optimiser_d.zero_grad()
            loss_d.backward()
            optimiser_d.step()

        for update in range(hyperparameters.g_updates):
            with speed.autocast():
                # The images the discriminator has just seen serve the first update, as in the paper's own code.
                logits = judge(fakes if update == 0 else draw(noise())).float()
            loss_g = generator_loss(logits, hyperparameters.loss)
            optimiser_g.zero_grad()
            # The discriminator's own gradients, which nobody would use, are not computed.
            loss_g.backward(inputs=weights_g)
            optimiser_g.step()

        seen = real_logits.detach().sigmoid().mean(), fake_logits.detach().sigmoid().mean()
        figures.copy_(torch.stack([loss_g.detach(), loss_d.detach(), *seen]))
        context.log(
            step, dict(zip(FIGURES, figures, strict=True)), epoch=sampler.epoch(step * hyperparameters.d_updates)
        )
        if step == 1:
            context.image("real", image_grid(unit_range(real.images[: hyperparameters.previews])), step)
        if step in {1, total} or step % hyperparameters.preview_every == 0:
            preview(step)
        context.checkpoint(step, **state)

    context.result(dict(zip(FIGURES, figures.tolist(), strict=True)))


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Return -log D(x) - log(1 - D(G(z))), the mean over both batches of logits ``[N]``."""
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def generator_loss(fake_logits: Tensor, kind: str) -> Tensor:
    """Return the generator's loss for logits ``[N]`` (Goodfellow et al. 2014, section 3).

    ``non-saturating``: -log D(G(z)), strong while the discriminator is right; ``minimax``: log(1 - D(G(z))), the game's
    own value, whose gradient vanishes then.
    """
    return F.softplus(-fake_logits).mean() if kind == "non-saturating" else -F.softplus(fake_logits).mean()


def fixed_noise(count: int, nz: int, seed: int) -> Tensor:
    """Return the latent vectors ``[count, nz]`` of the previews, the same whenever the run is resumed."""
    return torch.randn(count, nz, generator=torch.Generator().manual_seed(seed))
