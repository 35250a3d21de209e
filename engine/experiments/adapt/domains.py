"""The two domains of an adaptation, the network that learns in them, and what is reported of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F

from engine.datasets.images import ImageSet, Splits, signed_range
from engine.datasets.loading import load_splits
from engine.datasets.photographs import Preprocessing
from engine.datasets.sources import classes_of
from engine.experiments.pictures import log_confusion
from engine.networks.backbones import Backbone
from engine.networks.dann import SIZE, DannNetwork
from engine.report import figures

if TYPE_CHECKING:
    from torch import Tensor

    from engine.control.context import Context
    from engine.experiments.adapt.declarations import AdaptationHyperparameters

NAMES = ("source", "target")
INPUT = Preprocessing(SIZE, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
"""Images of both domains in three channels from -1 to 1."""
EVALUATED = 1_000
"""Images that are evaluated at once."""
OTHER_DOMAIN = 1 << 32
"""Added to the seed for the order of the target's images, which else would come in pairs with the source's."""


class Domains(NamedTuple):
    """Both data sets at 28x28 pixels in three channels, on the device."""

    source: Splits
    target: Splits


def load_domains(hyperparameters: AdaptationHyperparameters, context: Context) -> Domains:
    """Load both domains.

    Raises:
        DataUnavailable: if one is not there, saying what to do.
    """
    both = hyperparameters.source, hyperparameters.target
    return Domains(*(load_splits(name, SIZE, 3, context) for name in both))


def new_network(hyperparameters: AdaptationHyperparameters) -> DannNetwork:
    """Build the network with random weights."""
    classes = len(classes_of(hyperparameters.source))
    return DannNetwork(classes, batch_norm=hyperparameters.batch_norm, dropout=hyperparameters.dropout)


def network(hyperparameters: AdaptationHyperparameters, context: Context) -> Backbone:
    """Rebuild the network of a run; whoever asks loads its weights."""
    classes = classes_of(hyperparameters.source)
    return Backbone("dann", new_network(hyperparameters).to(context.device), INPUT, classes, "dann")


def learning_rate(lr: float, progress: float) -> float:
    """Return the learning rate after a share of the steps (Ganin et al. 2016, section 5.2.1)."""
    return float(lr / (1 + 10 * progress) ** 0.75)


@torch.no_grad()
def answers(network: DannNetwork, images: ImageSet) -> tuple[Tensor, Tensor]:
    """Return class logits ``[N, classes]`` and domain logits ``[N]``, float32; above 0 means the target."""
    network.eval()
    features = [network.features(signed_range(part)) for part in images.images.split(EVALUATED)]
    logits = torch.cat([network.label_head(part) for part in features])
    domains = torch.cat([network.domain(part) for part in features])
    network.train()
    return logits, domains


def evaluate(network: DannNetwork, domains: Domains, split: str) -> dict[str, Tensor]:
    """Return accuracies in [0, 1] and cross-entropies in nats, of classes and of domains, for both domains.

    The source is domain 0 and the target domain 1, as in training.

    Args:
        network: is left in training mode.
        domains: the images.
        split: ``validation``, named ``source/accuracy`` and so on, or ``test``, named ``source-test/accuracy``.
    """
    found = {}
    for number, name in enumerate(NAMES):
        images: ImageSet = getattr(domains[number], split)
        logits, told = answers(network, images)
        part = name if split == "validation" else f"{name}-{split}"
        found |= {
            f"{part}/accuracy": (logits.argmax(1) == images.labels).float().mean(),
            f"{part}/loss": F.cross_entropy(logits, images.labels),
            f"{part}/domain-accuracy": ((told > 0) == bool(number)).float().mean(),
            f"{part}/domain-loss": F.binary_cross_entropy_with_logits(told, torch.full_like(told, number)),
        }
    return found


def report(network: DannNetwork, domains: Domains, context: Context, step: int) -> None:
    """Log the figures on the test images and a confusion matrix for each domain."""
    for name, splits in zip(NAMES, domains, strict=True):
        predicted = answers(network, splits.test)[0].argmax(1)
        log_confusion(splits.test.labels, predicted, splits.test.classes, context, step, f"{name} confusion")
    context.result({name: float(value) for name, value in evaluate(network, domains, "test").items()})


def log_map(network: DannNetwork, domains: Domains, count: int, context: Context, when: str, step: int) -> None:
    """Log a picture of the features in two dimensions, by PCA and by t-SNE, coloured by domain and by class.

    Args:
        network: is left in training mode.
        domains: the first ``count`` test images of each are shown.
        count: nothing is drawn if 0.
        context: whose seed t-SNE takes, the same at every time.
        when: ``before`` or ``after``.
        step: of the picture.
    """
    if not count:
        return
    # Imported here: scikit-learn takes half a second or more.
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    shown = [splits.test[:count] for splits in domains]
    network.eval()
    with torch.no_grad():
        features = torch.cat([network.features(signed_range(part.images)) for part in shown]).cpu().double().numpy()
    network.train()
    by_domain = [name for name, part in zip(NAMES, shown, strict=True) for _ in range(len(part))]
    by_class = [part.classes[label] for part in shown for label in part.labels.tolist()]
    perplexity = min(30.0, (len(features) - 1) / 3)
    places = {
        "PCA": PCA(2, random_state=context.seed).fit_transform(features),
        "t-SNE": TSNE(2, perplexity=perplexity, random_state=context.seed, n_jobs=1).fit_transform(features),
    }
    context.figure(f"features {when}", figures.scatters(places, {"domain": by_domain, "class": by_class}), step)
