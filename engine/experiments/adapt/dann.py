"""Domain-adversarial training of neural networks (Ganin et al. 2016, JMLR 17, arXiv:1505.07818)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F

from engine.datasets.feeding import Feed
from engine.datasets.images import signed_range, unit_range
from engine.datasets.sampling import EpochSampler
from engine.drawing.grids import image_grid
from engine.experiments.adapt.domains import NAMES, OTHER_DOMAIN, begin, evaluate, learning_rate, log_map, report
from engine.networks.dann import scale_gradient

if TYPE_CHECKING:
    from torch import Tensor

    from engine.authoring import Context
    from engine.experiments.adapt.declarations import DannHyperparameters
    from engine.networks.dann import DannNetwork
    from engine.tensors.checkpoints import State


def train(hyperparameters: DannHyperparameters, context: Context) -> None:
    """Train classes on the source, and features that hide from a domain classifier which domain an image is of."""
    device, mode = context.device, hyperparameters.mode
    domains, network, optimiser, speed = begin(hyperparameters, context)
    source, target = domains.source.train, domains.target.train
    state: State = {"modules": {"network": network}, "optimisers": {"sgd": optimiser}}
    context.restore(**state)

    batch = min(hyperparameters.batch, len(source), len(target))
    of_source, of_target = (
        EpochSampler(len(images), batch, seed, device=images.images.device, drop_last=True)
        for images, seed in ((source, context.seed), (target, context.seed + OTHER_DOMAIN))
    )
    longer = max(of_source, of_target, key=lambda sampler: sampler.steps_per_epoch)
    total = hyperparameters.epochs * longer.steps_per_epoch
    from_source, from_target = (
        Feed(images, sampler.batch, total, device) for images, sampler in ((source, of_source), (target, of_target))
    )
    is_target = torch.arange(2, device=device).repeat_interleave(batch).float()
    labelled = slice(batch, None) if mode == "target-only" else slice(batch)

    def update(
        own: Tensor, own_labels: Tensor, other: Tensor, other_labels: Tensor, factor: Tensor | float, lr: float
    ) -> dict[str, Tensor]:
        optimiser.param_groups[0]["lr"] = lr
        images = signed_range(speed.lay_out(torch.cat((own, other))))
        labels = torch.cat((own_labels, other_labels))[labelled]

        with speed.autocast():
            if mode in {"dann", "no-reversal"}:
                features = network.features(images)
                labelled_features = features[labelled]
            else:
                # The statistics of batch normalisation, too, must come from the labelled domain alone.
                labelled_features = network.features(images[labelled])
                features = features_without_trace(network, images)
            logits = network.label_head(labelled_features).float()
            domain_logits = network.domain(scale_gradient(features, factor)).float()
        loss = F.cross_entropy(logits, labels)
        domain_loss = F.binary_cross_entropy_with_logits(domain_logits, is_target)
        optimiser.zero_grad()
        (loss + domain_loss).backward()
        optimiser.step()
        return {"train/loss": loss.detach(), "train/domain-loss": domain_loss.detach()}

    train_step = speed.step(update, context)
    if not context.done:
        log_map(network, domains, hyperparameters.map_images, context, 0)
    for step in context.steps(total, unit="batch"):
        progress = (step - 1) / total
        strength = reversal(hyperparameters, progress)
        factor = {"dann": -strength, "no-reversal": 1.0}.get(mode, 0.0)
        own, other = from_source.batch(step), from_target.batch(step)
        lr = learning_rate(hyperparameters.lr, progress)
        metrics = dict[str, Any](train_step(own.images, own.labels, other.images, other.labels, factor, lr))
        if mode == "dann":
            metrics["schedule/lambda"] = strength
        if longer.ends_epoch(step):
            metrics |= evaluate(network, domains, device)
        context.log(step, metrics, epoch=longer.epoch(step))
        if step == 1:
            for name, shown in zip(NAMES, (own, other), strict=True):
                context.image(f"{name} images", image_grid(unit_range(shown.images[:16])), step)
        context.checkpoint(step, **state)

    report(network, domains, context, total)
    log_map(network, domains, hyperparameters.map_images, context, total)


def reversal(hyperparameters: DannHyperparameters, progress: float) -> float:
    """Return lambda after a share of the steps: growing from 0 to its strength as in the paper, or constant."""
    if hyperparameters.schedule == "constant":
        return hyperparameters.strength
    return hyperparameters.strength * (2 / (1 + math.exp(-hyperparameters.gamma * progress)) - 1)


@torch.no_grad()
def features_without_trace(network: DannNetwork, images: Tensor) -> Tensor:
    """Return features of images without gradients and without changing the statistics of batch normalisation."""
    network.eval()
    try:
        features: Tensor = network.features(images)
    finally:
        network.train()
    return features
