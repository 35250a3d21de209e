"""The two domains of an adaptation, the network that is trained on them, and the figures and plots of both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from engine.datasets.feeding import in_order
from engine.datasets.images import ImageSet, Splits, drawn, signed_range
from engine.datasets.loading import load_splits
from engine.datasets.photographs import Preprocessing
from engine.datasets.references import unlike
from engine.datasets.sources import classes_of
from engine.drawing.confusion import log_confusion
from engine.errors import DataUnavailable
from engine.experiments.adapt.distance import MOST, proxy_a_distance
from engine.experiments.metrics import loss_and_accuracy
from engine.experiments.speed import Speed, chosen_speed
from engine.networks.backbones import Backbone
from engine.networks.dann import SIZE, DannNetwork
from engine.plots import Scatter
from engine.tensors.batches import in_batches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import Tensor

    from engine.authoring import Context
    from engine.experiments.adapt.declarations import AdaptationHyperparameters

NAMES = ("source", "target")
INPUT = Preprocessing(SIZE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
"""Images of both domains in three channels from -1 to 1."""
EVALUATED = 1_000
"""Images in an evaluated batch."""
LAID_OUT = 1 << 30
"""Bytes of training images that are brought into the network's memory layout beforehand, at most."""
OTHER_DOMAIN = 1 << 32
"""Added to the seed for the order of the target's images: with one seed both domains would come in the same order."""


class Domains(NamedTuple):
    """Both data sets at 28x28 pixels in three channels, on the device."""

    source: Splits
    target: Splits


def load_domains(hyperparameters: AdaptationHyperparameters, context: Context) -> Domains:
    """Load both domains.

    Raises:
        DataUnavailable: if one is not there, with what to do about it, or if their classes differ.
    """
    both = hyperparameters.source, hyperparameters.target
    domains = Domains(*(load_splits(name, SIZE, 3, context) for name in both))
    other, own = (splits.train.classes for splits in domains)
    if complaint := unlike(own, other, hyperparameters.source):
        raise DataUnavailable(f"the target {complaint}")
    return domains


def new_network(hyperparameters: AdaptationHyperparameters) -> DannNetwork:
    """Build the network with random weights."""
    classes = len(classes_of(hyperparameters.source))
    return DannNetwork(classes, batch_norm=hyperparameters.batch_norm, dropout=hyperparameters.dropout)


def network(hyperparameters: AdaptationHyperparameters, context: Context) -> Backbone:
    """Rebuild the network of a run; the caller loads its weights."""
    classes = classes_of(hyperparameters.source)
    return Backbone("dann", new_network(hyperparameters).to(context.device), INPUT, classes, "dann")


def learning_rate(lr: float, progress: float) -> float:
    """Return the learning rate after a share of the steps (Ganin et al. 2016, section 5.2.1)."""
    return float(lr / (1 + 10 * progress) ** 0.75)


class Setting(NamedTuple):
    """What a training on two domains needs."""

    domains: Domains
    network: DannNetwork
    optimiser: torch.optim.SGD
    speed: Speed


def begin(hyperparameters: AdaptationHyperparameters, context: Context) -> Setting:
    """Load the domains, and build the network and its optimiser on the device."""
    domains = load_domains(hyperparameters, context)
    speed = chosen_speed(
        context.device, hyperparameters.precision, hyperparameters.channels_last, capture=hyperparameters.capture
    )
    context.message(f"computing with {speed}; pixels from -1 to 1 in both domains")
    # Laid out once, not in every step; what is larger is mapped from the disk.
    domains = Domains(
        *(
            splits._replace(train=replace(splits.train, images=speed.lay_out(splits.train.images)))
            if splits.train.images.numel() <= LAID_OUT
            else splits
            for splits in domains
        )
    )
    network = speed.lay_out(new_network(hyperparameters).to(context.device))
    optimiser = torch.optim.SGD(network.parameters(), hyperparameters.lr, hyperparameters.momentum, fused=True)
    return Setting(domains, network, optimiser, speed)


class Logits(NamedTuple):
    """Of images: class logits ``[N, classes]`` and domain logits ``[N]``, which are above 0 for the target."""

    classes: Tensor
    domains: Tensor


@torch.no_grad()
def logits_of(network: DannNetwork, images: ImageSet, device: torch.device) -> Logits:
    """Return the logits of a whole set, computed in evaluation mode and float32; afterwards it is in training mode."""
    network.eval()
    features = [*_features(network, images, device)]
    logits = Logits(*(torch.cat([head(part) for part in features]) for head in (network.label_head, network.domain)))
    network.train()
    return logits


