"""Quality of samples, measured by a small CNN that was trained on the same images at the same size."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from engine.datasets.images import drawn, unit_range
from engine.experiments.generate.latent import fixed_labels, fixed_noise, one_hot
from engine.experiments.generate.players import is_conditional
from engine.networks.embedded import trained_cnn
from engine.plots import Bars

if TYPE_CHECKING:
    from torch import Tensor, nn

    from engine.authoring import Context
    from engine.datasets.images import ImageSet, Splits
    from engine.experiments.generate.declarations import GanHyperparameters
    from engine.experiments.speed import Speed
    from engine.networks.small_cnn import SmallCnn

BATCH = 500
MOST = 50_000
"""Real images that samples are compared with, at most."""
CONFIDENT = 0.9
"""Probability from which on the CNN counts as confident of a sample's class."""
QUALITY_NOISE = 1
"""Added to the seed, so that the samples differ from those of the previews."""


@torch.no_grad()
def samples_of(generator: nn.Module, latent: Tensor, *labels: Tensor, speed: Speed) -> Tensor:
    """Return samples ``[N, C, H, W]`` in [0, 1], float32, drawn in evaluation mode.

    Args:
        generator: conditional if labels are given; afterwards it is in training mode.
        latent: ``[N, nz]``.
        *labels: one-hot, ``[N, classes]``.
        speed: how it computes.
    """
    generator.eval()
    parts = zip(*(values.split(BATCH) for values in (latent, *labels)), strict=True)
    with speed.autocast():
        drawn = torch.cat([generator(*part).float() for part in parts])
    generator.train()
    return (drawn + 1) / 2


class Samples(NamedTuple):
    """Images ``[N, C, H, W]`` in [0, 1] and the class that each was drawn for, ``[N]``."""

    images: Tensor
    labels: Tensor


def new_samples(
    hyperparameters: GanHyperparameters, generator: nn.Module, classes: int, context: Context, speed: Speed
) -> Samples | None:
    """Draw the samples whose quality is measured; None if it is not wanted, or if some values are not finite."""
    count = hyperparameters.quality
    if not count:
        return None
    noise = fixed_noise(count, hyperparameters.nz, context.seed + QUALITY_NOISE).to(context.device)
    labels = fixed_labels(count, classes).to(context.device)
    one_hot_labels = (one_hot(labels, classes),) if is_conditional(hyperparameters) else ()
    images = samples_of(generator, noise, *one_hot_labels, speed=speed)
    if images.isfinite().all():
        return Samples(images, labels)
    context.message("no figures of quality: the generator's samples are not finite", level="alarm")
    return None


def log_quality(hyperparameters: GanHyperparameters, samples: Samples, data: Splits, context: Context) -> None:
    """Log figures of quality of samples, and how the samples spread over the classes.

    - ``quality/frechet``: Frechet distance between the CNN's 25 features of samples and of training images (after
      Heusel et al. 2017, arXiv:1706.08500).
    - ``quality/frechet-test``: the same distance for test images, for scale. The distance falls with the number of
      images, and the test images may be few.
    - ``quality/classifier``: the CNN's accuracy on the test images, as the mean over the classes.
    - ``quality/sure``: the share of samples for which the CNN gives a class at least 90 %.
    - ``quality/classes``: how many classes have at least a tenth of an even share of the samples.
    - ``quality/as-asked``: the share of conditional samples that the CNN assigns to the class they were drawn for.
    """
    classes = len(data.train.classes)
    if classes < 2:
        context.message("no figures of quality: they need a data set with at least two classes")
        return
    cnn = trained_cnn(hyperparameters.dataset, data, context).eval()
    hidden, logits = features_of(cnn, samples.images)
    train, test = (features_of(cnn, real_images(part, context)) for part in (data.train, data.test))
    predicted = logits.argmax(1)
    shares = predicted.bincount(minlength=classes) / len(predicted)
    labels = drawn(data.test, MOST).labels.to(context.device)
    right = per_class(test[1].argmax(1) == labels, labels, classes)
    results = {
        "quality/classifier": float(right[~right.isnan()].mean()),
        "quality/sure": float((logits.softmax(1).max(1).values >= CONFIDENT).float().mean()),
        "quality/classes": float((shares >= 0.1 / classes).sum()),
    }
    for name, features in (("quality/frechet", hidden), ("quality/frechet-test", test[0])):
        if min(len(features), len(train[0])) > 1:
            results[name] = frechet_distance(features, train[0])
    columns = ["class", "samples", "training", "classifier"]
    real = data.train.labels.bincount(minlength=classes) / len(data.train)
    table = [data.train.classes, *([f"{value:.4f}" for value in part.tolist()] for part in (shares, real, right))]
    if is_conditional(hyperparameters):
        as_asked = predicted == samples.labels
        results["quality/as-asked"] = float(as_asked.float().mean())
        columns.append("as-asked")
        table.append([f"{value:.4f}" for value in per_class(as_asked, samples.labels, classes).tolist()])
    context.table("classes", columns, list(zip(*table, strict=True)))
    context.plot(
        "classes", Bars(data.train.classes, tuple(shares.tolist()), label="share of the samples"), context.total
    )
    context.result(results)


def per_class(right: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Return the accuracy of each class, ``[classes]``; NaN for a class without images.

    Args:
        right: bool ``[N]``.
        labels: int64 ``[N]``.
        classes: how many there are.
    """
    return torch.stack([right[labels == label].float().mean() for label in range(classes)])


def real_images(images: ImageSet, context: Context) -> Tensor:
    """Return images ``[N, C, H, W]`` in [0, 1] on the device: all, or 50,000 of them at random, as is usual for FID."""
    return unit_range(drawn(images, MOST).images.to(context.device))


@torch.no_grad()
def features_of(cnn: SmallCnn, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the values of the last hidden layer ``[N, 25]`` and the logits ``[N, classes]`` for images in [0, 1]."""
    hidden = torch.cat([cnn.classifier[:-1](cnn.features(part)) for part in images.split(BATCH)])
    return hidden, cnn.classifier[-1](hidden)


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """Return the squared 2-Wasserstein distance of Gaussians with the moments of features ``[N, D]`` and ``[M, D]``.

    |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)); the trace of the root is the sum of the roots of the eigenvalues of the
    symmetric R S2 R with R R = S1 (Heusel et al. 2017, equation 6).
    """
    first, second = (features.double().cpu().numpy() for features in (one, other))
    s1, s2 = (np.cov(features, rowvar=False) for features in (first, second))
    values, vectors = np.linalg.eigh(s1)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    overlap = np.sqrt(np.linalg.eigvalsh(root @ s2 @ root).clip(0)).sum()
    apart = ((first.mean(0) - second.mean(0)) ** 2).sum()
    return float(max(0.0, apart + np.trace(s1) + np.trace(s2) - 2 * overlap))