def figures_of(logits: Logits, labels: Tensor, domain: int, part: str) -> dict[str, Tensor]:
    """Return accuracies in [0, 1] and cross-entropies in nats, of classes and of domains: ``part/accuracy`` and so on.

    Args:
        logits: of both.
        labels: true classes ``[N]``.
        domain: 0 for the source and 1 for the target, as in training.
        part: what stands before the names.
    """
    labels = labels.to(logits.classes.device)
    domains = torch.full_like(logits.domains, domain)
    return {
        **loss_and_accuracy(logits.classes, labels, part),
        f"{part}/domain-accuracy": ((logits.domains > 0) == bool(domain)).float().mean(),
        f"{part}/domain-loss": F.binary_cross_entropy_with_logits(logits.domains, domains),
    }


def evaluate(network: DannNetwork, domains: Domains, device: torch.device) -> dict[str, Tensor]:
    """Return the figures of both domains on the validation images."""
    found: dict[str, Tensor] = {}
    for number, (name, splits) in enumerate(zip(NAMES, domains, strict=True)):
        logits = logits_of(network, splits.validation, device)
        found |= figures_of(logits, splits.validation.labels, number, name)
    return found


@torch.no_grad()
def features_of(network: DannNetwork, images: ImageSet, device: torch.device) -> NDArray[np.float64]:
    """Return the features ``[N, 768]`` of a whole set in evaluation mode; afterwards it is in training mode."""
    network.eval()
    features = torch.cat([*_features(network, images, device)])
    network.train()
    return features.cpu().double().numpy()


def _features(network: DannNetwork, images: ImageSet, device: torch.device) -> Iterator[Tensor]:
    def compute(part: Tensor) -> Tensor:
        features: Tensor = network.features(signed_range(part))
        return features

    for part in in_order(images, EVALUATED, device):
        yield from in_batches(compute, part.images, batch=EVALUATED, what="evaluation")


def report(network: DannNetwork, domains: Domains, context: Context, step: int) -> None:
    """Log the figures on the test images, a confusion matrix for each domain, and how far the domains are apart."""
    for number, (name, splits) in enumerate(zip(NAMES, domains, strict=True)):
        logits = logits_of(network, splits.test, context.device)
        predicted = logits.classes.argmax(1).cpu()
        log_confusion(splits.test.labels.cpu(), predicted, splits.test.classes, context, step, f"{name} confusion")
        found = figures_of(logits, splits.test.labels, number, f"{name}-test")
        context.result({figure: float(value) for figure, value in found.items()})
    count = min(MOST, *(len(splits.test) for splits in domains))
    parts = (drawn(splits.test, count, context.seed) for splits in domains)
    source, target = (features_of(network, part, context.device) for part in parts)
    if count > 1 and np.isfinite(source).all() and np.isfinite(target).all():
        context.result({"domains/proxy-a-distance": proxy_a_distance(source, target, context.seed)})


def log_map(network: DannNetwork, domains: Domains, count: int, context: Context, step: int) -> None:
    """Log the features in two dimensions, by PCA and by t-SNE: a colour for each class, a shape for each domain.

    Args:
        network: afterwards it is in training mode.
        domains: ``count`` test images of each, drawn at random, are on the maps.
        count: see above; 0 for no maps.
        context: whose seed both PCA and t-SNE take.
        step: of the plots; 0 before the training.
    """
    if not count:
        return
    # Imported here: scikit-learn takes half a second or more.
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    shown = [drawn(splits.test, count, context.seed) for splits in domains]
    features = np.concatenate([features_of(network, part, context.device) for part in shown])
    if not np.isfinite(features).all() or not features.std(0).any():
        context.message(
            f"step {step:,}: no map of the features, since they are all the same or not finite", level="alarm"
        )
        return
    by_domain = [name for name, part in zip(NAMES, shown, strict=True) for _ in range(len(part))]
    by_class = [part.classes[label] for part in shown for label in part.labels.tolist()]
    perplexity = min(30.0, (len(features) - 1) / 3)
    places = {
        "pca": PCA(2, random_state=context.seed).fit_transform(features),
        "t-sne": TSNE(2, perplexity=perplexity, random_state=context.seed, n_jobs=1).fit_transform(features),
    }
    for name, points in places.items():
        plot = Scatter(
            tuple((x, y) for x, y in points.tolist()),
            groups=tuple(by_class),
            shapes=tuple(by_domain),
            group_label="class",
            shape_label="domain",
        )
        context.plot(f"features {name}", plot, step)
